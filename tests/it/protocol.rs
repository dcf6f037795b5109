//! `docs/PROTOCOL.md` beside the server: its dialogue is played, and what it lists is what the source knows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::Person;
use crate::keeping::Folder;
use crate::source::sources;

const DOCUMENT: &str = include_str!("../../docs/PROTOCOL.md");

/// The events that the dialogue has not.
const ELSEWHERE: [&str; 3] = ["skipped", "erased", "lost"];

/// The code blocks of a language in the document.
fn blocks(language: &str) -> impl Iterator<Item = &str> {
    let begin = format!("```{language}\n");
    let parts: Vec<&str> = DOCUMENT.split(begin.as_str()).skip(1).collect();
    let block = |part: &'static str| part.split("\n```").next().unwrap_or_default();
    parts.into_iter().map(block)
}

/// A line of the dialogue: whose it is, whether they send it, and the line itself.
fn turn(line: &str) -> (&str, bool, &str) {
    let (name, said) = line.split_once(' ').expect("a name and an object");
    match (name.strip_suffix('>'), name.strip_suffix('<')) {
        (Some(name), _) => (name, true, said),
        (_, Some(name)) => (name, false, said),
        _ => panic!("neither sent nor read: {line}"),
    }
}

fn dialogue() -> impl Iterator<Item = (&'static str, bool, &'static str)> {
    let dialogue = blocks("text").last().expect("the dialogue");
    dialogue.lines().map(turn)
}

/// Numbers of the document beside those of a run: the same number is always the same, and a later one is later. The same
/// of tokens and journals, which have no order.
#[derive(Default)]
struct Numbers(BTreeMap<u64, u64>, BTreeMap<String, String>);

impl Numbers {
    fn are_alike(&mut self, written: u64, heard: u64) {
        let known = self.0.entry(written).or_insert(heard);
        assert_eq!(*known, heard, "{written}");
        assert!(self.0.values().is_sorted_by(|a, b| a < b), "{:?}", self.0);
    }

    /// A line of the document with the numbers, tokens and journals of this run.
    fn of_this_run(&self, line: &str) -> String {
        let numbers = self.0.iter();
        let numbers = numbers.map(|(written, heard)| (written.to_string(), heard.to_string()));
        let texts = self.1.iter();
        let texts = texts.map(|(written, heard)| (written.clone(), heard.clone()));
        // A token begins as its journal does, and is longer.
        let all = numbers.chain(texts.rev());
        all.fold(line.into(), |line: String, (written, heard)| {
            line.replace(&written, &heard)
        })
    }

    /// Checks that a value is that of the document, apart from what is different in each run.
    fn compare(&mut self, name: &str, written: &Value, heard: &Value) {
        match (name, written, heard) {
            ("seq" | "person", Value::Number(written), Value::Number(heard)) => {
                let number = |it: &serde_json::Number| it.as_u64().expect("below 2^53");
                self.are_alike(number(written), number(heard));
            }
            ("at", Value::String(_), Value::String(heard)) => assert_is_time(heard),
            ("journal" | "resume", Value::String(written), Value::String(heard)) => {
                let known = self.1.entry(written.clone()).or_insert(heard.clone());
                assert_eq!(known, heard);
            }
            ("server", Value::String(written), Value::String(heard)) => {
                let name = |it: &str| it.split(' ').next().map(String::from);
                assert_eq!(name(written), name(heard));
                assert_eq!(*heard, concat!("chinwag ", env!("CARGO_PKG_VERSION")));
            }
            (_, Value::Object(written), Value::Object(heard)) => {
                let names = |it: &serde_json::Map<_, _>| it.keys().cloned().collect::<Vec<_>>();
                assert_eq!(names(written), names(heard));
                for (name, value) in written {
                    self.compare(name, value, &heard[name]);
                }
            }
            (_, Value::Array(written), Value::Array(heard)) => {
                assert_eq!(written.len(), heard.len());
                for (written, heard) in written.iter().zip(heard) {
                    self.compare("", written, heard);
                }
            }
            _ => assert_eq!(written, heard, "{name}"),
        }
    }
}

/// Such as `2026-11-21T15:59:59.007Z`.
fn assert_is_time(time: &str) {
    let shape: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z");
}

#[test]
fn the_dialogue_of_the_document_is_the_servers() {
    let folder = Folder::new("dialogue");
    let (_daemon, addr) = folder.serve(&["--greet-after", "5000"]);
    let mut people = BTreeMap::<&str, Person>::new();
    let mut numbers = Numbers::default();
    for (name, is_sent, line) in dialogue() {
        let person = people.entry(name).or_insert_with(|| Person::connect(addr));
        if is_sent {
            person.types(&numbers.of_this_run(line));
            continue;
        }
        let heard = person.reads_to(b"\n");
        println!("{name}: {heard}\n{}  {line}", " ".repeat(name.len()));
        let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        numbers.compare("", &read(line), &read(&heard));
    }
    for person in people.values_mut() {
        person.is_closed();
    }
}

