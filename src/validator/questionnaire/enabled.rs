//! Whether a question is asked at all (`Questionnaire.item.enableWhen`).

use std::cmp::Ordering;

use serde_json::Value;

use super::value::{compare, is_same, named};
use super::{Question, list, text};

/// The items of a level of the response, and the levels above it.
pub(super) struct Scope<'s, 'a> {
    pub(super) items: &'a [Value],
    pub(super) above: Option<&'s Scope<'s, 'a>>,
}

impl<'a> Scope<'_, 'a> {
    /// The answers to a question: those nearest to whoever asks, as groups may repeat.
    fn answers(&self, link_id: &str) -> Vec<&'a Value> {
        let mut found = Vec::new();
        collect(self.items, link_id, &mut found);
        match self.above {
            Some(above) if found.is_empty() => above.answers(link_id),
            _ => found,
        }
    }
}

fn collect<'a>(items: &'a [Value], link_id: &str, found: &mut Vec<&'a Value>) {
    for item in items {
        let answers = list(item, "answer");
        if text(item, "linkId") == Some(link_id) {
            found.extend(answers);
        }
        collect(list(item, "item"), link_id, found);
        answers.iter().for_each(|answer| collect(list(answer, "item"), link_id, found));
    }
}

/// Whether a question is asked, given the answers to others; `None` where it cannot be told.
pub(super) fn is_enabled(question: Question<'_>, scope: &Scope<'_, '_>) -> Option<bool> {
    // Expressions (SDC) are for those who show the form.
    if question.extensions("sdc-questionnaire-enableWhenExpression").next().is_some() {
        return None;
    }
    let conditions = list(question.item, "enableWhen");
    if conditions.is_empty() {
        return Some(true);
    }
    let met = conditions.iter().map(|condition| is_met(condition, scope));
    let needs_all = text(question.item, "enableBehavior") == Some("all");
    met.reduce(|one, other| match (one, other) {
        (Some(one), Some(other)) => Some(if needs_all { one && other } else { one || other }),
        (Some(known), None) | (None, Some(known)) if known != needs_all => Some(known),
        _ => None,
    })?
}

fn is_met(condition: &Value, scope: &Scope<'_, '_>) -> Option<bool> {
    let answers = scope.answers(text(condition, "question")?);
    let (_, wanted) = named(condition, "answer")?;
    let operator = text(condition, "operator")?;
    if operator == "exists" {
        return Some(answers.is_empty() != wanted.as_bool()?);
    }
    let fits = |answer: &&Value| {
        let Some((_, value)) = named(answer, "value") else { return false };
        let order = compare(value, wanted);
        match operator {
            "=" => is_same(value, wanted),
            "!=" => !is_same(value, wanted),
            ">" => order == Some(Ordering::Greater),
            "<" => order == Some(Ordering::Less),
            ">=" => order.is_some_and(Ordering::is_ge),
            _ => order.is_some_and(Ordering::is_le),
        }
    };
    Some(answers.iter().any(fits))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn questions_are_asked() {
        let items = json!([
            {"linkId": "a", "answer": [{"valueInteger": 3}]},
            {"linkId": "g", "item": [{"linkId": "b", "answer": [{"valueCoding": {"system": "s", "code": "x"}}]}]},
        ]);
        let scope = Scope { items: items.as_array().unwrap(), above: None };
        let when = |question: &str, operator: &str, wanted: serde_json::Value| {
            let mut condition = json!({"question": question, "operator": operator});
            condition.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());
            condition
        };
        let more = when("a", ">", json!({"answerInteger": 2}));
        let less = when("a", "<", json!({"answerInteger": 2}));
        for (item, expected) in [
            (json!({}), Some(true)),
            (json!({"enableWhen": [more]}), Some(true)),
            (json!({"enableWhen": [less]}), Some(false)),
            (json!({"enableWhen": [more, less], "enableBehavior": "all"}), Some(false)),
            (json!({"enableWhen": [more, less], "enableBehavior": "any"}), Some(true)),
            (
                json!({"enableWhen": [when("b", "=", json!({"answerCoding": {"system": "s", "code": "x"}}))]}),
                Some(true),
            ),
            (
                json!({"enableWhen": [when("b", "!=", json!({"answerCoding": {"system": "s", "code": "x"}}))]}),
                Some(false),
            ),
            (json!({"enableWhen": [when("c", "exists", json!({"answerBoolean": false}))]}), Some(true)),
            (json!({"enableWhen": [when("c", "!=", json!({"answerInteger": 1}))]}), Some(false)),
            (json!({"enableWhen": [{"question": "a"}]}), None),
        ] {
            assert_eq!(is_enabled(Question::new(&item), &scope), expected, "{item}");
        }
    }
}
