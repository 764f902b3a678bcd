//! What is told to a client about its request (R4 §2.31, OperationOutcome).

use std::borrow::Cow;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// How bad an issue is (value set issue-severity).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// Probably not what was meant.
    Warning,
    /// Wrong; under `enforce` the write is refused.
    Error,
    /// Nothing could be done with the request.
    Fatal,
}

impl Severity {
    /// The code FHIR uses.
    pub fn code(self) -> &'static str {
        match self {
            Severity::Information => "information",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Fatal => "fatal",
        }
    }
}

/// What sort of issue it is (value set issue-type; the codes the gateway uses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueCode {
    /// Not parseable, or not the shape of a resource.
    Structure,
    /// Something required is missing.
    Required,
    /// A value is not in the right form.
    Value,
    /// A rule of a definition is broken.
    Invariant,
    /// A code is not in its value set.
    CodeInvalid,
    /// A rule of the referral's life is broken.
    BusinessRule,
    /// The gateway does not do this.
    NotSupported,
    /// No such resource.
    NotFound,
    /// There was one; it is deleted.
    Deleted,
    /// Somebody else changed it first.
    Conflict,
    /// The same key twice.
    Duplicate,
    /// Several resources match where one was meant.
    MultipleMatches,
    /// The caller may not.
    Forbidden,
    /// The caller did not say who it is.
    Login,
    /// Larger, deeper or longer than allowed.
    TooLong,
    /// Costs more than allowed.
    TooCostly,
    /// A passing condition: try again.
    Transient,
    /// Comes more often than allowed.
    Throttled,
    /// Took longer than allowed.
    Timeout,
    /// The gateway's own fault.
    Exception,
    /// Nothing wrong.
    Informational,
    /// What was asked for was carried out, with this remark.
    Processing,
}

impl IssueCode {
    /// The code FHIR uses.
    pub fn code(self) -> &'static str {
        match self {
            IssueCode::Structure => "structure",
            IssueCode::Required => "required",
            IssueCode::Value => "value",
            IssueCode::Invariant => "invariant",
            IssueCode::CodeInvalid => "code-invalid",
            IssueCode::BusinessRule => "business-rule",
            IssueCode::NotSupported => "not-supported",
            IssueCode::NotFound => "not-found",
            IssueCode::Deleted => "deleted",
            IssueCode::Conflict => "conflict",
            IssueCode::Duplicate => "duplicate",
            IssueCode::MultipleMatches => "multiple-matches",
            IssueCode::Forbidden => "forbidden",
            IssueCode::Login => "login",
            IssueCode::TooLong => "too-long",
            IssueCode::TooCostly => "too-costly",
            IssueCode::Transient => "transient",
            IssueCode::Throttled => "throttled",
            IssueCode::Timeout => "timeout",
            IssueCode::Exception => "exception",
            IssueCode::Informational => "informational",
            IssueCode::Processing => "processing",
        }
    }
}

/// One remark about a request or a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// What sort.
    pub code: IssueCode,
    /// What is wrong and what would satisfy it. Never holds values of a resource: outcomes are logged.
    pub message: String,
    /// Where: a simple FHIRPath from the resource, say `Task.input[0].type`.
    pub expression: Option<String>,
    /// The rule that was broken, say `SDOH-Con-2`, and the profile that has it.
    pub rule: Option<Rule>,
    /// Line and column in the text as sent, from 1.
    pub position: Option<(usize, usize)>,
}

/// Which rule of which definition an issue is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rule's own name: a constraint key, or one of the validator's kinds (`cardinality`, `binding` …).
    pub name: String,
    /// Canonical of the definition, with version.
    pub profile: String,
}

impl Issue {
    /// An issue without a place.
    pub fn new(severity: Severity, code: IssueCode, message: impl Into<String>) -> Issue {
        Issue { severity, code, message: message.into(), expression: None, rule: None, position: None }
    }

    /// An issue of severity error.
    pub fn error(code: IssueCode, message: impl Into<String>) -> Issue {
        Issue::new(Severity::Error, code, message)
    }

    /// An issue of severity warning.
    pub fn warning(code: IssueCode, message: impl Into<String>) -> Issue {
        Issue::new(Severity::Warning, code, message)
    }

    /// The same issue, placed.
    #[must_use]
    pub fn at(mut self, expression: impl Into<String>) -> Issue {
        self.expression = Some(expression.into());
        self
    }

