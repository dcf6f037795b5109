//! Keys as terminals send them, and reports of the terminals themselves: whole, and cut at every byte.

use proptest::prelude::*;

use super::*;

/// Feeds chunks, with this much time before each.
fn decode_with_pauses(chunks: &[&[u8]], pause: Duration) -> Vec<Key> {
    let mut keyboard = Keyboard::new();
    let mut keys = Vec::new();
    let mut now = Instant::now();
    for chunk in chunks {
        now += pause;
        keyboard.handle_timeout(now, &mut keys);
        keyboard.feed(chunk, now, &mut keys);
    }
    keys
}

fn decode(bytes: &[u8]) -> Vec<Key> {
    decode_with_pauses(&[bytes], Duration::ZERO)
}

/// The keys in these bytes, however they are cut: in two with a pause that no lone Escape outlasts, and into single
/// bytes without a pause.
fn decode_in_every_way(bytes: &[u8]) -> Vec<Key> {
    let keys = decode(bytes);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode_with_pauses(&single, Duration::ZERO), keys);
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        let lone_escape = head.ends_with(b"\x1b") && !tail.starts_with(b"\\");
        let pause = if lone_escape {
            Duration::ZERO
        } else {
            SEQUENCE_TIMEOUT - Duration::from_millis(1)
        };
        let cut = decode_with_pauses(&[head, tail], pause);
        assert_eq!(cut, keys, "{:?} cut at {at}", bytes.escape_ascii());
    }
    keys
}

fn typed(text: &str) -> Vec<Key> {
    let keys = text.chars().map(|c| match c {
        '\r' => Key::Enter,
        c => Key::Char(c),
    });
    keys.collect()
}

/// Waits as long as it takes.
fn wait(keyboard: &mut Keyboard, now: &mut Instant, keys: &mut Vec<Key>) {
    while let Some(due) = keyboard.next_timeout() {
        *now = due;
        keyboard.handle_timeout(*now, keys);
    }
}

#[test]
fn keys_are_the_same_wherever_they_are_cut() {
    let input = "aß花🎉\x01\r\x7f\t\x1b[A\x1bOB\x1b[1;5C\x1b[1;3D\x1bO5C\x1b[3~\x1b[I\x1b[O\x1bb\x1bé\x1b\x7f\
                 \x1b\x1b[A\x1b[[Ax\x1bOM\x1b[7~\x1b[F\x1b[c\x1bOd\x1b[15~\x1bOP\x1b[99;99~z";
    let keys = [
        Key::Char('a'),
        Key::Char('ß'),
        Key::Char('花'),
        Key::Char('🎉'),
        Key::Ctrl('a'),
        Key::Enter,
        Key::Backspace,
        Key::Tab,
        Key::Up,
        Key::Down,
        Key::WordRight,
        Key::WordLeft,
        Key::WordRight,
        Key::Delete,
        Key::Focus(true),
        Key::Focus(false),
        Key::Alt('b'),
        Key::Alt('é'),
        Key::WordBackspace,
        Key::Up,
        Key::Other,
        Key::Char('x'),
        Key::Enter,
        Key::Home,
        Key::End,
        Key::WordRight,
        Key::WordLeft,
        Key::Other,
        Key::Other,
        Key::Other,
        Key::Char('z'),
    ];
    assert_eq!(decode_in_every_way(input.as_bytes()), keys);
}

#[test]
fn keys_told_by_their_numbers_type_nothing_wrong() {
    for (sequence, key) in [
        ("\x1b[99;5u", Key::Ctrl('c')),
        ("\x1b[27;5;100~", Key::Ctrl('d')),
        ("\x1b[97;6u", Key::Ctrl('a')),
        ("\x1b[97;2u", Key::Other),
        ("\x1b[97:65;2:1u", Key::Other),
        ("\x1b[13u", Key::Other),
        ("\x1b[13;2u", Key::Other),
        ("\x1b[27;2;13~", Key::Other),
        ("\x1b[1;5:1C", Key::WordRight),
        ("\x1b[3;5~", Key::Alt('d')),
        ("\x1b[3;2~", Key::Delete),
    ] {
        assert_eq!(decode_in_every_way(sequence.as_bytes()), [key]);
    }
    for released in ["\x1b[99;5:3u", "\x1b[1;1:3A", "\x1b[3;1:3~"] {
        assert_eq!(decode_in_every_way(released.as_bytes()), []);
    }
}

