//! Tests of the page that need no browser.

use sha2::{Digest, Sha256};

use super::*;

/// The most bytes of the page as served. The past of a room, the search and the forms for accounts take 22 KiB of them.
const PAGE_BYTES: usize = 82 * 1024;

fn sources() -> Vec<&'static str> {
    [&[DOCUMENT, STYLE], &SCRIPTS[..]].concat()
}

fn served() -> String {
    String::from_utf8(Page::new().body.to_vec()).unwrap()
}

fn hash(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in Sha256::digest(text).chunks(3) {
        let byte = |i: usize| three.get(i).map_or(0, |&byte| usize::from(byte));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=three.len() {
            encoded.push(char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        }
    }
    // 32 bytes leave one sign to fill up.
    encoded + "="
}

#[test]
fn the_policy_names_the_style_and_the_script() {
    assert_eq!(hash("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    assert_eq!(STYLE_HASH, hash(&style()), "STYLE_HASH");
    assert_eq!(SCRIPT_HASH, hash(&script()), "SCRIPT_HASH");
    let policy = Page::new().policy;
    for part in [
        "default-src 'none'; ",
        &format!("script-src 'sha256-{SCRIPT_HASH}'; "),
        &format!("style-src 'sha256-{STYLE_HASH}'; "),
        "connect-src 'self'; ",
        "img-src data:; ",
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
}

#[test]
fn the_document_has_one_style_and_one_script() {
    let page = served();
    for (start, end, inside) in [
        ("<style>", "</style>", style()),
        ("<script>", "</script>", script()),
    ] {
        let (_, rest) = page.split_once(start).unwrap();
        let (found, behind) = rest.split_once(end).unwrap();
        assert_eq!(found, inside);
        assert!(!behind.contains(start));
    }
    assert!(!script().contains("<!--"));
}

#[test]
fn the_page_is_small() {
    let bytes = Page::new().body.len();
    assert!(bytes <= PAGE_BYTES, "{bytes} bytes");
}

#[test]
fn each_source_opens_with_what_it_is_and_is_read_at_one_sitting() {
    for source in sources() {
        let opens = ["// ", "/* ", "<!doctype html>\n<!-- "];
        assert!(
            opens.iter().any(|open| source.starts_with(open)),
            "{source:.60}"
        );
        assert!(source.lines().count() <= 500, "{source:.60}");
    }
}

#[test]
fn text_never_becomes_markup_or_code() {
    let script = script();
    for word in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "createContextualFragment",
        "DOMParser",
        "eval(",
        "new Function",
        "setAttribute('style",
        "setAttribute('on",
    ] {
        assert!(!script.contains(word), "{word}");
    }
}

#[test]
fn nothing_is_asked_for_elsewhere() {
    let page = served();
    for word in [
        "@import",
        "url(",
        "src=",
        "fetch(",
        "XMLHttpRequest",
        "import(",
        "sendBeacon",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    // The one address in the document is a name: that of the language of the icon.
    let addresses = DOCUMENT.matches("://").count();
    assert_eq!(
        addresses,
        DOCUMENT.matches("http://www.w3.org/2000/svg").count()
    );
}

#[test]
fn what_is_served_has_no_comments_of_its_own() {
    let source =
        "/** One. */\n  let a = 1; // stays\n\n    // Two.\n<!-- Three. -->\n  /* 4 */ b();\n";
    assert_eq!(lean(source), "let a = 1; // stays\n/* 4 */ b();\n");
}

#[test]
fn the_tag_of_the_page_is_quoted_and_stays() {
    let etag = Page::new().etag;
    assert_eq!(etag.len(), 42);
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    assert_eq!(etag, Page::new().etag);
}

/// A colour as red, green and blue in linear light.
type Linear = [f64; 3];

/// The value of a custom property, in the light scheme and in the dark one.
fn both(property: &str) -> [&'static str; 2] {
    let start = format!("  {property}: ");
    let values = STYLE
        .lines()
        .filter_map(|line| line.trim().strip_prefix(start.trim_start()));
    let values: Vec<&str> = values.map(|value| value.trim_end_matches(';')).collect();
    values.try_into().unwrap()
}

fn hex(colour: &str) -> Linear {
    let digits = colour.strip_prefix('#').unwrap();
    let digits = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => digits.to_string(),
    };
    [0, 2, 4].map(|at| {
        let part = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
        match part <= 0.04045 {
            true => part / 12.92,
            false => ((part + 0.055) / 1.055).powf(2.4),
        }
    })
}

/// A colour of CSS's `oklch()`, by the matrices of CSS Color 4. A part that no screen can show is cut off.
fn oklch(lightness: f64, chroma: f64, hue: f64) -> Linear {
    let (a, b) = (
        chroma * hue.to_radians().cos(),
        chroma * hue.to_radians().sin(),
    );
    let cube = |a_part: f64, b_part: f64| (lightness + a_part * a + b_part * b).powi(3);
    let l = cube(0.396_337_777_4, 0.215_803_757_3);
    let m = cube(-0.105_561_345_8, -0.063_854_172_8);
    let s = cube(-0.089_484_177_5, -1.291_485_548);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
    ]
    .map(|part| part.clamp(0.0, 1.0))
}

/// The ratio of WCAG 2.2 between two colours.
fn contrast(one: Linear, other: Linear) -> f64 {
    let luminance = |[r, g, b]: Linear| 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn names_and_words_can_be_read_on_every_paper() {
    assert!((contrast(hex("#fff"), hex("#000000")) - 21.0).abs() < 1e-9);
    let red = oklch(0.627_955, 0.257_683, 29.2339);
    assert!((red[0] - 1.0).abs() < 1e-3 && red[1].abs() < 1e-3);

    let turn = SCRIPTS[0].contains("const HUES = 12;");
    assert!(turn, "the hues below are those of words.js");
    for scheme in 0..2 {
        let colour = |property: &str| hex(both(property)[scheme]);
        let (lightness, chroma) = both("--name")[scheme].split_once("% ").unwrap();
        let lightness = lightness.parse::<f64>().unwrap() / 100.0;
        let chroma = chroma.parse().unwrap();
        for paper in ["--paper", "--raised", "--tint", "--rule"] {
            let mut words: Vec<(String, Linear)> = (0..12)
                .map(|step| f64::from(step) * 30.0)
                .map(|hue| (format!("hue {hue}"), oklch(lightness, chroma, hue)))
                .collect();
            let other = ["--ink", "--quiet", "--accent", "--wrong"];
            words.extend(other.iter().map(|&it| (it.to_string(), colour(it))));
            for (word, its_colour) in words {
                let ratio = contrast(its_colour, colour(paper));
                // Nothing quiet is written on what is chosen.
                let least = if paper == "--rule" && word != "--ink" {
                    3.0
                } else {
                    4.5
                };
                assert!(ratio >= least, "{word} on {paper} of {scheme}: {ratio:.2}");
            }
        }
        let button = contrast(colour("--on-accent"), colour("--accent"));
        assert!(button >= 4.5, "{button:.2}");
        let edge = contrast(colour("--edge"), colour("--paper"));
        assert!(edge >= 3.0, "{edge:.2}");
    }
}
