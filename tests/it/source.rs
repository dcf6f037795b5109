//! The source tree as text, for the checks of [`tidy`](crate::tidy). They assume that the code is formatted.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file, its path from the root of the crate with `/` between its parts.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

pub(crate) fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            let inside = fs::read_dir(&path).expect("a folder of the tree can be listed");
            paths.extend(inside.map(|entry| entry.expect("and its entries read").path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let parts = path
                .strip_prefix(root)
                .expect("the path begins at the root");
            let parts = parts.iter().map(|part| part.to_string_lossy());
            found.push(Source {
                path: parts.collect::<Vec<_>>().join("/"),
                text: fs::read_to_string(&path).expect("a source file is text"),
            });
        }
    }
    assert!(found.len() > folders.len(), "no sources found: {folders:?}");
    found
}

/// Runs a check over files and fails with all its findings.
pub(crate) fn check(sources: &[Source], rule: &str, find: impl Fn(&Source) -> Vec<String>) {
    let findings: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            let found = find(source).into_iter();
            found.map(|finding| format!("{}: {finding}", source.path))
        })
        .collect();
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

/// The text with comments and the insides of literals blanked. Line breaks stay.
pub(crate) fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blanked = literal_or_comment(rest);
        if blanked == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let (inside, after) = rest.split_at(blanked);
            code.extend(inside.chars().map(|c| if c == '\n' { c } else { ' ' }));
            rest = after;
        }
    }
    code
}

/// The length of the comment or literal at the beginning of the text; 0 if there is none.
fn literal_or_comment(text: &str) -> usize {
    let to = |end: &str, from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.find(end)
            .map_or(text.len(), |at| from + at + end.len())
    };
    let hashes = |from: usize| text[from..].bytes().take_while(|&b| b == b'#').count();
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return to("*/", 2);
    }
    if text.starts_with("r\"") || text.starts_with("r#") {
        let count = hashes(1);
        if text[1 + count..].starts_with('"') {
            return to(&format!("\"{}", "#".repeat(count)), 2 + count);
        }
        return 0;
    }
    if let Some(inside) = text.strip_prefix('"') {
        return 2 + escaped(inside, '"').unwrap_or(inside.len() - 1);
    }
    if let Some(inside) = text.strip_prefix('\'') {
        let second = inside.chars().nth(1);
        let is_char = inside.starts_with('\\') || second == Some('\'');
        return if is_char {
            2 + escaped(inside, '\'').unwrap_or(0)
        } else {
            0
        };
    }
    0
}

/// The end of a literal in which a backslash may escape the end sign.
fn escaped(inside: &str, end: char) -> Option<usize> {
    let mut after_backslash = false;
    for (at, c) in inside.char_indices() {
        if c == end && !after_backslash {
            return Some(at);
        }
        after_backslash = c == '\\' && !after_backslash;
    }
    None
}

/// The code without tests: unit tests stand at the end of a file, or in files of their own.
pub(crate) fn shipped(source: &Source) -> String {
    let of_tests = [
        "/tests.rs",
        "/tests/",
        "/simulated",
        "/simulation/",
        "/consistency.rs",
    ];
    if of_tests.iter().any(|part| source.path.contains(part)) {
        return String::new();
    }
    let code = code(&source.text);
    let end = code.find("\n#[cfg(test)]\nmod ").unwrap_or(code.len());
    code[..end].into()
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The lines of the code where these words stand; a word is not found inside a longer one.
pub(crate) fn find_words(code: &str, words: &[&str]) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for word in words {
            let stands_alone = |&(at, _): &(usize, &str)| {
                let before = line[..at].chars().next_back();
                let after = line[at + word.len()..].chars().next();
                !(word.starts_with(is_word) && before.is_some_and(is_word)
                    || word.ends_with(is_word) && after.is_some_and(is_word))
            };
            if line.match_indices(word).any(|found| stands_alone(&found)) {
                findings.push(format!("line {}: {word}", number + 1));
            }
        }
    }
    findings
}

/// Functions and the number of lines of each, from its `fn` to its closing brace. Assumes that the code is formatted.
pub(crate) fn functions(code: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let mut words = line.split_whitespace().take_while(|word| {
            ["const", "async", "extern", "fn"].contains(word) || word.starts_with("pub")
        });
        if !words.any(|word| word == "fn") {
            continue;
        }
        let closes = |other: &&str| {
            indent(other) == indent(line)
                && (other.trim() == "}" || other.trim_end().ends_with(';'))
        };
        let is_whole = line.trim_end().ends_with(['}', ';']);
        let rest = lines[start..].iter().position(closes);
        let length = if is_whole { 1 } else { rest.unwrap_or(0) + 1 };
        found.push((start + 1, length));
    }
    found
}

/// A file that is not in the tree, for trying a check.
pub(crate) fn sample(path: &str, text: &str) -> Source {
    let (path, text) = (path.into(), text.into());
    Source { path, text }
}

#[test]
fn comments_and_literals_are_no_code() {
    for (text, blanked) in [
        ("a // b\nc", "a     \nc"),
        ("a /* b\n */ c", "a     \n    c"),
        (r#"f("a \" b", c)"#, "f(        , c)"),
        ("r#\"a\"b\"# c", "         c"),
        (r"'\'' 'a' &'a str", "         &'a str"),
        ("'\"' b", "    b"),
        ("b'x' r", "b    r"),
    ] {
        assert_eq!(code(text), blanked, "{text}");
    }
}
