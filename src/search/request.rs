//! A whole search: what is asked, in what order, how much of it, and what goes with it.

use crate::definitions::{Definitions, SearchKind};
use crate::fhir::{Issue, IssueCode, OperationOutcome};

use super::condition::Condition;
use super::parse::{SearchError, parse_condition};
use super::registry::{ParameterKey, Registry};

/// Page size when the client names none: the recorded clients never ask for a second page.
pub const DEFAULT_COUNT: usize = 1000;
/// Largest page.
pub const LARGEST_COUNT: usize = 5000;
/// Most conditions, includes and sort keys of one search.
const MOST_PARAMETERS: usize = 64;

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
    /// The type searched.
    pub type_name: String,
    /// All must be met.
    pub conditions: Vec<Condition>,
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

impl SearchRequest {
    /// Reads the parameters of a search, decoded, in the order sent.
    ///
    /// Errors: under strict handling an unknown parameter; always a modifier or value that cannot be understood.
    pub fn parse(
        definitions: &Definitions,
        registry: &Registry,
        own_base: &str,
        type_name: &str,
        parameters: &[(String, String)],
        handling: Handling,
    ) -> Result<SearchRequest, OperationOutcome> {
        let mut request = SearchRequest { type_name: type_name.to_owned(), ..SearchRequest::default() };
        if parameters.len() > MOST_PARAMETERS {
            let text = format!("a search may have {MOST_PARAMETERS} parameters");
            return Err(Issue::error(IssueCode::TooCostly, text).into());
        }
        for (name, value) in parameters {
            // An empty value asks nothing (R4 §3.1.1.3.1).
            if value.is_empty() {
                continue;
            }
            match request.take(definitions, registry, own_base, name, value) {
                Ok(()) => request.used.push((name.clone(), value.clone())),
                Err(Refusal::PassedOver(text)) if handling == Handling::Lenient => {
                    request
                        .issues
                        .push(Issue::warning(IssueCode::NotSupported, format!("passed over: {text}")));
                }
                Err(Refusal::PassedOver(text)) => {
                    return Err(Issue::error(IssueCode::NotSupported, text).into());
                }
                Err(Refusal::Wrong(text)) => return Err(Issue::error(IssueCode::Value, text).into()),
            }
        }
        Ok(request)
    }

    fn take(
        &mut self,
        definitions: &Definitions,
        registry: &Registry,
        own_base: &str,
        name: &str,
        value: &str,
    ) -> Result<(), Refusal> {
        match name {
            "_format" | "_pretty" => {}
            "_count" => {
                let count: usize =
                    value.parse().map_err(|_| Refusal::wrong("_count takes a number from 0"))?;
                self.count = Some(count.min(LARGEST_COUNT));
            }
            "_after" => self.after = Some(value.to_owned()),
            "_sort" => {
                for key in value.split(',') {
                    let sort = self.sort(registry, key)?;
                    self.sort.push(sort);
                }
            }
            "_elements" => self.elements.extend(value.split(',').map(|name| name.trim().to_owned())),
            "_summary" => {
                self.summary = match value {
                    "true" => Summary::True,
                    "false" => Summary::False,
                    "text" => Summary::Text,
                    "data" => Summary::Data,
                    "count" => Summary::Count,
                    _ => return Err(Refusal::wrong("_summary takes true, false, text, data or count")),
                };
            }
            "_total" => {
                self.total = match value {
                    "none" => Total::None,
                    "estimate" | "accurate" => Total::Accurate,
                    _ => return Err(Refusal::wrong("_total takes none, estimate or accurate")),
                };
            }
            _ if name.starts_with("_include") || name.starts_with("_revinclude") => {
                let include = include(definitions, registry, &self.type_name, name, value)?;
                self.includes.push(include);
            }
            _ => {
                let condition =
                    parse_condition(definitions, registry, own_base, &self.type_name, name, value);
                self.conditions.push(condition.map_err(|error| match error {
                    SearchError::UnknownParameter { .. } => Refusal::PassedOver(error.to_string()),
                    error => Refusal::Wrong(error.to_string()),
                })?);
            }
        }
        Ok(())
    }

    fn sort(&self, registry: &Registry, key: &str) -> Result<Sort, Refusal> {
        let (code, descending) = match key.strip_prefix('-') {
            Some(code) => (code, true),
            None => (key, false),
        };
        let by = match code {
            _ if code.eq_ignore_ascii_case("_lastUpdated") => SortBy::LastUpdated,
            "_id" => SortBy::Id,
            _ => match registry.find(&self.type_name, code) {
                Some(key) if !matches!(registry[key].kind, SearchKind::Composite | SearchKind::Special) => {
                    SortBy::Parameter(key)
                }
                _ => {
                    return Err(Refusal::PassedOver(format!(
                        "{} cannot be sorted by '{code}'",
                        self.type_name
                    )));
                }
            },
        };
        Ok(Sort { by, descending })
    }
}

/// Why a parameter was not taken.
enum Refusal {
    /// It is unknown: lenient servers go on without it.
    PassedOver(String),
    /// It is wrong.
    Wrong(String),
}

impl Refusal {
    fn wrong(text: &str) -> Refusal {
        Refusal::Wrong(text.to_owned())
    }
}

fn include(
    definitions: &Definitions,
    registry: &Registry,
    searched: &str,
    name: &str,
    value: &str,
) -> Result<Include, Refusal> {
    let (stem, modifier) =
        name.split_once(':').map_or((name, None), |(stem, modifier)| (stem, Some(modifier)));
    let reverse = match stem {
        "_include" => false,
        "_revinclude" => true,
        _ => return Err(Refusal::PassedOver(format!("'{name}' is not a search parameter"))),
    };
    let iterate = match modifier {
        None => false,
        Some("iterate" | "recurse") => true,
        Some(modifier) => {
            return Err(Refusal::Wrong(format!("{stem} takes the modifier :iterate, not ':{modifier}'")));
        }
    };
    let unknown = || Refusal::PassedOver(format!("'{value}' names no reference to include"));
    // The IG itself writes HealthCareService.
    let type_named = |name: &str| {
        let types = definitions.types();
        let found = types
            .resource(name)
            .or_else(|| types.resources().find(|id| types[*id].name.eq_ignore_ascii_case(name)));
        found.map(|id| types[id].name.clone()).ok_or_else(unknown)
    };
    let parts: Vec<&str> = value.split(':').collect();
    let (source, code, target_type) = match *parts.as_slice() {
        ["*"] => (if reverse { None } else { Some(searched.to_owned()) }, "*", None),
        [source, code] => (Some(type_named(source)?), code, None),
        [source, code, target] => (Some(type_named(source)?), code, Some(type_named(target)?)),
        _ => return Err(unknown()),
    };
    let target = match (code, &source) {
        ("*", _) => IncludeTarget::All,
        (code, Some(source)) => match registry.find(source, code) {
            Some(key) if registry[key].kind == SearchKind::Reference => IncludeTarget::Parameter(key),
            _ => return Err(unknown()),
        },
        (_, None) => return Err(unknown()),
    };
    Ok(Include { reverse, iterate, source, target, target_type })
}
