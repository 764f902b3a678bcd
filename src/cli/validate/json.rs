//! A JSON object for each resource, one a line.

use serde_json::{Value, json};

use super::report::Judged;

/// `{"file","resource","valid","issues":[{"severity","code","expression","line","column","profile","rule","message"}]}`.
pub(super) fn write(judged: &Judged<'_>) -> String {
    let issues: Vec<Value> = judged
        .issues
        .iter()
        .map(|issue| {
            let (line, column) = judged.position(issue).unzip();
            let rule = issue.rule.as_ref();
            json!({
                "severity": issue.severity.code(),
                "code": issue.code.code(),
                "expression": issue.expression,
                "line": line,
                "column": column,
                "profile": rule.map(|rule| &rule.profile),
                "rule": rule.map(|rule| &rule.name),
                "message": issue.message,
            })
        })
        .collect();
    let line = json!({
        "file": judged.file,
        "resource": judged.resource,
        "valid": judged.is_valid,
        "issues": issues,
    });
    format!("{line}\n")
}