/// Reports that terminals send by themselves.
const REPORTS: &[&[u8]] = &[
    // Of the mouse: SGR (1006), in urxvt's form (1015) and X10's, with bytes that are text, controls or neither.
    b"\x1b[<64;10;5M",
    b"\x1b[<0;10;5m",
    b"\x1b[32;10;5M",
    b"\x1b[M !!",
    b"\x1b[M#ab",
    b"\x1b[M\xe0\xff\xc3",
    b"\x1b[M`\r\r",
    b"\x1b[M \0\0",
    // Late answers: colours, the terminal's kind, its state, the cursor's place, its version, a mode, graphics.
    b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    b"\x1b]10;rgb:ffff/ffff/ffff\x07",
    b"\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
    b"\x1b]52;c;aGVsbG8K\x07",
    b"\x1b]lthe title\x1b\\",
    b"\x1b]\x1b\\",
    b"\x1b[?64;1;2;6;9;15;18;21;22c",
    b"\x1b[>41;354;0c",
    b"\x1b[=0c",
    b"\x1bP!|7E565445\x1b\\",
    b"\x1b[0n",
    b"\x1b[?0n",
    b"\x1b[12;40R",
    b"\x1b[?12;40;1R",
    b"\x1b[8;24;80t",
    b"\x1b[2;1;1;112;112;1;0x",
    b"\x1b[?2026;2$y",
    b"\x1b[4;2$y",
    b"\x1b[?1u",
    b"\x1b[?997;1n",
    b"\x1b[1;2;3;4;0&w",
    b"\x1bP>|XTerm(379)\x1b\\",
    b"\x1bP1$r0 q\x1b\\",
    b"\x1b_Gi=31;OK\x1b\\",
    b"\x1bXany thing\x1b\\",
    b"\x1b^any thing\x1b\\",
];

#[test]
fn a_report_is_neither_text_nor_a_key() {
    for &report in REPORTS {
        let input = [b"half\r", report, b"way\r"].concat();
        assert_eq!(decode_in_every_way(&input), typed("half\rway\r"));
    }
    // One after another, as an answer to several questions comes.
    let all = REPORTS.concat();
    assert_eq!(decode_in_every_way(&all), []);
}

#[test]
fn whatever_stands_in_a_string_is_not_typed() {
    let bytes: Vec<u8> = (0..=255)
        .filter(|byte| ![CTRL_C, 0x07, CAN, 0x1a, ESC].contains(byte))
        .collect();
    for introducer in [b']', b'P', b'X', b'^', b'_'] {
        let quoted = "\u{201c}\u{9c}\u{9b}\u{90}".as_bytes();
        let string = [b"\x1b", &[introducer][..], &bytes, quoted, b"\x1b\\"].concat();
        let input = [b"a", &string[..], b"z"].concat();
        assert_eq!(decode_in_every_way(&input), typed("az"));
    }
    let many = format!("\x1b[{}~x", "1;".repeat(5000));
    assert_eq!(decode(many.as_bytes()), typed("x"));
    let long = format!("\x1b[{}~x", "9".repeat(100_000));
    assert_eq!(decode(long.as_bytes()), [Key::Other, Key::Char('x')]);
}

#[test]
fn a_paste_is_one_key_wherever_it_is_cut() {
    let input = b"x\x1b[200~one\rtwo\x1b[A\x1b[20\x03\x04\x1b[<0;1;1M\x1b[201~y";
    let keys = [
        Key::Char('x'),
        Key::Paste(b"one\rtwo\x1b[A\x1b[20\x03\x04\x1b[<0;1;1M".to_vec()),
        Key::Char('y'),
    ];
    assert_eq!(decode(input), keys);
    let single: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(decode_with_pauses(&single, Duration::ZERO), keys);
    for at in 3..=input.len() {
        let (head, tail) = input.split_at(at);
        let pause = CTRL_C_TIMEOUT - Duration::from_millis(1);
        assert_eq!(
            decode_with_pauses(&[head, tail], pause),
            keys,
            "cut at {at}"
        );
    }
    assert_eq!(decode_in_every_way(b"a\x1b[201~b"), typed("ab"));
}

