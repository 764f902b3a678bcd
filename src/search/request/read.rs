//! From the parameters of a search to a [`SearchRequest`].

use crate::definitions::{Definitions, SearchKind};
use crate::fhir::{Issue, IssueCode, OperationOutcome};
use crate::search::condition::Criteria;
use crate::search::parse::{SearchError, parse_condition};
use crate::search::registry::Registry;

use super::include::include;
use super::{Handling, LARGEST_COUNT, SearchRequest, Sort, SortBy, Summary, Total};

/// Most conditions, includes and sort keys of one search.
const MOST_PARAMETERS: usize = 64;
/// Most bytes of values, counted for each type that is searched: each keeps conditions of its own.
const MOST_BYTES: usize = 1 << 20;

impl SearchRequest {
    /// Reads the parameters of a search of one type, decoded, in the order sent.
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
        let reader = Reader { definitions, registry, own_base, is_of_system: false };
        reader.read(vec![type_name.to_owned()], parameters, handling)
    }

    /// Reads the parameters of a search of the system (R4 §3.1.1.1.1): of the types that `_type` names, or of all. A
    /// parameter must be one of each of them; what is sorted by, `_id` or `_lastUpdated` unless there is but one.
    ///
    /// Errors: as [`SearchRequest::parse`]; and a `_type` that is none.
    pub fn parse_system(
        definitions: &Definitions,
        registry: &Registry,
        own_base: &str,
        parameters: &[(String, String)],
        handling: Handling,
    ) -> Result<SearchRequest, OperationOutcome> {
        let types = definitions.types();
        let mut named: Vec<String> = Vec::new();
        let values = parameters.iter().filter(|(name, _)| name == "_type").flat_map(|(_, v)| v.split(','));
        for name in values.map(str::trim).filter(|name| !name.is_empty()) {
            if types.resource(name).is_none() {
                let text = "_type takes resource types, names of R4 as they are written there";
                return Err(Issue::error(IssueCode::Value, text).into());
            }
            if !named.iter().any(|known| known == name) {
                named.push(name.to_owned());
            }
        }
        if named.is_empty() {
            named = types.resources().map(|id| types[id].name.clone()).collect();
        }
        let reader = Reader { definitions, registry, own_base, is_of_system: true };
        reader.read(named, parameters, handling)
    }
}

/// What parameters are read by.
struct Reader<'r> {
    definitions: &'r Definitions,
    registry: &'r Registry,
    own_base: &'r str,
    is_of_system: bool,
}

/// Why a parameter was not taken.
pub(super) enum Refusal {
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

impl Reader<'_> {
    fn read(
        &self,
        types: Vec<String>,
        parameters: &[(String, String)],
        handling: Handling,
    ) -> Result<SearchRequest, OperationOutcome> {
        if parameters.len() > MOST_PARAMETERS {
            let text = format!("a search may have {MOST_PARAMETERS} parameters");
            return Err(Issue::error(IssueCode::TooCostly, text).into());
        }
        let bytes: usize = parameters.iter().map(|(_, value)| value.len()).sum();
        if bytes.saturating_mul(types.len()) > MOST_BYTES {
            let text = "this asks for too many values at once";
            return Err(Issue::error(IssueCode::TooCostly, text).into());
        }
        let criteria = types.into_iter().map(|type_name| Criteria { type_name, conditions: Vec::new() });
        let mut request = SearchRequest { criteria: criteria.collect(), ..SearchRequest::default() };
        for (name, value) in parameters {
            // An empty value asks nothing (R4 §3.1.1.3.1).
            if value.is_empty() {
                continue;
            }
            match self.take(&mut request, name, value) {
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

    fn take(&self, request: &mut SearchRequest, name: &str, value: &str) -> Result<(), Refusal> {
        match name {
            "_format" | "_pretty" => {}
            "_type" if self.is_of_system => {}
            "_count" => {
                let count: usize =
                    value.parse().map_err(|_| Refusal::wrong("_count takes a number from 0"))?;
                request.count = Some(count.min(LARGEST_COUNT));
            }
            "_after" => request.after = Some(value.to_owned()),
            "_sort" => {
                for key in value.split(',') {
                    request.sort.push(self.sort(&request.criteria, key)?);
                }
            }
            "_elements" => request.elements.extend(value.split(',').map(|name| name.trim().to_owned())),
            "_summary" => {
                request.summary = match value {
                    "true" => Summary::True,
                    "false" => Summary::False,
                    "text" => Summary::Text,
                    "data" => Summary::Data,
                    "count" => Summary::Count,
                    _ => return Err(Refusal::wrong("_summary takes true, false, text, data or count")),
                };
            }
            "_total" => {
                request.total = match value {
                    "none" => Total::None,
                    "estimate" | "accurate" => Total::Accurate,
                    _ => return Err(Refusal::wrong("_total takes none, estimate or accurate")),
                };
            }
            _ if name.starts_with("_include") || name.starts_with("_revinclude") => {
                let searched = only(&request.criteria).map(|only| only.type_name.as_str());
                let include = include(self.definitions, self.registry, searched, name, value)?;
                request.includes.push(include);
            }
            _ => self.condition(&mut request.criteria, name, value)?,
        }
        Ok(())
    }

    /// Adds a condition to the criteria of every type, or to none.
    fn condition(&self, criteria: &mut [Criteria], name: &str, value: &str) -> Result<(), Refusal> {
        let parse = |of: &Criteria| {
            parse_condition(self.definitions, self.registry, self.own_base, &of.type_name, name, value)
        };
        let conditions: Result<Vec<_>, _> = criteria.iter().map(parse).collect();
        let conditions = conditions.map_err(|error| match error {
            SearchError::UnknownParameter { .. } => Refusal::PassedOver(error.to_string()),
            error => Refusal::Wrong(error.to_string()),
        })?;
        for (criteria, condition) in criteria.iter_mut().zip(conditions) {
            criteria.conditions.push(condition);
        }
        Ok(())
    }

    fn sort(&self, criteria: &[Criteria], key: &str) -> Result<Sort, Refusal> {
        let (code, descending) = match key.strip_prefix('-') {
            Some(code) => (code, true),
            None => (key, false),
        };
        let by = match (code, only(criteria)) {
            _ if code.eq_ignore_ascii_case("_lastUpdated") => SortBy::LastUpdated,
            ("_id", _) => SortBy::Id,
            (_, None) => {
                let text =
                    format!("different types cannot be sorted by '{code}', but by _lastUpdated and _id");
                return Err(Refusal::PassedOver(text));
            }
            (_, Some(Criteria { type_name, .. })) => match self.registry.find(type_name, code) {
                Some(key)
                    if !matches!(self.registry[key].kind, SearchKind::Composite | SearchKind::Special) =>
                {
                    SortBy::Parameter(key)
                }
                _ => {
                    return Err(Refusal::PassedOver(format!("{type_name} cannot be sorted by '{code}'")));
                }
            },
        };
        Ok(Sort { by, descending })
    }
}

/// The criteria, where they are of one type.
fn only(criteria: &[Criteria]) -> Option<&Criteria> {
    match criteria {
        [only] => Some(only),
        _ => None,
    }
}
