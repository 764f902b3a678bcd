//! How large, long or precise an answer may be: `maxLength`, and what extensions say (R4 §2.57.6, SDC).

use std::cmp::Ordering;

use serde_json::Value;

use super::value::compare;
use super::{Form, Question, text};
use crate::fhir::{Issue, IssueCode};
use crate::fhirpath::pattern;
use crate::terminology::Membership;
use crate::validator::binding;
use crate::validator::place::Place;
use crate::validator::walk::Walk;

impl<'a> Walk<'a> {
    /// All limits of an answer. `place` is that of the answer.
    pub(super) fn limits(
        &mut self,
        form: &Form<'a>,
        question: Question<'a>,
        type_name: &str,
        value: &'a Value,
        place: &Place<'_>,
        value_place: &Place<'_>,
    ) {
        for (name, bound) in [
            ("/minValue", Ordering::Less),
            ("-minQuantity", Ordering::Less),
            ("/maxValue", Ordering::Greater),
            ("-maxQuantity", Ordering::Greater),
        ] {
            let Some(limit) = question.extensions(name).next() else { continue };
            let wrong = match compare(value, limit) {
                Some(order) if order == bound => {
                    "is beyond the least or greatest value the questionnaire sets"
                }
                None => {
                    "cannot be compared with the limit the questionnaire sets: it needs a unit of the same kind"
                }
                _ => continue,
            };
            self.tell(form, "limit", Issue::error(IssueCode::Value, wrong), value_place);
        }
        match (type_name, value) {
            ("string", Value::String(own)) => self.text_limits(form, question, own, value_place),
            ("decimal", Value::Number(number)) => {
                let places = number.as_str().split_once('.').map_or(0, |(_, places)| places.len() as u64);
                if question.number("maxDecimalPlaces").is_some_and(|most| places > most) {
                    let issue = Issue::error(
                        IssueCode::Value,
                        "has more decimal places than the questionnaire allows",
                    );
                    self.tell(form, "limit", issue, value_place);
                }
            }
            ("Attachment", _) => self.attachment_limits(form, question, value, place),
            ("Quantity", _) => self.unit(form, question, value, value_place),
            _ => {}
        }
    }

    fn text_limits(&mut self, form: &Form<'a>, question: Question<'a>, own: &str, place: &Place<'_>) {
        let length = own.chars().count() as u64;
        let most = question.item.get("maxLength").and_then(Value::as_u64);
        if most.is_some_and(|most| length > most) {
            let issue = Issue::error(IssueCode::TooLong, "is longer than the questionnaire allows");
            self.tell(form, "limit", issue, place);
        }
        if question.number("/minLength").is_some_and(|least| length < least) {
            let issue = Issue::error(IssueCode::Value, "is shorter than the questionnaire wants");
            self.tell(form, "limit", issue, place);
        }
        let regex = question.extensions("/regex").find_map(Value::as_str).and_then(pattern::compile_full);
        if regex.is_some_and(|regex| !regex.is_match(own)) {
            let issue = Issue::error(IssueCode::Value, "has not the form the questionnaire wants (regex)");
            self.tell(form, "limit", issue, place);
        }
    }

    fn attachment_limits(
        &mut self,
        form: &Form<'a>,
        question: Question<'a>,
        value: &Value,
        place: &Place<'_>,
    ) {
        let mut types = question.extensions("/mimeType").filter_map(Value::as_str).peekable();
        if types.peek().is_some() && !types.any(|own| text(value, "contentType") == Some(own)) {
            let issue =
                Issue::error(IssueCode::Value, "is of a content type the questionnaire does not allow");
            self.tell(form, "limit", issue, place);
        }
        // In megabytes by R4; the official cases, and the Java validator, count bytes.
        let most = question.extensions("/maxSize").find_map(Value::as_f64);
        let size = value.get("size").and_then(Value::as_f64);
        if most.zip(size).is_some_and(|(most, size)| size > most) {
            let issue = Issue::error(IssueCode::TooLong, "is larger than the questionnaire allows");
            self.tell(form, "limit", issue, place);
        }
    }

    /// The unit is one of those offered.
    fn unit(&mut self, form: &Form<'a>, question: Question<'a>, value: &'a Value, place: &Place<'_>) {
        let mut offered = question.extensions("questionnaire-unitOption").peekable();
        let is_it = |unit: &Value| {
            text(unit, "code") == text(value, "code") && text(unit, "system") == text(value, "system")
        };
        if offered.peek().is_some() && !offered.any(is_it) {
            let issue =
                Issue::error(IssueCode::CodeInvalid, "is in none of the units the questionnaire offers");
            self.tell(form, "limit", issue, place);
        }
        let Some(canonical) = question.extensions("questionnaire-unitValueSet").find_map(Value::as_str)
        else {
            return;
        };
        let codes = self.codes_of(form, canonical);
        let membership = binding::membership_of(value, canonical, codes.as_deref(), self.around);
        if membership == Membership::NotMember {
            let text =
                format!("its unit is not in the value set {canonical}, which the questionnaire asks for");
            self.tell(form, "limit", Issue::error(IssueCode::CodeInvalid, text), place);
        }
    }
}