#[test]
fn a_paste_that_is_too_long_says_so_and_is_not_stored() {
    for (length, fits) in [
        (PASTE_BYTES, true),
        (PASTE_BYTES + 1, false),
        (3 * PASTE_BYTES, false),
    ] {
        let mut keyboard = Keyboard::new();
        let mut keys = Vec::new();
        let now = Instant::now();
        keyboard.feed(b"\x1b[200~", now, &mut keys);
        keyboard.feed(&vec![b'x'; length], now, &mut keys);
        keyboard.feed(b"\x1b[201~y", now, &mut keys);
        let paste = if fits {
            Key::Paste(vec![b'x'; length])
        } else {
            Key::PasteTooLong
        };
        assert_eq!(keys, [paste, Key::Char('y')]);
    }
}

#[test]
fn a_paste_ends_by_itself() {
    let mut keyboard = Keyboard::new();
    let (mut keys, mut now) = (Vec::new(), Instant::now());
    keyboard.feed(b"\x1b[200~one\rtwo", now, &mut keys);
    assert_eq!(keyboard.next_timeout(), Some(now + PASTE_TIMEOUT));
    wait(&mut keyboard, &mut now, &mut keys);
    keyboard.feed(b"y", now, &mut keys);
    assert_eq!(keys, [Key::Paste(b"one\rtwo".to_vec()), Key::Char('y')]);
}

#[test]
fn ctrl_c_gives_up_a_paste_without_an_end() {
    for behind in ["", "hello\r"] {
        let mut keyboard = Keyboard::new();
        let (mut keys, mut now) = (Vec::new(), Instant::now());
        keyboard.feed(b"\x1b[200~one\rtwo\r\x03", now, &mut keys);
        keyboard.feed(behind.as_bytes(), now, &mut keys);
        assert_eq!(keyboard.next_timeout(), Some(now + CTRL_C_TIMEOUT));
        wait(&mut keyboard, &mut now, &mut keys);
        keyboard.feed(b"y", now, &mut keys);
        assert_eq!(keys, typed(&format!("{behind}y")));
    }
    // More bytes than anyone can type so soon are not typed either.
    let mut keyboard = Keyboard::new();
    let (mut keys, mut now) = (Vec::new(), Instant::now());
    let flood = [b"\x1b[200~\x03", &[b'\r'; TYPED_BYTES + 1][..]].concat();
    keyboard.feed(&flood, now, &mut keys);
    wait(&mut keyboard, &mut now, &mut keys);
    assert_eq!(keys, []);
}

#[test]
fn escape_alone_is_a_key_only_when_nothing_follows() {
    let mut keyboard = Keyboard::new();
    let (mut keys, mut now) = (Vec::new(), Instant::now());
    keyboard.feed(b"\x1b", now, &mut keys);
    assert_eq!(keyboard.next_timeout(), Some(now + ESCAPE_TIMEOUT));
    keyboard.handle_timeout(now + ESCAPE_TIMEOUT / 2, &mut keys);
    assert_eq!(keys, []);
    wait(&mut keyboard, &mut now, &mut keys);
    assert_eq!(keys, [Key::Escape]);
    keyboard.feed(b"a", now, &mut keys);
    assert_eq!(keys, [Key::Escape, Key::Char('a')]);
    assert_eq!(keyboard.next_timeout(), None);
}

/// Unfinished sequences, typed by mistake as Alt with a key, or sent without anybody's fault.
const UNFINISHED: &[&[u8]] = &[
    b"\x1b[",
    b"\x1b[20",
    b"\x1b[<64;10",
    b"\x1b[?2026$",
    b"\x1bO",
    b"\x1b]",
    b"\x1b]11;rgb:",
    b"\x1b]11;rgb:\x1b",
    b"\x1bP>|",
    b"\x1b_G",
    b"\x1bX\x1b",
    b"\x1b[M!",
    b"\xe8\x8a",
];

#[test]
fn what_is_unfinished_ends_by_itself() {
    for &unfinished in UNFINISHED {
        let mut keyboard = Keyboard::new();
        let (mut keys, mut now) = (Vec::new(), Instant::now());
        keyboard.feed(unfinished, now, &mut keys);
        assert_eq!(keyboard.next_timeout(), Some(now + SEQUENCE_TIMEOUT));
        wait(&mut keyboard, &mut now, &mut keys);
        keyboard.feed(b"hello\r", now, &mut keys);
        assert_eq!(keys, typed("hello\r"), "{}", unfinished.escape_ascii());
    }
}

