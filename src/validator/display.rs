//! Texts that stand beside codes (`Coding.display`): one that says something else is a warning.

use serde_json::{Map, Value};

use super::path::get;
use super::place::Place;
use super::walk::Walk;
use crate::fhir::{Issue, IssueCode};

const CODING: &str = "http://hl7.org/fhir/StructureDefinition/Coding";

impl Walk<'_> {
    pub(super) fn display(&mut self, coding: &Map<String, Value>, place: &Place<'_>) {
        let text = |name: &str| get(coding, name).and_then(Value::as_str);
        let (Some(display), Some(system), Some(code)) = (text("display"), text("system"), text("code"))
        else {
            return;
        };
        let terminology = &self.around.validator.terminology;
        let Some(wanted) = terminology.right_display(system, code, display) else { return };
        if self.is_english() {
            let text = format!("the code system has another text for this code: \"{wanted}\"");
            let issue = Issue::warning(IssueCode::Value, text).at(place.below("display", None).to_string());
            self.add(issue.by("display", CODING));
        }
    }

    /// Whether the resource is in English, as far as it says; displays in other languages are not at hand.
    fn is_english(&self) -> bool {
        let resource = self.environment.resource.as_ref().and_then(|node| node.element()?.value);
        let language = resource.and_then(|resource| resource.get("language")?.as_str());
        language.is_none_or(|language| language.starts_with("en"))
    }
}
