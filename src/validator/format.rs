//! The formats that texts of primitive types have, by hand rather than by regular expression: they are checked for
//! every value of every resource.

/// Words with one space between them.
pub(super) fn is_code(text: &str) -> bool {
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        return true;
    }
    let mut was_space = true;
    for c in text.chars() {
        let is_space = c.is_whitespace();
        if is_space && was_space {
            return false;
        }
        was_space = is_space;
    }
    !was_space
}

/// `urn:oid:2.16.840`.
pub(super) fn is_oid(text: &str) -> bool {
    let Some(numbers) = text.strip_prefix("urn:oid:") else { return false };
    let is_number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let mut parts = numbers.split('.');
    matches!(parts.next(), Some("0" | "1" | "2")) && numbers.contains('.') && parts.all(is_number)
}

/// `urn:uuid:` and a UUID in lower case.
pub(super) fn is_uuid(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("urn:uuid:") else { return false };
    uuid.len() == 36
        && uuid.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// Base64 with padding; spaces and line breaks may stand anywhere.
pub(super) fn is_base64(bytes: &[u8]) -> bool {
    let mut count = 0usize;
    let mut padding = 0usize;
    for b in bytes.iter().filter(|b| !b.is_ascii_whitespace()) {
        match b {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
        count += 1;
    }
    count > 0 && count.is_multiple_of(4) && padding <= 2
}

/// Two digits from `at`, no greater than `most`.
fn two(bytes: &[u8], at: usize, most: u8) -> Option<u8> {
    let pair = bytes.get(at..at + 2)?;
    if !pair.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = (pair[0] - b'0') * 10 + (pair[1] - b'0');
    (number <= most).then_some(number)
}

/// Reads a date at the start; where it ends.
pub(super) fn date(bytes: &[u8]) -> Option<usize> {
    let year = bytes.get(..4).filter(|year| year.iter().all(u8::is_ascii_digit))?;
    let year = year.iter().fold(0u16, |number, b| number * 10 + u16::from(b - b'0'));
    if year == 0 {
        return None;
    }
    if bytes.get(4) != Some(&b'-') {
        return Some(4);
    }
    let month = two(bytes, 5, 12).filter(|month| *month > 0)?;
    if bytes.get(7) != Some(&b'-') {
        return Some(7);
    }
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    two(bytes, 8, days).filter(|day| *day > 0).map(|_| 10)
}

/// Reads a time at the start; where it ends. A leap second is allowed, 24:00 is not.
pub(super) fn time(bytes: &[u8]) -> Option<usize> {
    two(bytes, 0, 23)?;
    two(bytes, 3, 59)?;
    two(bytes, 6, 60)?;
    if bytes.get(2) != Some(&b':') || bytes.get(5) != Some(&b':') {
        return None;
    }
    if bytes.get(8) != Some(&b'.') {
        return Some(8);
    }
    let digits = bytes.get(9..)?.iter().take_while(|b| b.is_ascii_digit()).count();
    (digits > 0).then_some(9 + digits)
}

/// A date of any precision, or a full one with time and zone; with `needs_time` only the latter.
pub(super) fn is_date_time(bytes: &[u8], needs_time: bool) -> bool {
    match date(bytes) {
        Some(end) if end == bytes.len() => !needs_time,
        Some(10) if bytes.get(10) == Some(&b'T') => {
            let Some(rest) = bytes.get(11..) else { return false };
            time(rest).and_then(|end| rest.get(end..)).is_some_and(is_zone)
        }
        _ => false,
    }
}

/// `Z`, or up to 14 hours either way.
fn is_zone(bytes: &[u8]) -> bool {
    match bytes {
        [b'Z'] => true,
        [b'+' | b'-', rest @ ..] if rest.len() == 5 && rest[2] == b':' => {
            let hours = two(rest, 0, 14);
            let minutes = two(rest, 3, 59);
            matches!((hours, minutes), (Some(14), Some(0)) | (Some(0..=13), Some(_)))
        }
        _ => false,
    }
}