#[test]
fn ctrl_c_ends_what_is_unfinished_and_does_nothing_else() {
    for &unfinished in UNFINISHED {
        let expected = match unfinished {
            // There is nothing to end but a character that is none.
            b"\xe8\x8a" => [vec![Key::Ctrl('c')], typed("hello\r")].concat(),
            _ => typed("hello\r"),
        };
        let input = [unfinished, b"\x03hello\r"].concat();
        assert_eq!(decode(&input), expected, "{}", unfinished.escape_ascii());
    }
}

#[test]
fn an_arrow_key_ends_what_is_unfinished_and_moves() {
    for &unfinished in UNFINISHED {
        let input = [unfinished, b"\x1b[Ahello\r"].concat();
        let keys = [vec![Key::Up], typed("hello\r")].concat();
        assert_eq!(decode(&input), keys, "{}", unfinished.escape_ascii());
    }
}

#[test]
fn bytes_that_are_no_text_type_nothing() {
    assert_eq!(decode_in_every_way(b"\xff\xc3(a\x80"), typed("(a"));
    assert_eq!(
        decode_in_every_way(b"a\x9bb\xf5\xed\xa0\x80\xc0\xafc"),
        typed("abc")
    );
    assert_eq!(
        decode_in_every_way("a\u{9b}b\u{fffd}".as_bytes()),
        typed("ab\u{fffd}")
    );
    assert_eq!(
        decode_in_every_way(b"\xe2\x82\xc3\xa9\x1b\xc3("),
        typed("é(")
    );
}

/// Any bytes except those that can end it.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let inside = any::<u8>().prop_filter("ends it", |byte| {
        ![CTRL_C, 0x07, CAN, 0x1a, ESC].contains(byte)
    });
    prop::collection::vec(inside, 0..40)
}

/// A control sequence or control string as in ECMA-48 §5.4 and §5.6, or three bytes after `CSI M`.
fn sequence() -> impl Strategy<Value = Vec<u8>> {
    let csi = ("[0-?]{0,12}[ -/]{0,3}", b'@'..=b'~').prop_filter_map("others", |(middle, last)| {
        match (middle.as_str(), last) {
            // The sequences that these begin are longer, and have tests of their own.
            (middle, b'M' | b'[') if middle.trim_matches(['0', ':', ';']).is_empty() => None,
            (middle, b'~') if middle.contains("200") => None,
            _ => Some([b"\x1b[", middle.as_bytes(), &[last]].concat()),
        }
    });
    let string = (
        prop::sample::select(&b"]PX^_"[..]),
        content(),
        any::<bool>(),
    )
        .prop_map(|(introducer, content, bell)| {
            let end: &[u8] = if bell && introducer == b']' {
                b"\x07"
            } else {
                b"\x1b\\"
            };
            [&[ESC, introducer], &content[..], end].concat()
        });
    let mouse = prop::array::uniform3(b' '..).prop_map(|bytes| [&b"\x1b[M"[..], &bytes].concat());
    prop_oneof![4 => csi, 4 => string, 1 => mouse]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_what_was_typed_is_typed(
        pieces in prop::collection::vec((sequence(), "[a-z ß花🎉\r]{0,5}"), 1..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut input = Vec::new();
        let mut expected = String::new();
        for (sequence, text) in &pieces {
            input.extend_from_slice(sequence);
            input.extend_from_slice(text.as_bytes());
            expected.push_str(text);
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len())).collect();
        cuts.sort_unstable();
        // An Escape between two cuts at one place would be a lone one.
        cuts.dedup();
        let mut chunks = Vec::new();
        let mut from = 0;
        for cut in cuts {
            chunks.push(&input[from..cut]);
            from = cut;
        }
        chunks.push(&input[from..]);
        let mut keys = decode_with_pauses(&chunks, ESCAPE_TIMEOUT / 2);
        keys.retain(|key| matches!(key, Key::Char(_) | Key::Enter | Key::Paste(_)));
        prop_assert_eq!(keys, typed(&expected));
    }

    #[test]
    fn no_bytes_leave_the_keyboard_dead(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut keyboard = Keyboard::new();
        let (mut keys, mut now) = (Vec::new(), Instant::now());
        keyboard.feed(&bytes, now, &mut keys);
        wait(&mut keyboard, &mut now, &mut keys);
        keys.clear();
        keyboard.feed(b"x\r", now, &mut keys);
        prop_assert_eq!(keys, typed("x\r"));
    }
}
