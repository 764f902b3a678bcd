//! A whole search: what is asked, in what order, how much of it, and what goes with it.

mod include;
mod read;

use crate::fhir::Issue;

use super::condition::Criteria;
use super::registry::ParameterKey;

/// Page size when the client names none: the recorded clients never ask for a second page.
pub const DEFAULT_COUNT: usize = 1000;
/// Largest page.
pub const LARGEST_COUNT: usize = 5000;

/// What happens to a parameter nobody knows (R4 §3.1.1.3.2, `Prefer: handling`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Handling {
    /// It is passed over, with a warning in the Bundle.
    #[default]
    Lenient,
    /// The search is refused.
    Strict,
}

/// A search that has been understood.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// What is searched for. Several only in a search of the system: for each of its types.
    pub criteria: Vec<Criteria>,
    /// `_sort`.
    pub sort: Vec<Sort>,
    /// `_count`.
    pub count: Option<usize>,
    /// `_include` and `_revinclude`.
    pub includes: Vec<Include>,
    /// `_elements`; empty for all.
    pub elements: Vec<String>,
    /// `_summary`.
    pub summary: Summary,
    /// `_total`.
    pub total: Total,
    /// Where the page begins: the cursor of a `next` link.
    pub after: Option<String>,
    /// What was passed over, and why.
    pub issues: Vec<Issue>,
    /// The parameters that were used, as sent; for the `self` link.
    pub used: Vec<(String, String)>,
}

/// One key of `_sort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// What to sort by.
    pub by: SortBy,
    /// Greatest first.
    pub descending: bool,
}

/// What to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    /// `_lastUpdated`.
    LastUpdated,
    /// `_id`.
    Id,
    /// A parameter's values: the least, or when descending the greatest, of each resource.
    Parameter(ParameterKey),
}

/// One `_include` or `_revinclude`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// Whether the resources that point here are meant, rather than those pointed at.
    pub reverse: bool,
    /// Whether to go on from what was included.
    pub iterate: bool,
    /// The type whose references are followed; `None` for `*`.
    pub source: Option<String>,
    /// Which references.
    pub target: IncludeTarget,
    /// Only to resources of this type.
    pub target_type: Option<String>,
}

/// Which references an include follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncludeTarget {
    /// All of them.
    All,
    /// Those of one parameter.
    Parameter(ParameterKey),
}

/// `_summary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Summary {
    /// Whole resources.
    #[default]
    False,
    /// Elements marked as summary.
    True,
    /// Narrative, id, meta and what is mandatory.
    Text,
    /// All but the narrative.
    Data,
    /// Only how many.
    Count,
}

/// `_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Total {
    /// Told when it costs nothing.
    #[default]
    IfFree,
    /// Never.
    None,
    /// Counted.
    Accurate,
}