#[test]
fn every_example_is_a_line_of_the_dialogue() {
    let lines: BTreeSet<&str> = dialogue()
        .filter(|(_, is_sent, _)| !is_sent)
        .map(|(_, _, line)| line)
        .collect();
    let mut count = 0;
    for example in blocks("json") {
        // A slow reader is in `programs.rs`. What an operator does, and what becomes of a server, is in the unit tests.
        let is_elsewhere = |event| example.contains(&format!("\"event\":\"{event}\""));
        let is_known = lines.contains(example) || ELSEWHERE.into_iter().any(is_elsewhere);
        assert!(is_known, "{example}");
        count += 1;
    }
    assert!(count > 15, "only {count} examples");
}

/// The text below a heading, up to the next one of its level or above.
fn section(heading: &str) -> &'static str {
    let level = heading.split(' ').next().expect("a level");
    let (_, below) = DOCUMENT
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no {heading}"));
    let mut end = below.len();
    for level in (2..=level.len()).map(|it| "#".repeat(it)) {
        end = end.min(below.find(&format!("\n{level} ")).unwrap_or(end));
    }
    &below[..end]
}

/// The words in a section that stand in backticks behind this at the beginning of a line.
fn words(heading: &str, before: &str) -> BTreeSet<&'static str> {
    let lines = section(heading).lines();
    let named = lines.filter_map(|line| line.strip_prefix(before)?.strip_prefix('`'));
    named.filter_map(|it| it.split('`').next()).collect()
}

/// A file of the protocol's source.
fn source(name: &str) -> String {
    let path = format!("src/wire/machine/{name}.rs");
    let mut sources = sources(&["src"]).into_iter();
    sources.find(|it| it.path == path).expect(&path).text
}

/// The string literals in some files that follow one of these texts, white space aside.
fn literals(files: &[(&str, &[&str])]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, befores) in files {
        let source = source(name);
        for rest in befores.iter().flat_map(|it| source.split(it).skip(1)) {
            let literal = rest.trim_start().strip_prefix('"');
            found.extend(
                literal
                    .and_then(|it| it.split('"').next())
                    .map(String::from),
            );
        }
    }
    found
}

#[track_caller]
fn assert_same(documented: &BTreeSet<&str>, known: &BTreeSet<String>, at_least: usize) {
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    assert_eq!(*documented, known);
    assert!(known.len() >= at_least, "{known:?}");
}

#[test]
fn the_document_has_every_op_event_and_code() {
    let parse = source("parse");
    let (arms, _) = parse.rsplit_once("\" => Op::").expect("many ops");
    let ops = arms
        .split("\" => Op::")
        .filter_map(|it| it.rsplit('"').next());
    let ops = ops.map(String::from).collect();
    assert_same(&words("## Objects to the server", "### "), &ops, 9);

    let events = literals(&[
        ("news", &["=>"]),
        ("program", &["begin(", "begin_entry(", "Writer::event(out,"]),
        ("answer", &["begin(", "Writer::event(out,"]),
        ("connection", &["begin("]),
    ]);
    assert_same(&words("## Objects from the server", "### "), &events, 20);

    let refused = literals(&[
        ("answer", &["Refused("]),
        ("connection", &["return refused("]),
        ("program", &["refuse("]),
    ]);
    assert_same(&words("### Codes of `refused`", "| "), &refused, 9);

    let goodbye = literals(&[("connection", &["goodbye("])]);
    assert_same(&words("### Codes of `goodbye`", "| "), &goodbye, 9);

    let misuses = ["Json =>", "Op =>", "Member =>", "Size =>"];
    let misuses = misuses.map(|it| format!("MisuseCode::{it}"));
    let error = literals(&[("program", &misuses.each_ref().map(String::as_str))]);
    assert_same(&words("### Codes of `error`", "| "), &error, 4);
}

#[test]
fn the_dialogue_has_every_op_and_event() {
    let member = |line: &str, name: &str| {
        let object = serde_json::from_str::<Value>(line).ok()?;
        Some(object[name].as_str()?.to_string())
    };
    let ops = dialogue().filter_map(|(_, is_sent, line)| member(line, "op").filter(|_| is_sent));
    // There is an example of an unknown one.
    let ops = ops.filter(|it| it != "sing").collect();
    assert_same(&words("## Objects to the server", "### "), &ops, 9);
    let events =
        dialogue().filter_map(|(_, is_sent, line)| member(line, "event").filter(|_| !is_sent));
    let mut events: BTreeSet<String> = events.collect();
    events.extend(ELSEWHERE.map(String::from));
    assert_same(&words("## Objects from the server", "### "), &events, 20);
}
