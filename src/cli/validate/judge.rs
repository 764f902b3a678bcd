//! One text: whether it is a resource, and a valid one.

use tokio::runtime::Handle;

use crate::cli::document::{Flaw, Syntax};
use crate::definitions::Definitions;
use crate::fhir::time::Instant;
use crate::fhir::{Issue, IssueCode, Resource, Severity};
use crate::fhirpath;
use crate::gateway::terminology_server::{Patience, TerminologyServer};
use crate::validator::{Context, Validator};

/// Judges texts, by the same rules all of them.
pub(super) struct Judge<'j> {
    definitions: &'j Definitions,
    validator: &'j Validator,
    profiles: &'j [&'j str],
    now: Instant,
    help: Option<Help<'j>>,
}

/// A terminology server, and where waiting for it is done.
pub(super) struct Help<'j> {
    pub(super) server: &'j TerminologyServer,
    pub(super) runtime: Handle,
    /// For each resource.
    pub(super) patience: Patience,
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
        help: Option<Help<'j>>,
    ) -> Judge<'j> {
        Judge { definitions, validator, profiles, now, help }
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
        let validate = |terminology: Option<&dyn fhirpath::Terminology>| {
            let (profiles, now) = (self.profiles, Some(self.now));
            let context = Context { profiles, terminology, now, ..Context::default() };
            self.validator.validate_with(&resource, &context)
        };
        let mut issues = match &self.help {
            None => validate(None),
            Some(Help { server, runtime, patience }) => {
                runtime.block_on(server.judge(|known| validate(Some(known)), &mut patience.clone()))
            }
        };
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
