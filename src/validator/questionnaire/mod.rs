//! A QuestionnaireResponse beside its Questionnaire (R4 §2.57 and §2.58): are all questions that had to be answered
//! answered, none that were not asked, and each as the form wants it?

mod answer;
mod enabled;
mod limits;
mod options;
mod value;

use std::collections::HashMap;

use serde_json::{Map, Value};

use self::enabled::Scope;
use super::path::get;
use super::place::Place;
use super::walk::Walk;
use crate::fhir::{Issue, IssueCode, Severity};
use crate::fhirpath::{Link, Resolution};

/// The form that was filled in.
struct Form<'a> {
    /// The Questionnaire.
    value: &'a Value,
    /// Its canonical, for messages.
    name: String,
    /// Whether whoever filled it in is done: until then nothing is missing.
    is_complete: bool,
}

/// A question or group of the form.
#[derive(Clone, Copy)]
struct Question<'a> {
    item: &'a Value,
    kind: &'a str,
    is_required: bool,
    repeats: bool,
}

impl<'a> Question<'a> {
    fn new(item: &'a Value) -> Question<'a> {
        let flag = |name: &str| item.get(name).and_then(Value::as_bool).unwrap_or(false);
        Question {
            item,
            kind: text(item, "type").unwrap_or_default(),
            is_required: flag("required"),
            repeats: flag("repeats"),
        }
    }

    /// The value of an extension, by the last part of its URL.
    fn extensions(self, name: &'static str) -> impl Iterator<Item = &'a Value> {
        let own = self.item.get("extension").and_then(Value::as_array).into_iter().flatten();
        let named =
            own.filter(move |extension| text(extension, "url").is_some_and(|url| url.ends_with(name)));
        named.filter_map(|extension| {
            extension.as_object()?.iter().find(|(key, _)| key.starts_with("value")).map(|(_, value)| value)
        })
    }

    fn number(self, name: &'static str) -> Option<u64> {
        self.extensions(name).find_map(Value::as_u64)
    }
}

impl<'a> Walk<'a> {
    /// Holds a response against its form, when that is at hand.
    pub(super) fn response(&mut self, response: &'a Map<String, Value>, place: &Place<'_>) {
        let Some(canonical) = get(response, "questionnaire").and_then(Value::as_str) else { return };
        let Some(value) = self.questionnaire(canonical) else {
            let text = "the answers are not checked: the questionnaire is not at hand";
            let at = place.below("questionnaire", None).to_string();
            return self.add(Issue::new(Severity::Information, IssueCode::Informational, text).at(at));
        };
        let status = get(response, "status").and_then(Value::as_str);
        let name = match (text(value, "url"), text(value, "version")) {
            (Some(url), Some(version)) => format!("{url}|{version}"),
            (url, _) => url.unwrap_or(canonical).to_owned(),
        };
        let form = Form { value, name, is_complete: matches!(status, Some("completed" | "amended")) };
        let items = get(response, "item").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let scope = Scope { items, above: None };
        self.level(&form, list(value, "item"), &scope, place);
    }

    /// The Questionnaire of that canonical: contained, in the same Bundle, or as the resolver finds it.
    fn questionnaire(&self, canonical: &str) -> Option<&'a Value> {
        let found = match canonical.strip_prefix('#') {
            Some(id) => self.around.contained(self.container, id)?,
            None => {
                let link = Link {
                    literal: Some(canonical),
                    type_name: Some("Questionnaire"),
                    container: Some(self.container),
                };
                match self.around.canonical(link) {
                    Resolution::Resource(found) => found,
                    _ => return None,
                }
            }
        };
        (text(found, "resourceType") == Some("Questionnaire")).then_some(found)
    }

    /// The items of one level of the response, beside the questions of the same level of the form.
    fn level(&mut self, form: &Form<'a>, questions: &'a [Value], scope: &Scope<'_, 'a>, place: &Place<'_>) {
        let link_ids = questions.iter().enumerate();
        let positions: HashMap<&str, usize> =
            link_ids.filter_map(|(position, question)| Some((text(question, "linkId")?, position))).collect();
        let mut found: Vec<Vec<usize>> = vec![Vec::new(); questions.len()];
        let mut last = 0;
        for (index, item) in scope.items.iter().enumerate() {
            let Some(link_id) = text(item, "linkId") else { continue };
            let Some(position) = positions.get(link_id).copied() else {
                let text =
                    format!("the questionnaire has no such question here as item {index} says by its linkId");
                self.tell(form, "linkId", Issue::error(IssueCode::NotFound, text), place);
                continue;
            };
            if position < last {
                let issue = Issue::error(
                    IssueCode::Structure,
                    "comes after questions that follow it in the questionnaire",
                );
                self.tell(form, "order", issue, &place.below("item", None).at(index));
            }
            last = last.max(position);
            if let Some(found) = found.get_mut(position) {
                found.push(index);
            }
        }
        for (question, found) in questions.iter().zip(found) {
            self.question(form, Question::new(question), &found, scope, place);
        }
    }

    /// One question or group, and the items of the response that are about it.
    fn question(
        &mut self,
        form: &Form<'a>,
        question: Question<'a>,
        found: &[usize],
        scope: &Scope<'_, 'a>,
        place: &Place<'_>,
    ) {
        let enabled = enabled::is_enabled(question, scope);
        if found.is_empty() && enabled == Some(true) && form.is_complete {
            let least = question.number("questionnaire-minOccurs").unwrap_or(0);
            if (question.is_required || least > 0) && question.kind != "display" {
                let text = "an item is missing: the questionnaire requires it";
                self.tell(form, "required", Issue::error(IssueCode::Required, text), place);
            }
        }
        for (count, index) in found.iter().enumerate() {
            let Some(item) = scope.items.get(*index) else { continue };
            let place = place.below("item", None).at(*index);
            if enabled == Some(false) && is_filled(item) {
                let text = "is answered although, by the answers to other questions, it is not asked";
                self.tell(form, "enableWhen", Issue::error(IssueCode::Structure, text), &place);
            }
            if count > 0 && !(question.repeats && question.kind == "group") {
                let text = "is there more than once; several answers to a question stand in one item";
                self.tell(form, "repeats", Issue::error(IssueCode::Structure, text), &place);
            }
            self.item(form, question, item, scope, &place);
        }
    }

    fn item(
        &mut self,
        form: &Form<'a>,
        question: Question<'a>,
        item: &'a Value,
        scope: &Scope<'_, 'a>,
        place: &Place<'_>,
    ) {
        let answers = list(item, "answer");
        let below = list(question.item, "item");
        let wrong = match question.kind {
            "group" if !answers.is_empty() => "a group has no answers; its questions stand in it as items",
            "display" if is_filled(item) => "a text for display has no answers",
            "question" => "the questionnaire has an abstract question here, which has no answers",
            "group" | "display" => "",
            _ if item.get("item").is_some() => "items below a question stand in its answers",
            _ => "",
        };
        if !wrong.is_empty() {
            self.tell(form, "type", Issue::error(IssueCode::Structure, wrong), place);
        }
        if question.kind == "group" {
            let scope = Scope { items: list(item, "item"), above: Some(scope) };
            return self.level(form, below, &scope, place);
        }
        if matches!(question.kind, "display" | "question") {
            return;
        }
        self.count_answers(form, question, answers.len(), place);
        for (index, answer) in answers.iter().enumerate() {
            let place = place.below("answer", None).at(index);
            self.answer(form, question, answer, answers.len(), &place);
            let scope = Scope { items: list(answer, "item"), above: Some(scope) };
            self.level(form, below, &scope, &place);
        }
    }

    fn count_answers(&mut self, form: &Form<'a>, question: Question<'a>, count: usize, place: &Place<'_>) {
        let least = question.number("questionnaire-minOccurs").unwrap_or(u64::from(question.is_required));
        let most = question.number("questionnaire-maxOccurs").or((!question.repeats).then_some(1));
        let count = count as u64;
        if count < least && form.is_complete {
            let text = format!("has {count} answers; at least {least} wanted");
            self.tell(form, "required", Issue::error(IssueCode::Required, text), place);
        }
        if let Some(most) = most.filter(|most| count > *most) {
            let text = format!("has {count} answers; at most {most} allowed");
            self.tell(form, "repeats", Issue::error(IssueCode::Structure, text), place);
        }
    }

    /// Adds an issue about a rule of the form.
    fn tell(&mut self, form: &Form<'a>, rule: &str, issue: Issue, place: &Place<'_>) {
        self.add(issue.at(place.to_string()).by(rule, &form.name));
    }
}

/// Whether an item has answers, or items in it that have.
fn is_filled(item: &Value) -> bool {
    !list(item, "answer").is_empty() || list(item, "item").iter().any(is_filled)
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
