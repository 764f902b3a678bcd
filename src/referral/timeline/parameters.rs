//! The timeline as a Parameters resource (R4 §2.40).
//!
//! | parameter | value | |
//! |---|---|---|
//! | `task` | Reference | 1 |
//! | `status` | code | 0..1: `Task.status` now |
//! | `summary` | string | 1, for people |
//! | `closed` | boolean | 1: the source can see what came of it |
//! | `openTime`, `openTimeText` | Duration in s, string | 0..1 once sent |
//! | `step` | parts | one each: `name`, `progress` (`reached`, `not-yet`, `not-recorded`, `will-not`), `text`; when reached those of `change` too, and `previous`, the step which `sincePrevious` counts from; the outcome has the `output`s |
//! | `change` | parts | each change, oldest first: `status`, `when`, `who`, `reason`, `businessStatus`, `sincePrevious`, `sincePreviousText` |

use serde_json::{Value, json};

use crate::fhir::Reference;

use super::words::spoken;
use super::{Entry, Milestone, Progress, Span, Step, Timeline};

impl Timeline<'_> {
    /// The resource. Valid R4: each parameter has a name and either one value or parts.
    pub fn to_parameters(&self) -> Value {
        let mut parameters =
            vec![parameter("task", "valueReference", json!({ "reference": format!("Task/{}", self.id) }))];
        let last = self.latest();
        if let Some(status) = last.and_then(|last| last.status) {
            parameters.push(parameter("status", "valueCode", status.code().into()));
        }
        parameters.push(parameter("summary", "valueString", self.summary().into()));
        parameters.push(parameter("closed", "valueBoolean", self.closed.into()));
        if let Some(open) = self.open {
            parameters.extend(duration("openTime", open));
        }
        let ending = last.filter(|_| self.ended).map(spoken);
        parameters.extend(self.steps.iter().map(|step| parts("step", step_parts(step, ending))));
        parameters.extend(self.changes.iter().map(|entry| {
            let mut change = entry_parts(entry);
            change.extend(entry.since.into_iter().flat_map(|since| duration("sincePrevious", since)));
            parts("change", change)
        }));
        json!({"resourceType": "Parameters", "parameter": parameters})
    }
}

fn step_parts(step: &Step, ending: Option<&str>) -> Vec<Value> {
    let mut step_parts = vec![
        parameter("name", "valueCode", step.milestone.code().into()),
        parameter("progress", "valueCode", step.progress.code().into()),
        parameter("text", "valueString", step.sentence(ending).into()),
    ];
    if let Progress::Reached { entry, since } = &step.progress {
        step_parts.extend(entry_parts(entry));
        if let Some((milestone, span)) = since {
            step_parts.push(parameter("previous", "valueCode", milestone.code().into()));
            step_parts.extend(duration("sincePrevious", *span));
        }
        if step.milestone == Milestone::Outcome {
            step_parts.extend(entry.outputs().iter().filter_map(output));
        }
    }
    step_parts
}

fn entry_parts(entry: &Entry) -> Vec<Value> {
    let mut entry_parts = Vec::with_capacity(5);
    match entry.status {
        Some(status) => entry_parts.push(parameter("status", "valueCode", status.code().into())),
        None if entry.task.is_none() => entry_parts.push(parameter("deleted", "valueBoolean", true.into())),
        None => {}
    }
    entry_parts.push(parameter("when", "valueInstant", entry.at.to_fhir().into()));
    if let Some(who) = entry.who.filter(|who| !who.is_empty()) {
        let is_reference = !matches!(Reference::parse(who), Reference::Other(_));
        let who = if is_reference { json!({ "reference": who }) } else { json!({ "display": who }) };
        entry_parts.push(parameter("who", "valueReference", who));
    }
    if let Some(reason) = entry.reason {
        entry_parts.push(parameter("reason", "valueString", reason.into()));
    }
    if let Some(business) = entry.business_status().filter(|business| business.is_object()) {
        entry_parts.push(parameter("businessStatus", "valueCodeableConcept", business.clone()));
    }
    entry_parts
}

/// An output of the Task as it is, in the types the IG gives outputs.
fn output(output: &Value) -> Option<Value> {
    const TYPES: [&str; 4] = ["valueReference", "valueCodeableConcept", "valueMarkdown", "valueString"];
    TYPES.iter().find_map(|name| Some(parameter("output", name, output.get(name)?.clone())))
}

fn duration(name: &str, span: Span) -> [Value; 2] {
    let seconds = json!({
        "value": span.seconds(), "unit": "s", "system": "http://unitsofmeasure.org", "code": "s"
    });
    let text = parameter(&format!("{name}Text"), "valueString", span.to_string().into());
    [parameter(name, "valueDuration", seconds), text]
}

fn parameter(name: &str, kind: &str, value: Value) -> Value {
    json!({"name": name, kind: value})
}

fn parts(name: &str, parts: Vec<Value>) -> Value {
    json!({"name": name, "part": parts})
}
