//! Whether a rule of a Consent applies to what is asked.

/// Whether something that a provision names is what is asked about. What cannot be told never permits, and forbids as if
/// it applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Match {
    /// It is something else.
    No,
    /// Nobody can tell.
    Unknown,
    /// It is.
    Yes,
}

impl Match {
    /// `Yes` or `No`.
    pub(super) fn of(is: bool) -> Match {
        if is { Match::Yes } else { Match::No }
    }

    /// Of alternatives, the best; `No` of none.
    pub(super) fn any(matches: impl IntoIterator<Item = Match>) -> Match {
        let mut best = Match::No;
        for found in matches {
            best = best.max(found);
            if best == Match::Yes {
                break;
            }
        }
        best
    }

    /// Of alternatives that a provision may leave out: `Yes` of none, else the best.
    pub(super) fn any_if_given<T>(items: &[T], is: impl FnMut(&T) -> Match) -> Match {
        if items.is_empty() { Match::Yes } else { Match::any(items.iter().map(is)) }
    }
}
