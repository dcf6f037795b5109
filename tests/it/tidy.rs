//! The style rules, checked against the source tree. Rules on who may use what are in [`floors`](crate::floors).
//!
//! Every check is a function from text to findings. It also runs on a small bad sample, so that a check that finds
//! nothing is known to be able to find something.

use crate::source::{
    Source, check, code, find_words, functions, is_word, sample, shipped, sources,
};

const MOST_LINES_OF_FILE: usize = 500;
const MOST_LINES_OF_FUNCTION: usize = 60;

fn long_functions(source: &Source) -> Vec<String> {
    let functions = functions(&code(&source.text)).into_iter();
    functions
        .filter(|&(_, length)| length > MOST_LINES_OF_FUNCTION)
        .map(|(line, length)| format!("line {line}: a function of {length} lines"))
        .collect()
}

#[test]
fn a_function_fits_a_screen() {
    check(&sources(&["src", "tests"]), "too long", long_functions);

    let lines = |n| "        step();\n".repeat(n);
    let text = |n| {
        format!(
            "impl X {{\n    pub(super) fn f(\n        x: u8,\n    ) {{\n{}    }}\n}}\n",
            lines(n)
        )
    };
    assert_eq!(long_functions(&sample("src/x.rs", &text(56))), [""; 0]);
    assert_eq!(
        long_functions(&sample("src/x.rs", &text(57))),
        ["line 2: a function of 61 lines"]
    );
    let all = sources(&["src"]);
    let count: usize = all
        .iter()
        .map(|source| functions(&code(&source.text)).len())
        .sum();
    assert!(count > 100, "only {count} functions found");
}

fn long_file(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let too_long = lines > MOST_LINES_OF_FILE;
    too_long
        .then(|| format!("{lines} lines"))
        .into_iter()
        .collect()
}

#[test]
fn a_file_is_read_at_one_sitting() {
    check(&sources(&["src", "tests"]), "too long", long_file);

    assert_eq!(long_file(&sample("src/x.rs", &"\n".repeat(500))), [""; 0]);
    assert_eq!(
        long_file(&sample("src/x.rs", &"\n".repeat(501))),
        ["501 lines"]
    );
}

/// Names that say nothing, anywhere in an identifier; and marks of unfinished work, in comments too.
fn forbidden_words(source: &Source) -> Vec<String> {
    let empty = [
        "manager",
        "helper",
        "util",
        "managers",
        "helpers",
        "utils",
        "utility",
        "utilities",
    ];
    let mut findings = find_words(&source.text, &[concat!("TO", "DO"), concat!("FIX", "ME")]);
    let code = code(&source.text);
    findings.extend(find_words(&code, &["dbg!", "todo!", "unimplemented!"]));
    for name in source
        .path
        .split(['/', '.'])
        .chain(code.split(|c| !is_word(c)))
    {
        let mut parts = name.replace('_', " ");
        // Each capital of a name like `LineDecoder` begins a new part.
        for (at, _) in name.char_indices().rev().filter(|(_, c)| c.is_uppercase()) {
            parts.insert(at, ' ');
        }
        let lower = parts.to_lowercase();
        if name.to_uppercase() != name && lower.split(' ').any(|part| empty.contains(&part)) {
            findings.push(name.into());
        }
    }
    findings
}

#[test]
fn names_say_something_and_nothing_is_left_undone() {
    check(
        &sources(&["src", "tests"]),
        "forbidden words",
        forbidden_words,
    );

    let finds = |text| forbidden_words(&sample("src/x.rs", text));
    assert_eq!(finds("struct PeerManager;\n"), ["PeerManager"]);
    assert_eq!(finds("mod text_utils;\n"), ["text_utils"]);
    assert_eq!(
        finds(concat!("// TO", "DO: later\n")),
        [concat!("line 1: TO", "DO")]
    );
    assert_eq!(
        finds("dbg!(x); todo!()\n"),
        ["line 1: dbg!", "line 1: todo!"]
    );
    assert_eq!(finds("let futile = \"helper\";\n"), [""; 0]);
    assert_eq!(forbidden_words(&sample("src/util.rs", "")), ["util"]);
}

fn glob_imports(source: &Source) -> Vec<String> {
    find_words(&shipped(source), &["::*;", "::*,", "::*}"])
}

#[test]
fn imports_name_what_they_import() {
    check(&sources(&["src", "tests"]), "glob imports", glob_imports);

    assert_eq!(
        glob_imports(&sample("src/x.rs", "use std::io::*;\n")).len(),
        1
    );
    assert_eq!(
        glob_imports(&sample("src/x.rs", "use std::{io::*, fmt};\n")).len(),
        1
    );
    let test = "\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n";
    assert_eq!(glob_imports(&sample("src/x.rs", test)), [""; 0]);
}

