//! One answer: of the type the question asks for, and all else the form says about it.

use serde_json::Value;

use super::value::named;
use super::{Form, Question};
use crate::fhir::{Issue, IssueCode};
use crate::validator::place::Place;
use crate::validator::walk::Walk;

/// The types of options (`Questionnaire.item.answerOption.value[x]`).
const OPTIONS: [&str; 6] = ["Coding", "integer", "date", "time", "string", "Reference"];

const ANSWER: &str = "QuestionnaireResponse.item.answer";

impl<'a> Walk<'a> {
    /// An answer, one of `count` to the question.
    pub(super) fn answer(
        &mut self,
        form: &Form<'a>,
        question: Question<'a>,
        answer: &'a Value,
        count: usize,
        place: &Place<'_>,
    ) {
        let Some((name, value)) = named(answer, "value") else { return };
        let types = self.around.validator.definitions.types();
        let of_answer = types.find(ANSWER).map(|id| &types[id]);
        let Some((_, type_id)) = of_answer.and_then(|of_answer| of_answer.json_property(name)) else {
            return;
        };
        let type_name = types[type_id].name.as_str();
        let value_place = place.below("value", Some(type_name));
        let allowed = allowed(question.kind);
        // A choice may offer other things than codes; what it offers is looked at below.
        let is_option = || {
            let is_free = question.item.get("answerValueSet").is_none();
            is_free && question.kind.ends_with("choice") && OPTIONS.contains(&type_name)
        };
        if !allowed.contains(&type_name) && !is_option() {
            let text = format!("is a {type_name}; the questionnaire asks for {}", allowed.join(" or "));
            return self.tell(form, "type", Issue::error(IssueCode::Structure, text), &value_place);
        }
        self.options(form, question, (type_name, value), count, place, &value_place);
        self.limits(form, question, type_name, value, place, &value_place);
    }
}

/// The types of answers to a question of some kind (value set item-type).
fn allowed(kind: &str) -> &'static [&'static str] {
    match kind {
        "boolean" => &["boolean"],
        "decimal" => &["decimal"],
        "integer" => &["integer"],
        "date" => &["date"],
        "dateTime" => &["dateTime"],
        "time" => &["time"],
        "string" | "text" => &["string"],
        "url" => &["uri"],
        "choice" => &["Coding"],
        "open-choice" => &["Coding", "string"],
        "attachment" => &["Attachment"],
        "reference" => &["Reference"],
        "quantity" => &["Quantity"],
        _ => &[],
    }
}
