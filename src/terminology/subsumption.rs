//! Whether one concept is a kind of another (R4 §4.8.16.2, `$subsumes`).

use super::library::Library;
use super::lookup::NotFound;
use super::missing::Missing;
use super::verdict::versioned;
use crate::definitions::code_system::Content;

/// How two concepts stand to each other (value set concept-subsumption-outcome).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subsumption {
    /// They are the same.
    Equivalent,
    /// The second is a kind of the first.
    Subsumes,
    /// The first is a kind of the second.
    SubsumedBy,
    /// Neither is a kind of the other.
    NotSubsumed,
}

impl Subsumption {
    /// The code FHIR uses.
    pub fn code(self) -> &'static str {
        match self {
            Subsumption::Equivalent => "equivalent",
            Subsumption::Subsumes => "subsumes",
            Subsumption::SubsumedBy => "subsumed-by",
            Subsumption::NotSubsumed => "not-subsumed",
        }
    }
}

/// How two codes of a system stand to each other.
///
/// Errors: the system, or the rest of it, is not at hand; it does not have one of the codes.
pub fn subsumes(
    library: &dyn Library,
    system: &str,
    version: Option<&str>,
    first: &str,
    second: &str,
) -> Result<Subsumption, NotFound> {
    let canonical = versioned(system, version);
    let Some(concepts) = library.concepts(&canonical) else {
        return Err(NotFound::Missing(Missing::System(canonical)));
    };
    let (Some(a), Some(b)) = (concepts.get(first), concepts.get(second)) else {
        return Err(match concepts.system.content {
            Content::Complete => NotFound::Code(canonical),
            _ => NotFound::Missing(Missing::RestOf(canonical)),
        });
    };
    let is_kind = |specific: &str, general: &str| concepts.with_ancestors(specific).contains(general);
    Ok(if a.code == b.code {
        Subsumption::Equivalent
    } else if is_kind(&b.code, &a.code) {
        Subsumption::Subsumes
    } else if is_kind(&a.code, &b.code) {
        Subsumption::SubsumedBy
    } else {
        Subsumption::NotSubsumed
    })
}