    /// The same issue, with the rule it breaks.
    #[must_use]
    pub fn by(mut self, rule: impl Into<String>, profile: impl Into<String>) -> Issue {
        self.rule = Some(Rule { name: rule.into(), profile: profile.into() });
        self
    }

    /// Whether the issue makes its resource invalid.
    pub fn is_error(&self) -> bool {
        self.severity >= Severity::Error
    }
}

/// As `OperationOutcome.issue`.
impl Serialize for Issue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Details<'i> {
            coding: [Coding<'i>; 1],
            text: &'i str,
        }
        #[derive(Serialize)]
        struct Coding<'i> {
            system: &'i str,
            code: &'i str,
        }
        let mut issue = serializer.serialize_map(None)?;
        issue.serialize_entry("severity", self.severity.code())?;
        issue.serialize_entry("code", self.code.code())?;
        if let Some(Rule { name, profile }) = &self.rule {
            let coding = [Coding { system: profile, code: name }];
            issue.serialize_entry("details", &Details { coding, text: &self.message })?;
        }
        match self.position {
            None => issue.serialize_entry("diagnostics", &self.message)?,
            Some((line, column)) => {
                let message = &self.message;
                issue.serialize_entry(
                    "diagnostics",
                    &format_args!("{message} (line {line}, column {column})"),
                )?;
            }
        }
        if let Some(expression) = &self.expression {
            issue.serialize_entry("expression", &[expression])?;
        }
        issue.end()
    }
}

/// A list of issues, as told to a client. Never empty on the wire: no issue is "All OK".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationOutcome {
    /// The issues, in the order found.
    pub issues: Vec<Issue>,
}

impl OperationOutcome {
    /// Whether any issue is an error.
    pub fn has_errors(&self) -> bool {
        self.issues.iter().any(Issue::is_error)
    }

    /// The resource.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(Outcome::of(&self.issues)).unwrap_or_default()
    }

    /// The resource as JSON text.
    pub fn to_json(&self) -> String {
        OperationOutcome::json_of(&self.issues)
    }

    /// The resource with these issues as JSON text.
    pub fn json_of(issues: &[Issue]) -> String {
        serde_json::to_string(&Outcome::of(issues)).unwrap_or_default()
    }
}

/// The resource as it is written.
#[derive(Serialize)]
struct Outcome<'i> {
    #[serde(rename = "resourceType")]
    resource_type: &'static str,
    issue: Cow<'i, [Issue]>,
}

impl Outcome<'_> {
    fn of(issues: &[Issue]) -> Outcome<'_> {
        let issue = match issues {
            [] => vec![Issue::new(Severity::Information, IssueCode::Informational, "All OK")].into(),
            issues => issues.into(),
        };
        Outcome { resource_type: "OperationOutcome", issue }
    }
}

impl From<Issue> for OperationOutcome {
    fn from(issue: Issue) -> Self {
        OperationOutcome { issues: vec![issue] }
    }
}

impl From<Vec<Issue>> for OperationOutcome {
    fn from(issues: Vec<Issue>) -> Self {
        OperationOutcome { issues }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json() {
        let mut issue =
            Issue::error(IssueCode::Invariant, "no \"good\"").at("Task.code").by("a-1", "http://p|1");
        let check = |issues: Vec<Issue>, expected: Value| {
            let outcome = OperationOutcome::from(issues);
            assert_eq!(outcome.to_value()["issue"], expected);
            assert_eq!(outcome.to_json(), outcome.to_value().to_string());
            assert_eq!(outcome.to_value()["resourceType"], "OperationOutcome");
        };
        check(vec![], json!([{"severity": "information", "code": "informational", "diagnostics": "All OK"}]));
        let details = json!({"coding": [{"system": "http://p|1", "code": "a-1"}], "text": "no \"good\""});
        check(
            vec![issue.clone()],
            json!([{
                "severity": "error", "code": "invariant", "details": details, "diagnostics": "no \"good\"",
                "expression": ["Task.code"],
            }]),
        );
        issue.rule = None;
        issue.expression = None;
        issue.position = Some((2, 7));
        check(
            vec![issue],
            json!([{
                "severity": "error", "code": "invariant", "diagnostics": "no \"good\" (line 2, column 7)",
            }]),
        );
    }
}
