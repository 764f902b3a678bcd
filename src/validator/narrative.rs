//! Narrative: safe XHTML with some content (R4 §2.4.0, invariants txt-1 and txt-2).

use crate::fhir::{Issue, IssueCode};
use crate::fhirpath::html::{self, HtmlError};

const NARRATIVE: &str = "http://hl7.org/fhir/StructureDefinition/Narrative";

/// What is wrong with `Narrative.div`.
pub(super) fn check(div: &str) -> Option<Issue> {
    let error = html::check(div).err()?;
    let rule = if error == HtmlError::Empty { "txt-2" } else { "txt-1" };
    Some(Issue::error(IssueCode::Invariant, error.to_string()).by(rule, NARRATIVE))
}
