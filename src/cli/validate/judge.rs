//! One text: whether it is a resource, and a valid one.

use crate::definitions::Definitions;
use crate::fhir::json::{self, SyntaxError};
use crate::fhir::locate::place_issues;
use crate::fhir::time::Instant;
use crate::fhir::{Issue, IssueCode, Resource, Severity};
use crate::validator::{Context, Validator};
use crate::xml;

/// Judges texts, by the same rules all of them.
pub(super) struct Judge<'j> {
    definitions: &'j Definitions,
    validator: &'j Validator,
    profiles: &'j [&'j str],
    now: Instant,
}

/// What is to be said of one resource.
pub(super) struct Verdict {
    /// `Type/id`, or `Type`; `None` for what is no resource.
    pub(super) resource: Option<String>,
    /// Placed in the text.
    pub(super) issues: Vec<Issue>,
}

impl Verdict {
    /// Whether nothing is wrong with it.
    pub(super) fn is_valid(&self) -> bool {
        !self.issues.iter().any(Issue::is_error)
    }

    /// What is no FHIR at all.
    fn none(message: String, position: (usize, usize)) -> Verdict {
        let issue = Issue::new(Severity::Fatal, IssueCode::Structure, message);
        Verdict { resource: None, issues: vec![Issue { position: Some(position), ..issue }] }
    }
}

impl<'j> Judge<'j> {
    pub(super) fn new(
        definitions: &'j Definitions,
        validator: &'j Validator,
        profiles: &'j [&'j str],
        now: Instant,
    ) -> Judge<'j> {
        Judge { definitions, validator, profiles, now }
    }

    /// Judges a text, JSON or XML.
    pub(super) fn judge(&self, text: &[u8]) -> Verdict {
        match is_xml(text) {
            true => self.judge_xml(text),
            false => self.judge_json(text),
        }
    }

    fn judge_json(&self, text: &[u8]) -> Verdict {
        let value = match json::parse(text) {
            Ok(value) => value,
            Err(SyntaxError { message, line, column }) => {
                return Verdict::none(
                    format!("this is not JSON that FHIR accepts: {message}"),
                    (line, column),
                );
            }
        };
        match Resource::new(value) {
            Ok(resource) => self.validate(&resource, |issues| place_issues(text, issues)),
            Err(error) => {
                let mut issues = [Issue::error(IssueCode::Structure, "").at("Resource")];
                place_issues(text, &mut issues);
                Verdict::none(error.to_string(), issues[0].position.unwrap_or((1, 1)))
            }
        }
    }

    fn judge_xml(&self, text: &[u8]) -> Verdict {
        let read = xml::to_json(self.definitions.types(), text);
        match read {
            Ok(value) => match Resource::new(value) {
                Ok(resource) => self.validate(&resource, |issues| xml::place_issues(text, issues)),
                Err(error) => Verdict::none(error.to_string(), (1, 1)),
            },
            Err(error) => {
                let position = match error.place {
                    xml::Place::Text { line, column } => (line, column),
                    xml::Place::Element(_) => (1, 1),
                };
                Verdict::none(format!("this is not XML that FHIR accepts: {}", error.message), position)
            }
        }
    }

    fn validate(&self, resource: &Resource, place: impl FnOnce(&mut [Issue])) -> Verdict {
        let context = Context { profiles: self.profiles, now: Some(self.now), ..Context::default() };
        let mut issues = self.validator.validate_with(resource, &context);
        place(&mut issues);
        // In the order of the text.
        issues.sort_by_key(|issue| issue.position);
        Verdict { resource: Some(label(resource)), issues }
    }
}

fn label(resource: &Resource) -> String {
    match resource.id() {
        Some(id) => format!("{}/{id}", resource.type_name()),
        None => resource.type_name().to_owned(),
    }
}

/// Whether a text is XML rather than JSON: it begins with `<`.
pub(in super::super) fn is_xml(text: &[u8]) -> bool {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start().starts_with(b"<")
}
