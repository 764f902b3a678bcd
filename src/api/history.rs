//! history of a resource, a type or everything (R4 §3.1.0.9).

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::fhir::IssueCode;
use crate::fhir::bundle::{BundleText, EntryText, ResponseText};
use crate::fhir::time::{Instant, Period};
use crate::search::{DEFAULT_COUNT, LARGEST_COUNT};
use crate::store::{HistoryFilter, HistoryScope, Key};

use super::answer::shown;
use super::request::Request;
use super::{Answer, Api, ApiError};

/// `GET Type/id/_history`, `GET Type/_history` and `GET _history`: newest first, in pages.
pub(super) async fn history(
    api: &Api,
    request: &Request,
    type_name: Option<&str>,
    id: Option<&str>,
) -> Result<Answer, ApiError> {
    let asked = Asked::read(&request.query)?;
    let (store, space) = (api.gateway.store(), request.space.id);
    let (scope, path) = match (type_name, id) {
        (Some(type_name), Some(id)) => {
            (HistoryScope::Instance(Key::new(space, type_name, id)), format!("{type_name}/{id}/"))
        }
        (Some(type_name), None) => (HistoryScope::Type(space, type_name.to_owned()), format!("{type_name}/")),
        (None, _) => (HistoryScope::Space(space), String::new()),
    };
    let as_of = store.latest().await?.unwrap_or(Instant(0));
    let mut versions =
        store.history(&request.viewer, &scope, asked.filter, asked.before, asked.count + 1).await?;
    let is_first = asked.before.is_none();
    if let (true, HistoryScope::Instance(key)) = (versions.is_empty() && is_first, &scope) {
        // Nothing of what was asked for, or nothing at all?
        store.read(&request.viewer, key).await?.ok_or(ApiError::NotFound)?;
    }
    let more = versions.len() > asked.count;
    versions.truncate(asked.count);
    let total = match more || !is_first {
        false => versions.len() as u64,
        true => store.history_total(&request.viewer, &scope, asked.filter).await?,
    };
    let path = format!("{}/{path}_history?{}", request.space.base, asked.kept.join("&"));
    let page = |before: Option<Instant>| match before {
        Some(before) => format!("{path}&_before={}", before.0),
        None => path.clone(),
    };
    let mut links = vec![("self", page(asked.before))];
    if let (true, Some(last)) = (more, versions.last()) {
        links.push(("next", page(Some(last.seq))));
    }
    let links: Vec<(&str, &str)> = links.iter().map(|(relation, url)| (*relation, url.as_str())).collect();
    let mut bundle = BundleText::new("history", &as_of.to_fhir(), Some(total), &links);
    for version in &versions {
        let (type_name, id) = (&version.key.type_name, &version.key.id);
        let url = match version.method.as_str() {
            "POST" => type_name.to_string(),
            _ => format!("{type_name}/{id}"),
        };
        let status = match (version.method.as_str(), version.version) {
            ("DELETE", _) => "204 No Content",
            (_, 1) => "201 Created",
            _ => "200 OK",
        };
        bundle.push(&EntryText {
            full_url: Some(&format!("{}/{type_name}/{id}", request.space.base)),
            resource: version.body.as_deref(),
            request: Some((&version.method, &url)),
            response: Some(ResponseText {
                status,
                etag: Some(&format!("W/\"{}\"", version.version)),
                last_modified: Some(&version.seq.to_fhir()),
                ..ResponseText::default()
            }),
            ..EntryText::default()
        });
    }
    let shown = versions.iter().map(|version| shown(request, version)).collect();
    Ok(Answer { shown, ..Answer::resource(bundle.finish()) })
}

/// What the query asks for.
struct Asked {
    count: usize,
    before: Option<Instant>,
    filter: HistoryFilter,
    /// The parameters to be kept from page to page.
    kept: Vec<String>,
}

impl Asked {
    fn read(query: &[(String, String)]) -> Result<Asked, ApiError> {
        let mut asked =
            Asked { count: DEFAULT_COUNT, before: None, filter: HistoryFilter::default(), kept: Vec::new() };
        let wrong = |text: String| ApiError::malformed(IssueCode::Value, text);
        for (name, value) in query {
            let number = || value.parse::<i64>().map_err(|_| wrong(format!("{name} takes a number")));
            // A '+' that was not escaped has become a space.
            let moment = || {
                let text = value.replace(' ', "+");
                let period =
                    Period::parse(&text).ok_or_else(|| wrong(format!("{name} takes a date and time")));
                period.map(|period| (period, utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()))
            };
            match name.as_str() {
                "_count" => {
                    asked.count = usize::try_from(number()?).unwrap_or(DEFAULT_COUNT).min(LARGEST_COUNT);
                }
                "_before" => asked.before = Some(Instant(number()?)),
                "_since" => {
                    let (period, text) = moment()?;
                    asked.filter.since = Some(period.low);
                    asked.kept.push(format!("_since={text}"));
                }
                "_at" => {
                    let (period, text) = moment()?;
                    asked.filter.at = Some(period);
                    asked.kept.push(format!("_at={text}"));
                }
                _ => {}
            }
        }
        asked.kept.insert(0, format!("_count={}", asked.count));
        Ok(asked)
    }
}
