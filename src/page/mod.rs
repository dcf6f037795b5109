//! The page: the chat in a browser, as one document that asks for nothing else. Its parts lie beside this file. Each
//! opens with what it is. They are put together once, when the server starts.
//!
//! - It is at most 82 KiB as served.
//! - It runs no script and has no style but its own: its policy names both by their hashes.
//! - What people write enters the document as text, never as markup.

use bytes::Bytes;
use sha1_smol::Sha1;

const DOCUMENT: &str = include_str!("index.html");
const STYLE: &str = include_str!("style.css");

/// The scripts in the order in which they run. All of them are in one scope.
const SCRIPTS: [&str; 11] = [
    include_str!("words.js"),
    include_str!("link.js"),
    include_str!("talks.js"),
    include_str!("log.js"),
    include_str!("past.js"),
    include_str!("people.js"),
    include_str!("search.js"),
    include_str!("account.js"),
    include_str!("compose.js"),
    include_str!("hear.js"),
    include_str!("main.js"),
];

/// The SHA-256 of the style as served, in Base64. A test computes it.
const STYLE_HASH: &str = "TZdkyu4CAgEZYoNpdOyV39P0gEXEFqmMLiCg8hBwIxU=";

/// The same of the script.
const SCRIPT_HASH: &str = "IYYqr3lGIbnyLzo43q78DoGO+2N9PXPymC6uR8p6ZVs=";

/// The document, and what the header of its answer says about it.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) body: Bytes,
    /// Changes whenever the body does. It has its quotes.
    pub(crate) etag: String,
    /// The value of `Content-Security-Policy`.
    pub(crate) policy: String,
}

impl Page {
    pub(crate) fn new() -> Page {
        let body = lean(DOCUMENT)
            .replace("/*STYLE*/", &style())
            .replace("/*SCRIPT*/", &script());
        Page {
            etag: format!("\"{}\"", Sha1::from(&body).digest()),
            body: body.into(),
            policy: format!(
                "default-src 'none'; script-src 'sha256-{SCRIPT_HASH}'; style-src 'sha256-{STYLE_HASH}'; \
                 connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
            ),
        }
    }
}

/// The style without the spaces that only people need.
fn style() -> String {
    let tight = ["{", "}", ";", ":", ","].into_iter();
    let mut style = lean(STYLE).replace('\n', " ");
    for sign in tight {
        style = style.replace(&format!("{sign} "), sign);
    }
    style
        .replace(" {", "{")
        .replace(" }", "}")
        .replace(";}", "}")
}

fn script() -> String {
    let parts: String = SCRIPTS.iter().map(|part| lean(part)).collect();
    format!("'use strict';\n{{\n{parts}}}\n")
}

/// A source without its indentation, its empty lines, and the comments that have lines of their own.
fn lean(source: &str) -> String {
    let lines = source.lines().map(str::trim);
    let kept = lines.filter(|line| !line.is_empty() && !is_comment(line));
    kept.flat_map(|line| [line, "\n"]).collect()
}

fn is_comment(line: &str) -> bool {
    let is_block = line.starts_with("/*") && line.ends_with("*/");
    line.starts_with("//") || is_block || line.starts_with("<!--")
}

#[cfg(test)]
mod tests;