/// Code that would let a peer end the process, print behind an embedder's back, or bring a second thread into the
/// server.
fn out_of_place(source: &Source) -> Vec<String> {
    let mut words = vec![".unwrap()", ".expect(", "panic!", "unreachable!", "unsafe"];
    // The client is a program, and speaks to the person in front of it.
    if !source.path.starts_with("src/client/") {
        words.extend(["println!", "eprintln!", "print!", "eprint!"]);
        words.extend(["thread::spawn", "process::exit"]);
    }
    if source.path.starts_with("src/bin/") {
        words.clear();
    }
    find_words(&shipped(source), &words)
}

#[test]
fn the_library_neither_panics_nor_prints_nor_spawns() {
    check(&sources(&["src"]), "not in the library", out_of_place);

    let finds = |text| out_of_place(&sample("src/x.rs", text));
    for (text, word) in [
        ("fn f() { x.unwrap(); }", ".unwrap()"),
        ("fn f() { x.expect(\"y\"); }", ".expect("),
        ("fn f() { panic!(); }", "panic!"),
        ("fn f() { println!(); }", "println!"),
        ("fn f() { eprintln!(); }", "eprintln!"),
        ("unsafe fn f() {}", "unsafe"),
        ("fn f() { std::thread::spawn(g); }", "thread::spawn"),
    ] {
        assert_eq!(finds(text), [format!("line 1: {word}")]);
    }
    assert_eq!(
        finds("/// x.unwrap()\nfn f() { x.unwrap_or(0); }\n"),
        [""; 0]
    );
    assert_eq!(
        finds("\n#[cfg(test)]\nmod tests {\n fn f() { x.unwrap() }\n}\n"),
        [""; 0]
    );
}

/// Code after the unit tests would escape the checks, which stop there.
fn behind_tests(source: &Source) -> Vec<String> {
    let code = code(&source.text);
    let Some((_, tests)) = code.split_once("\n#[cfg(test)]\nmod ") else {
        return Vec::new();
    };
    let rest = match tests.find(['{', ';']) {
        Some(at) if tests[at..].starts_with(';') => &tests[at + 1..],
        _ => tests.split_once("\n}\n").map_or("", |(_, rest)| rest),
    };
    let rest = rest.trim();
    let has_more = !rest.is_empty();
    has_more
        .then(|| format!("behind the tests: {rest:.40}"))
        .into_iter()
        .collect()
}

#[test]
fn unit_tests_stand_at_the_end_of_their_file() {
    check(&sources(&["src"]), "code behind the tests", behind_tests);

    let finds = |text| behind_tests(&sample("src/x.rs", text)).len();
    assert_eq!(finds("\n#[cfg(test)]\nmod tests;\n"), 0);
    assert_eq!(finds("\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n"), 0);
    assert_eq!(finds("\n#[cfg(test)]\nmod tests;\nfn f() {}\n"), 1);
    assert_eq!(finds("\n#[cfg(test)]\nmod tests {\n}\nfn f() {}\n"), 1);
}

fn header(source: &Source) -> Vec<String> {
    let has_one = source.text.starts_with("//! ");
    if has_one {
        vec![]
    } else {
        vec!["no header".into()]
    }
}

#[test]
fn a_file_opens_with_what_it_is() {
    check(
        &sources(&["src", "tests"]),
        "it begins with a `//!` line",
        header,
    );

    assert_eq!(header(&sample("src/x.rs", "use std::io;\n")), ["no header"]);
}

/// A program that is started in another way may ignore signals that should end it.
fn started_otherwise(source: &Source) -> Vec<String> {
    if source.path == "tests/it/program.rs" {
        return Vec::new();
    }
    find_words(&code(&source.text), &["Command::new("])
}

#[test]
fn programs_begin_with_the_signals_of_a_shell() {
    let tests = sources(&["tests"]);
    check(&tests, "start it by `program`", started_otherwise);

    let text = "fn f() { process::Command::new(\"sh\"); }\n";
    assert_eq!(
        started_otherwise(&sample("tests/it/x.rs", text)),
        ["line 1: Command::new("]
    );
}

/// Tests wait for expected events. Only the harness looks again and again.
fn sleeping(source: &Source) -> Vec<String> {
    if source.path == "tests/it/harness.rs" {
        return Vec::new();
    }
    find_words(&code(&source.text), &["sleep", "sleep_ms", "park_timeout"])
}

#[test]
fn no_test_sleeps() {
    check(&sources(&["tests"]), "wait for what is expected", sleeping);

    let text = "fn f() { thread::sleep(SECOND); }\n";
    assert_eq!(sleeping(&sample("tests/it/x.rs", text)), ["line 1: sleep"]);
}
