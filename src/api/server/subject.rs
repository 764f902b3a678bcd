//! The subject of a certificate as text (RFC 4514): `CN=pantry,O=Pantry`.

/// The names that RFC 4514 §3 has for attributes; others are told by their number.
const NAMES: [(&[u8], &str); 9] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
];

const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// UTF8String, PrintableString, IA5String: texts whose bytes are UTF-8.
const TEXTS: [u8; 3] = [0x0c, 0x13, 0x16];

/// The subject of a certificate that has been verified. `None` where it has none, or none that can be told for certain.
pub(super) fn subject(certificate: &rustls::pki_types::CertificateDer<'_>) -> Option<String> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    text(certificate.subject())
}

/// The contents of a `Name` (RFC 5280 §4.1.2.4), in DER.
fn text(mut name: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    while !name.is_empty() {
        let mut set = take(&mut name, SET)?;
        let mut part = String::new();
        while !set.is_empty() {
            let mut pair = take(&mut set, SEQUENCE)?;
            let number = take(&mut pair, OBJECT_IDENTIFIER)?;
            if !part.is_empty() {
                part.push('+');
            }
            attribute(&mut part, number, pair)?;
        }
        parts.push(part);
    }
    parts.reverse();
    (!parts.is_empty()).then(|| parts.join(","))
}

fn attribute(out: &mut String, number: &[u8], value: &[u8]) -> Option<()> {
    let name = NAMES.iter().find(|(own, _)| *own == number).map(|(_, name)| *name);
    match (name, value.split_first()) {
        (Some(name), Some((kind, _))) if TEXTS.contains(kind) => {
            let mut rest = value;
            let text = std::str::from_utf8(take(&mut rest, *kind)?).ok()?;
            out.push_str(name);
            out.push('=');
            escape(out, text);
        }
        _ => {
            out.push_str(&dotted(number)?);
            out.push_str("=#");
            out.extend(value.iter().map(|byte| format!("{byte:02x}")));
        }
    }
    Some(())
}

/// RFC 4514 §2.4.
fn escape(out: &mut String, text: &str) {
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        let is_special = matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\')
            || index == 0 && matches!(c, ' ' | '#')
            || index == last && c == ' ';
        match c {
            c if c.is_control() => {
                let mut bytes = [0; 4];
                out.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("\\{byte:02x}")));
            }
            c if is_special => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
}

/// `2.5.4.3`.
fn dotted(number: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut arc: u64 = 0;
    for byte in number {
        arc = arc.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 != 0 {
            continue;
        }
        match text.is_empty() {
            true => {
                let first = (arc / 40).min(2);
                text = format!("{first}.{}", arc - first * 40);
            }
            false => text.push_str(&format!(".{arc}")),
        }
        arc = 0;
    }
    (!text.is_empty()).then_some(text)
}

/// Takes one element of a kind off, and gives what it holds.
fn take<'d>(der: &mut &'d [u8], kind: u8) -> Option<&'d [u8]> {
    let (own, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    let (held, rest) = rest.split_at_checked(length)?;
    *der = rest;
    (*own == kind).then_some(held)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair};

    use super::*;

    fn of(parts: &[(DnType, &str)]) -> Option<String> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in parts {
            params.distinguished_name.push(kind.clone(), DnValue::Utf8String((*value).to_owned()));
        }
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        subject(certificate.der())
    }

    #[test]
    fn subjects() {
        let long = "x".repeat(300);
        for (parts, expected) in [
            (vec![(DnType::CommonName, "pantry")], Some("CN=pantry")),
            (
                vec![
                    (DnType::CountryName, "US"),
                    (DnType::OrganizationName, "Pantry"),
                    (DnType::CommonName, "p"),
                ],
                Some("CN=p,O=Pantry,C=US"),
            ),
            (vec![(DnType::CommonName, " a,b+c\\d\"#e ")], Some("CN=\\ a\\,b\\+c\\\\d\\\"#e\\ ")),
            (vec![(DnType::CommonName, "#a")], Some("CN=\\#a")),
            // Nothing can look like another attribute, or another line.
            (vec![(DnType::CommonName, "x,O=Clinic")], Some("CN=x\\,O=Clinic")),
            (vec![(DnType::CommonName, "x\r\ny\0")], Some("CN=x\\0d\\0ay\\00")),
            (vec![(DnType::CommonName, "Ada é")], Some("CN=Ada é")),
            (vec![(DnType::CommonName, &long)], Some(&*format!("CN={long}"))),
            (
                vec![(DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]), "a")],
                Some("1.2.840.113549.1.9.1=#0c0161"),
            ),
            (vec![], None),
        ] {
            assert_eq!(of(&parts).as_deref(), expected);
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = text(&bytes);
        }
    }
}
