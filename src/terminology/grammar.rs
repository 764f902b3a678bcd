//! Systems whose codes are told by a grammar rather than a list.

use super::Membership;
use crate::definitions::value_set::Filter;
use crate::fhirpath::ucum::Unit;

/// A grammar for codes.
#[derive(Debug, Clone)]
pub(super) enum Grammar {
    /// Media types (BCP 13, RFC 6838), parameters included.
    MediaType,
    /// Language tags (BCP 47, RFC 5646); the subtags that must or must not be there.
    Language(Vec<(Subtag, bool)>),
    /// Currencies (ISO 4217): the form can be told, the list changes.
    Currency,
    /// Units of measure; whether a rule narrows them in a way that is not understood here.
    Ucum { is_narrowed: bool },
}

/// A part of a language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subtag {
    ExtendedLanguage,
    Script,
    Region,
    Variant,
    Extension,
    PrivateUse,
}

/// The grammar of a code system under a value set's filters.
pub(super) fn of_system(system: &str, filters: &[Filter]) -> Option<Grammar> {
    match system {
        "urn:ietf:bcp:13" if filters.is_empty() => Some(Grammar::MediaType),
        "urn:ietf:bcp:47" => {
            let subtags = filters.iter().map(|filter| {
                let is_exists = filter.op == "exists";
                Some((subtag(&filter.property).filter(|_| is_exists)?, filter.value == "true"))
            });
            subtags.collect::<Option<_>>().map(Grammar::Language)
        }
        "urn:iso:std:iso:4217" if filters.is_empty() => Some(Grammar::Currency),
        "http://unitsofmeasure.org" => Some(Grammar::Ucum { is_narrowed: !filters.is_empty() }),
        _ => None,
    }
}

/// The specifications that some bindings name instead of a value set, and their grammars.
pub(super) fn specifications() -> Vec<(&'static str, Grammar)> {
    vec![
        ("http://www.rfc-editor.org/bcp/bcp13.txt", Grammar::MediaType),
        ("http://tools.ietf.org/html/bcp47", Grammar::Language(Vec::new())),
    ]
}

fn subtag(property: &str) -> Option<Subtag> {
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

impl Grammar {
    /// The code system it is of.
    pub(super) fn system(&self) -> &'static str {
        match self {
            Grammar::MediaType => "urn:ietf:bcp:13",
            Grammar::Language(_) => "urn:ietf:bcp:47",
            Grammar::Currency => "urn:iso:std:iso:4217",
            Grammar::Ucum { .. } => "http://unitsofmeasure.org",
        }
    }

    pub(super) fn contains(&self, code: &str) -> Membership {
        match self {
            Grammar::MediaType => media_type(code),
            Grammar::Language(rules) => match language(code) {
                Some(subtags) => {
                    let fits = |(subtag, wanted): &(Subtag, bool)| subtags.contains(subtag) == *wanted;
                    member(rules.iter().all(fits))
                }
                None => Membership::NotMember,
            },
            Grammar::Currency => {
                let has_form = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
                if has_form { Membership::Unknown } else { Membership::NotMember }
            }
            Grammar::Ucum { is_narrowed } => match Unit::is_unit(code) {
                Some(true) if !*is_narrowed => Membership::Member,
                Some(false) => Membership::NotMember,
                _ => Membership::Unknown,
            },
        }
    }
}

fn member(is_member: bool) -> Membership {
    if is_member { Membership::Member } else { Membership::NotMember }
}

/// RFC 6838 §4.2. FHIR also lets servers say `json` for `application/fhir+json`: a word without slash is not judged.
fn media_type(code: &str) -> Membership {
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let essence = code.split(';').next().unwrap_or_default().trim();
    match essence.split_once('/') {
        None if is_token(essence) => Membership::Unknown,
        None => Membership::NotMember,
        Some((kind, subtype)) => {
            let parameters = code.split(';').skip(1).map(str::trim).filter(|parameter| !parameter.is_empty());
            let has_form = |parameter: &str| {
                parameter
                    .split_once('=')
                    .is_some_and(|(name, value)| is_token(name.trim()) && !value.is_empty())
            };
            member(is_token(kind) && is_token(subtype) && parameters.clone().all(has_form))
        }
    }
}

/// RFC 5646 §2.1: the subtags beside the language; `None` when it is no language tag.
fn language(code: &str) -> Option<Vec<Subtag>> {
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
            assert!(language(code).is_some(), "{code}");
        }
        for code in
            ["", "e", "en_US", "en-", "x", "en-x", "en-US-DE", "en-Latn-Cyrl", "12", "en-a", "englishes-x"]
        {
            assert!(language(code).is_none(), "{code}");
        }
        let plain = Grammar::Language(vec![(Subtag::Script, false)]);
        assert_eq!(plain.contains("en-US"), Membership::Member);
        assert_eq!(plain.contains("sr-Latn"), Membership::NotMember);
    }

    #[test]
    fn media_types() {
        for (code, expected) in [
            ("text/plain", Membership::Member),
            ("application/fhir+json; fhirVersion=4.0", Membership::Member),
            ("text/plain;charset=UTF-8", Membership::Member),
            ("json", Membership::Unknown),
            ("text/", Membership::NotMember),
            ("text plain", Membership::NotMember),
            ("a/b/c", Membership::NotMember),
            ("text/plain; charset", Membership::NotMember),
        ] {
            assert_eq!(media_type(code), expected, "{code}");
        }
    }

    #[test]
    fn currencies() {
        assert_eq!(Grammar::Currency.contains("USD"), Membership::Unknown);
        assert_eq!(Grammar::Currency.contains("Dollar"), Membership::NotMember);
    }
}
