//! One text: whether it is a resource, and a valid one.

use crate::cli::document::{Flaw, Syntax};
use crate::definitions::Definitions;
use crate::fhir::time::Instant;
use crate::fhir::{Issue, IssueCode, Resource, Severity};
use crate::validator::{Context, Validator};

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
    /// Placed in the text, and in its order.
    pub(super) issues: Vec<Issue>,
}

impl Verdict {
    /// Whether nothing is wrong with it.
    pub(super) fn is_valid(&self) -> bool {
        !self.issues.iter().any(Issue::is_error)
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

    /// Judges a text, JSON or XML. What is no FHIR is invalid.
    pub(super) fn judge(&self, text: &[u8]) -> Verdict {
        let syntax = Syntax::of(text);
        let resource = match syntax.parse(self.definitions.types(), text) {
            Ok(resource) => resource,
            Err(Flaw { message, position }) => {
                let issue = Issue::new(Severity::Fatal, IssueCode::Structure, message);
                let issue = Issue { position: Some(position), ..issue };
                return Verdict { resource: None, issues: vec![issue] };
            }
        };
        let context = Context { profiles: self.profiles, now: Some(self.now), ..Context::default() };
        let mut issues = self.validator.validate_with(&resource, &context);
        syntax.place(text, &mut issues);
        issues.sort_by_key(|issue| issue.position);
        Verdict { resource: Some(label(&resource)), issues }
    }
}

fn label(resource: &Resource) -> String {
    match resource.id() {
        Some(id) => format!("{}/{id}", resource.type_name()),
        None => resource.type_name().to_owned(),
    }
}
