//! The answers a question allows: `answerOption` and `answerValueSet`.

use std::sync::Arc;

use serde_json::Value;

use super::value::{is_same, named};
use super::{Form, Question, list, text};
use crate::definitions::strip::{self, Definition};
use crate::fhir::{Issue, IssueCode, Severity};
use crate::terminology::{CodeSet, Membership};
use crate::validator::binding;
use crate::validator::path;
use crate::validator::place::Place;
use crate::validator::walk::Walk;

impl<'a> Walk<'a> {
    /// Whether an answer is one of those the form allows. `place` is that of the answer.
    pub(super) fn options(
        &mut self,
        form: &Form<'a>,
        question: Question<'a>,
        (type_name, value): (&str, &'a Value),
        count: usize,
        place: &Place<'_>,
        value_place: &Place<'_>,
    ) {
        // Who may answer freely does so in text.
        if question.kind == "open-choice" && type_name == "string" {
            return;
        }
        let options = list(question.item, "answerOption");
        let place = if type_name == "Coding" { place } else { value_place };
        if !options.is_empty() {
            let is_it = |option: &&Value| named(option, "value").is_some_and(|(_, own)| is_same(value, own));
            let Some(option) = options.iter().find(is_it) else {
                let issue =
                    Issue::error(IssueCode::CodeInvalid, "is none of the answers the questionnaire offers");
                return self.tell(form, "options", issue, place);
            };
            if count > 1
                && Question::new(option).extensions("questionnaire-optionExclusive").any(|is| *is == true)
            {
                let text = "is an answer that stands for itself, with no others beside it";
                self.tell(form, "options", Issue::error(IssueCode::Invariant, text), place);
            }
        } else if let Some(canonical) = text(question.item, "answerValueSet")
            && type_name == "Coding"
        {
            let codes = self.codes_of(form, canonical);
            let issue = match binding::membership_of(value, canonical, codes.as_deref(), self.around) {
                Membership::Member => return,
                Membership::NotMember if text(value, "system").is_none() => {
                    Issue::warning(IssueCode::CodeInvalid, "a code without a system has no meaning")
                }
                Membership::NotMember => {
                    let text = format!(
                        "its code is not in the value set {canonical}, which the questionnaire asks for"
                    );
                    Issue::error(IssueCode::CodeInvalid, text)
                }
                Membership::Unknown => {
                    let text = format!("not checked: the codes of {canonical} are not all at hand");
                    Issue::new(Severity::Information, IssueCode::Informational, text)
                }
            };
            self.tell(form, "options", issue, place);
        }
    }

    /// The codes of a value set, which may be contained in the Questionnaire.
    pub(super) fn codes_of(&self, form: &Form<'a>, canonical: &str) -> Option<Arc<CodeSet>> {
        let terminology = &self.around.validator.terminology;
        let Some(id) = canonical.strip_prefix('#') else { return terminology.set(canonical).cloned() };
        // A Questionnaire that is contained itself has them beside it.
        let own = list(form.value, "contained").iter().find(|inner| text(inner, "id") == Some(id));
        let contained = own.or_else(|| path::contained(self.container, id))?;
        self.around.code_set(contained, || {
            // What is contained need not be complete in itself.
            let mut named = contained.clone();
            let object = named.as_object_mut()?;
            object.entry("url").or_insert_with(|| canonical.into());
            match strip::strip(&named) {
                Ok(Some(Definition::ValueSet(set))) => Some(Arc::new(terminology.work_out(&set))),
                _ => None,
            }
        })
    }
}
