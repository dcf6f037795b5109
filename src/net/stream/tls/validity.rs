//! `Validity`: from when and until when a certificate is valid. Of everything else in a certificate (RFC 5280 §4.1) this
//! file knows only how to get past it.

/// Both in seconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

/// Tags of DER: a sequence, a field with the number 0, and two forms of time.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

impl Validity {
    /// That of a certificate in DER. `None` if it cannot be read.
    pub(crate) fn of(certificate: &[u8]) -> Option<Validity> {
        let (certificate, _) = inside(certificate, SEQUENCE)?;
        let (mut fields, _) = inside(certificate, SEQUENCE)?;
        if fields.first() == Some(&VERSION) {
            (_, _, fields) = value(fields)?;
        }
        // The serial number, the algorithm, and the signer.
        for _ in 0..3 {
            (_, _, fields) = value(fields)?;
        }
        let (times, _) = inside(fields, SEQUENCE)?;
        let (tag, not_before, times) = value(times)?;
        let not_before = time(tag, not_before)?;
        let (tag, not_after, _) = value(times)?;
        let not_after = time(tag, not_after)?;
        Some(Validity {
            not_before,
            not_after,
        })
    }
}

/// The first value: its tag, its contents, and the bytes behind it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (first.into(), rest),
        // So many bytes hold the length. Four are more than any certificate needs.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            let length = bytes
                .iter()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            (length, rest)
        }
        _ => return None,
    };
    let (inside, behind) = rest.split_at_checked(length)?;
    Some((tag, inside, behind))
}

fn inside(der: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    let (tag, inside, behind) = value(der)?;
    (tag == expected).then_some((inside, behind))
}

/// A time as RFC 5280 §4.1.2.5 has it: to the second, in UTC.
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let (digits, zone) = text.split_last().map(|(zone, digits)| (digits, *zone))?;
    if zone != b'Z' || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let pairs = digits.chunks(2);
    let pairs: Vec<i64> = pairs
        .map(|it| {
            it.iter()
                .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        })
        .collect();
    match (tag, &pairs[..]) {
        (UTC_TIME, &[year, month, day, hour, minute, second]) => {
            let century = if year < 50 { 2000 } else { 1900 };
            unix(century + year, [month, day, hour, minute, second])
        }
        (GENERALIZED_TIME, &[century, year, month, day, hour, minute, second]) => {
            unix(century * 100 + year, [month, day, hour, minute, second])
        }
        _ => None,
    }
}

fn unix(year: i64, [month, day, hour, minute, second]: [i64; 5]) -> Option<i64> {
    if !(1..=12).contains(&month) {
        return None;
    }
    // Years begin with March here, so that a leap day is the last of its year.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // Day 719468 of this count is 1970-01-01.
    let days = year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_time_are_read() {
        for (tag, text, seconds) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "240229235959Z", Some(1_709_251_199)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (GENERALIZED_TIME, "20501301000000Z", None),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "700101000000+", None),
            (UTC_TIME, "70010100000xZ", None),
            (SEQUENCE, "700101000000Z", None),
        ] {
            assert_eq!(time(tag, text.as_bytes()), seconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_validity() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x80",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x02\x30\x00",
        ] {
            assert_eq!(Validity::of(bytes), None, "{bytes:?}");
        }
    }
}
