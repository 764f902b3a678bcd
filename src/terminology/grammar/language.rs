//! Language tags (BCP 47, RFC 5646).

/// A part of a language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::terminology) enum Subtag {
    ExtendedLanguage,
    Script,
    Region,
    Variant,
    Extension,
    PrivateUse,
}

/// The subtag that a property of the code system tells of.
pub(super) fn subtag(property: &str) -> Option<Subtag> {
    match property {
        "ext-lang" => Some(Subtag::ExtendedLanguage),
        "script" => Some(Subtag::Script),
        "region" => Some(Subtag::Region),
        "variant" => Some(Subtag::Variant),
        "extension" => Some(Subtag::Extension),
        "private-use" => Some(Subtag::PrivateUse),
        _ => None,
    }
}

/// RFC 5646 §2.1: the subtags beside the language; `None` when it is no language tag.
pub(super) fn subtags(code: &str) -> Option<Vec<Subtag>> {
    const GRANDFATHERED: [&str; 17] = [
        "en-gb-oed",
        "i-ami",
        "i-bnn",
        "i-default",
        "i-enochian",
        "i-hak",
        "i-klingon",
        "i-lux",
        "i-mingo",
        "i-navajo",
        "i-pwn",
        "i-tao",
        "i-tay",
        "i-tsu",
        "sgn-be-fr",
        "sgn-be-nl",
        "sgn-ch-de",
    ];
    let lower = code.to_ascii_lowercase();
    if GRANDFATHERED.contains(&lower.as_str()) {
        return Some(Vec::new());
    }
    let alpha = |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic());
    let alphanumeric = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut parts = lower.split('-').peekable();
    let mut subtags = Vec::new();
    let first = parts.next()?;
    if first == "x" {
        subtags.push(Subtag::PrivateUse);
    } else if !(alpha(first) && (2..=8).contains(&first.len())) {
        return None;
    }
    // The least subtag that may still come: they have an order.
    let mut stage = 0;
    while let Some(part) = parts.next() {
        if subtags.last() == Some(&Subtag::PrivateUse) {
            if !(alphanumeric(part) && (1..=8).contains(&part.len())) {
                return None;
            }
            continue;
        }
        let (subtag, at) = match part.len() {
            1 if part == "x" => (Subtag::PrivateUse, 6),
            1 if alphanumeric(part) => (Subtag::Extension, 5),
            3 if alpha(part) && stage == 0 && first.len() <= 3 => (Subtag::ExtendedLanguage, 0),
            4 if alpha(part) => (Subtag::Script, 1),
            2 if alpha(part) => (Subtag::Region, 2),
            3 if part.bytes().all(|b| b.is_ascii_digit()) => (Subtag::Region, 2),
            4 if part.starts_with(|c: char| c.is_ascii_digit()) && alphanumeric(part) => (Subtag::Variant, 3),
            5..=8 if alphanumeric(part) => (Subtag::Variant, 3),
            _ => return None,
        };
        let may_repeat = matches!(subtag, Subtag::ExtendedLanguage | Subtag::Variant | Subtag::Extension);
        if at < stage || (at == stage && stage > 0 && !may_repeat) {
            return None;
        }
        stage = at;
        subtags.push(subtag);
        match subtag {
            Subtag::PrivateUse => {
                parts.peek()?;
            }
            Subtag::Extension => {
                let is_part = |part: &&str| alphanumeric(part) && (2..=8).contains(&part.len());
                parts.next_if(is_part)?;
                while parts.next_if(is_part).is_some() {}
            }
            _ => {}
        }
    }
    let is_bare_private_use = first == "x" && !lower.contains('-');
    (!is_bare_private_use).then_some(subtags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags() {
        for code in [
            "en",
            "en-US",
            "de-CH-1996",
            "zh-cmn-Hans-CN",
            "sl-rozaj-biske",
            "es-419",
            "x-garden",
            "i-klingon",
            "en-a-bbb-x-a",
            "ast",
            "sr-Latn-RS",
        ] {
            assert!(subtags(code).is_some(), "{code}");
        }
        for code in
            ["", "e", "en_US", "en-", "x", "en-x", "en-US-DE", "en-Latn-Cyrl", "12", "en-a", "englishes-x"]
        {
            assert!(subtags(code).is_none(), "{code}");
        }
    }
}
