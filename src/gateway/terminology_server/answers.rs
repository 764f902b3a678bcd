//! What the server has answered, kept for a while.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::question::Question;
use crate::fhir::time::Instant;

/// How many answers are kept.
const MOST: usize = 20_000;
/// How long an answer counts, in microseconds: code systems change by the month.
const KEPT: i64 = 3_600_000_000;
/// How long it counts that the server cannot tell: it may be given what it lacks.
const KEPT_UNKNOWN: i64 = 300_000_000;

/// Answers by question; the oldest go first.
#[derive(Default)]
pub(super) struct Answers {
    known: HashMap<Arc<Question>, Answer>,
    /// In the order they came, with the time each came at: an answer that was replaced stands here twice.
    order: VecDeque<(Arc<Question>, Instant)>,
}

struct Answer {
    answer: Option<bool>,
    since: Instant,
}

impl Answers {
    /// The answer to a question, if one was given not too long ago.
    pub(super) fn get(&self, question: &Question, now: Instant) -> Option<Option<bool>> {
        let known = self.known.get(question)?;
        let kept = if known.answer.is_some() { KEPT } else { KEPT_UNKNOWN };
        (now.0.saturating_sub(known.since.0) < kept).then_some(known.answer)
    }

    /// Keeps an answer.
    pub(super) fn insert(&mut self, question: Question, answer: Option<bool>, now: Instant) {
        let question = Arc::new(question);
        self.known.insert(Arc::clone(&question), Answer { answer, since: now });
        self.order.push_back((question, now));
        while self.order.len() > MOST {
            let Some((oldest, since)) = self.order.pop_front() else { break };
            if self.known.get(&oldest).is_some_and(|known| known.since == since) {
                self.known.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(code: usize) -> Question {
        Question::Member { value_set: "v".to_owned(), system: None, code: code.to_string() }
    }

    #[test]
    fn answers_grow_old() {
        let mut answers = Answers::default();
        answers.insert(question(1), Some(true), Instant(0));
        answers.insert(question(2), None, Instant(0));
        for (code, now, expected) in [
            (1, 0, Some(Some(true))),
            (1, KEPT - 1, Some(Some(true))),
            (1, KEPT, None),
            (2, KEPT_UNKNOWN - 1, Some(None)),
            (2, KEPT_UNKNOWN, None),
            (3, 0, None),
        ] {
            assert_eq!(answers.get(&question(code), Instant(now)), expected, "{code} {now}");
        }
    }

    #[test]
    fn they_are_bounded() {
        let mut answers = Answers::default();
        for code in 0..MOST + 10 {
            answers.insert(question(code), Some(true), Instant(code as i64));
        }
        assert_eq!((answers.known.len(), answers.order.len()), (MOST, MOST));
        assert_eq!(answers.get(&question(0), Instant(0)), None);
        assert!(answers.get(&question(MOST), Instant(MOST as i64)).is_some());
        for now in 0..3 * MOST {
            answers.insert(question(1), Some(false), Instant(now as i64));
        }
        assert!(answers.order.len() <= MOST && answers.known.len() <= MOST);
        assert_eq!(answers.get(&question(1), Instant(3 * MOST as i64)), Some(Some(false)));
    }
}
