//! Code systems that no FHIR package has, although the definitions use them: short lists that others keep.

use std::sync::{Arc, LazyLock};

use super::concepts::{Concepts, Index};
use crate::definitions::CodeSystem;
use crate::definitions::canonical;
use crate::definitions::code_system::{Concept, Content};

/// ISO 3166-1: two letters, three letters, name. The standard adds codes; some are free for users.
const COUNTRIES: &str = include_str!("countries.tsv");
/// ISO 4217, those of the past included: code, name. The standard adds codes.
const CURRENCIES: &str = include_str!("currencies.tsv");
/// United States Postal Service, Publication 28, appendix B: code, name.
const STATES: &str = include_str!("states.tsv");

static TABLES: LazyLock<Vec<(CodeSystem, Arc<Index>)>> = LazyLock::new(|| {
    let tables = [
        ("urn:iso:std:iso:3166", Content::Fragment, COUNTRIES),
        ("urn:iso:std:iso:4217", Content::Fragment, CURRENCIES),
        ("https://www.usps.com/", Content::Complete, STATES),
    ];
    let systems = tables.into_iter().map(|(url, content, text)| system(url, content, text));
    systems
        .map(|system| (Index::new(&system), system))
        .map(|(index, system)| (system, Arc::new(index)))
        .collect()
});

/// The code system of that canonical, when it is one of these and no version of it is asked for.
pub(super) fn concepts(canonical: &str) -> Option<Concepts<'static>> {
    let (url, None) = canonical::split(canonical) else { return None };
    let (system, index) = TABLES.iter().find(|(system, _)| system.url == url)?;
    Some(Concepts::new(system, Arc::clone(index)))
}

/// What codes of a system look like that is told neither by a list nor by a grammar.
pub(super) fn form_of(system: &str) -> Option<fn(&str) -> bool> {
    match system {
        "urn:iso:std:iso:3166" => Some(is_country),
        "urn:iso:std:iso:3166:-2" => Some(is_subdivision),
        "urn:iso:std:iso:4217" => Some(|code| code.len() == 3 && is_upper(code)),
        "https://www.iana.org/time-zones" => Some(is_time_zone),
        _ => None,
    }
}

fn system(url: &str, content: Content, text: &str) -> CodeSystem {
    let concepts = text.lines().flat_map(|line| {
        let mut fields: Vec<&str> = line.split('\t').collect();
        let display = fields.pop().map(str::to_owned);
        let codes: Vec<String> = fields.into_iter().map(str::to_owned).collect();
        codes.into_iter().map(move |code| Concept { code, display: display.clone(), ..Concept::default() })
    });
    CodeSystem {
        url: url.to_owned(),
        version: String::new(),
        name: String::new(),
        content,
        case_sensitive: true,
        value_set: None,
        supplements: None,
        hierarchy_meaning: None,
        properties: Vec::new(),
        concepts: concepts.collect(),
    }
}

fn is_upper(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_uppercase())
}

/// Two or three letters, or the three digits of the United Nations.
fn is_country(code: &str) -> bool {
    ((2..=3).contains(&code.len()) && is_upper(code))
        || (code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()))
}

/// ISO 3166-2: the country's two letters, a dash, up to three letters or digits.
fn is_subdivision(code: &str) -> bool {
    let is_part = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    code.split_once('-')
        .is_some_and(|(country, part)| country.len() == 2 && is_upper(country) && is_part(part))
}

/// Names of the IANA Time Zone Database: an area, a place, perhaps a place within; or a short name as `UTC`.
fn is_time_zone(code: &str) -> bool {
    let is_part = |part: &str| {
        (1..=14).contains(&part.len())
            && part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-_".contains(&b))
    };
    code.split('/').count() <= 3 && code.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        for (system, code, display) in [
            ("urn:iso:std:iso:3166", "US", Some("United States")),
            ("urn:iso:std:iso:3166", "USA", Some("United States")),
            ("urn:iso:std:iso:3166", "ZZ", None),
            ("urn:iso:std:iso:4217", "USD", Some("US Dollar")),
            ("https://www.usps.com/", "MI", Some("Michigan")),
            ("https://www.usps.com/", "ON", None),
        ] {
            let concept = concepts(system).unwrap();
            let concept = concept.get(code);
            assert_eq!(concept.and_then(|concept| concept.display.as_deref()), display, "{system} {code}");
        }
        assert!(concepts("urn:iso:std:iso:3166|2020").is_none(), "no version is known");
        assert!(concepts("http://loinc.org").is_none());
    }

    #[test]
    fn forms() {
        for (system, good, bad) in [
            ("urn:iso:std:iso:3166", &["US", "USA", "840", "QQ"][..], &["us", "USAA", "U", "84"][..]),
            ("urn:iso:std:iso:3166:-2", &["US-MI", "GB-ENG", "AT-9"], &["MI", "US-", "US-MICH", "us-MI"]),
            ("urn:iso:std:iso:4217", &["USD", "ZZZ"], &["usd", "US", "DOLLAR"]),
            (
                "https://www.iana.org/time-zones",
                &["America/New_York", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5", "EST5EDT"],
                &["New York", "America/", "+01:00", "a/b/c/d", ""],
            ),
        ] {
            let has_form = form_of(system).unwrap();
            good.iter().for_each(|code| assert!(has_form(code), "{system} {code}"));
            bad.iter().for_each(|code| assert!(!has_form(code), "{system} {code}"));
        }
    }
}
