//! Systems whose codes are told by a grammar rather than a list.

mod language;
mod media_type;

use std::sync::LazyLock;

use language::Subtag;

use super::Membership;
use super::missing::Missing;
use crate::definitions::value_set::Filter;
use crate::fhirpath::ucum::Unit;

const MEDIA_TYPES: &str = "urn:ietf:bcp:13";
const LANGUAGES: &str = "urn:ietf:bcp:47";
const UNITS: &str = "http://unitsofmeasure.org";

/// A grammar for codes.
#[derive(Debug, Clone)]
pub(super) enum Grammar {
    /// Media types (BCP 13, RFC 6838), parameters included.
    MediaType,
    /// Language tags (BCP 47, RFC 5646); the subtags that must or must not be there.
    Language(Vec<(Subtag, bool)>),
    /// Units of measure; the rule that narrows them in a way that is not understood here.
    Ucum(Option<Missing>),
}

/// The grammar of a code system under a value set's filters.
pub(super) fn of_system(system: &str, filters: &[Filter]) -> Option<Grammar> {
    match system {
        MEDIA_TYPES if filters.is_empty() => Some(Grammar::MediaType),
        LANGUAGES => {
            let subtags = filters.iter().map(|filter| {
                let is_exists = filter.op == "exists";
                Some((language::subtag(&filter.property).filter(|_| is_exists)?, filter.value == "true"))
            });
            subtags.collect::<Option<_>>().map(Grammar::Language)
        }
        UNITS => Some(Grammar::Ucum(filters.first().map(|filter| Missing::Filter {
            system: UNITS.to_owned(),
            property: filter.property.clone(),
            op: filter.op.clone(),
        }))),
        _ => None,
    }
}

/// The specifications that some bindings name instead of a value set.
pub(super) const SPECIFICATIONS: [&str; 2] =
    ["http://www.rfc-editor.org/bcp/bcp13.txt", "http://tools.ietf.org/html/bcp47"];

/// The grammar of a specification.
pub(super) fn specification(url: &str) -> Option<Grammar> {
    match SPECIFICATIONS.iter().position(|known| *known == url)? {
        0 => Some(Grammar::MediaType),
        _ => Some(Grammar::Language(Vec::new())),
    }
}

impl Grammar {
    /// The code system it is of.
    pub(super) fn system(&self) -> &'static str {
        match self {
            Grammar::MediaType => MEDIA_TYPES,
            Grammar::Language(_) => LANGUAGES,
            Grammar::Ucum(_) => UNITS,
        }
    }

    pub(super) fn contains(&self, code: &str) -> Membership {
        match self {
            Grammar::MediaType => media_type::check(code),
            Grammar::Language(rules) => match language::subtags(code) {
                Some(subtags) => {
                    let fits = |(subtag, wanted): &(Subtag, bool)| subtags.contains(subtag) == *wanted;
                    rules.iter().all(fits).into()
                }
                None => Membership::NotMember,
            },
            Grammar::Ucum(narrowed) => match Unit::is_unit(code) {
                Some(true) if narrowed.is_none() => Membership::Member,
                Some(false) => Membership::NotMember,
                _ => Membership::Unknown,
            },
        }
    }

    /// What keeps some codes of the right form from being told in or out; language tags all are.
    pub(super) fn missing(&self) -> Option<&Missing> {
        static MORE_MEDIA_TYPES: LazyLock<Missing> =
            LazyLock::new(|| Missing::RestOf(MEDIA_TYPES.to_owned()));
        static MORE_UNITS: LazyLock<Missing> = LazyLock::new(|| Missing::RestOf(UNITS.to_owned()));
        match self {
            Grammar::MediaType => Some(&MORE_MEDIA_TYPES),
            Grammar::Language(_) => None,
            Grammar::Ucum(narrowed) => Some(narrowed.as_ref().unwrap_or(&MORE_UNITS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtags_that_a_rule_does_not_want() {
        let plain = Grammar::Language(vec![(Subtag::Script, false)]);
        assert_eq!(plain.contains("en-US"), Membership::Member);
        assert_eq!(plain.contains("sr-Latn"), Membership::NotMember);
    }
}
