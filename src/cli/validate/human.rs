//! For people: where, what, the line it is in, and by which rule.

use std::fmt::Write as _;

use crate::fhir::{Issue, Severity};

use super::report::Judged;
use crate::cli::excerpt::{Excerpt, harmless};

/// `file:line:column: severity: element: message`, and below it the line.
pub(super) fn write(judged: &Judged<'_>, is_coloured: bool) -> String {
    let paint = Paint { is_coloured };
    let mut out = String::new();
    for issue in judged.issues {
        // Writing to a String cannot fail.
        let _ = one(&mut out, &paint, judged, issue);
    }
    out
}

fn one(out: &mut String, paint: &Paint, judged: &Judged<'_>, issue: &Issue) -> std::fmt::Result {
    let position = judged.position(issue);
    let place = match position {
        Some((line, column)) => format!("{}:{line}:{column}", harmless(judged.file)),
        None => harmless(judged.file),
    };
    let colour = match issue.severity {
        Severity::Fatal | Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Information => "1;36",
    };
    // What is fatal to FHIR is an error to a person.
    let severity = issue.severity.min(Severity::Error).code();
    write!(out, "{}: {}: ", paint.with("1", &place), paint.with(colour, severity))?;
    if let Some(expression) = &issue.expression {
        write!(out, "{}: ", harmless(expression))?;
    }
    writeln!(out, "{}", harmless(&issue.message))?;
    let excerpt = issue.position.and_then(|place| judged.text.excerpt(place));
    if let (Some(Excerpt { line, indent, length }), Some((number, _))) = (excerpt, position) {
        let (margin, bar) = (" ".repeat(number.to_string().len()), paint.with("34", "|"));
        writeln!(out, " {margin} {bar}")?;
        writeln!(out, " {} {bar} {line}", paint.with("34", &number.to_string()))?;
        let carets = format!("{}{}", " ".repeat(indent), paint.with(colour, &"^".repeat(length)));
        writeln!(out, " {margin} {bar} {carets}")?;
    }
    if let Some(rule) = &issue.rule {
        writeln!(out, "   = rule {} of {}", harmless(&rule.name), harmless(&rule.profile))?;
    }
    writeln!(out)
}

struct Paint {
    is_coloured: bool,
}

impl Paint {
    fn with(&self, colour: &str, text: &str) -> String {
        if self.is_coloured { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
