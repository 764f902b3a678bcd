//! What validation wants to know of codes, put down while it runs.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::fhirpath::{self, Coding};

/// Something to ask a terminology server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// Whether a code is in a value set.
    Member {
        /// Its canonical.
        value_set: String,
        /// The code's system; where there is none, the value set implies it.
        system: Option<String>,
        /// The code.
        code: String,
    },
    /// Whether one code of a system is another or a kind of it.
    KindOf {
        /// The system of both.
        system: String,
        /// What it may be a kind of.
        general: String,
        /// What may be a kind of it.
        specific: String,
    },
}

/// Answers what is known, and puts down what is not.
pub(super) struct Recorder<'k> {
    /// `None`: it has not been asked; `Some(None)`: the server cannot tell.
    known: &'k dyn Fn(&Question) -> Option<Option<bool>>,
    unknown: RefCell<Vec<Question>>,
    seen: RefCell<HashSet<Question>>,
}

impl<'k> Recorder<'k> {
    pub(super) fn new(known: &'k dyn Fn(&Question) -> Option<Option<bool>>) -> Recorder<'k> {
        Recorder { known, unknown: RefCell::default(), seen: RefCell::default() }
    }

    /// What was asked in vain, in the order it was first asked.
    pub(super) fn into_questions(self) -> Vec<Question> {
        self.unknown.into_inner()
    }

    fn answer(&self, question: Question) -> Option<bool> {
        if let Some(answer) = (self.known)(&question) {
            return answer;
        }
        if self.seen.borrow_mut().insert(question.clone()) {
            self.unknown.borrow_mut().push(question);
        }
        None
    }
}

impl fhirpath::Terminology for Recorder<'_> {
    fn member_of(&self, value_set: &str, coding: Coding<'_>) -> Option<bool> {
        // What is contained in a resource has no name that others know.
        if value_set.starts_with('#') || coding.code.is_empty() {
            return None;
        }
        self.answer(Question::Member {
            value_set: value_set.to_owned(),
            system: coding.system.map(str::to_owned),
            code: coding.code.to_owned(),
        })
    }

    fn subsumes(&self, general: Coding<'_>, specific: Coding<'_>) -> Option<bool> {
        let system = general.system.filter(|system| Some(*system) == specific.system)?;
        self.answer(Question::KindOf {
            system: system.to_owned(),
            general: general.code.to_owned(),
            specific: specific.code.to_owned(),
        })
    }
}
