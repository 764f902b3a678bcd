//! history of a resource or a type (R4 §3.1.0.9).

use crate::fhir::IssueCode;
use crate::fhir::bundle::{BundleText, EntryText, ResponseText};
use crate::fhir::time::{Instant, Period};
use crate::search::{DEFAULT_COUNT, LARGEST_COUNT};
use crate::store::{HistoryScope, Key};

use super::request::Request;
use super::{Answer, Api, ApiError};

/// `GET Type/id/_history` and `GET Type/_history`: newest first, in pages.
pub(super) async fn history(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: Option<&str>,
) -> Result<Answer, ApiError> {
    let (mut count, mut before, mut since) = (DEFAULT_COUNT, None, None);
    for (name, value) in &request.query {
        let number = || {
            let text = format!("{name} takes a number");
            value.parse().map_err(|_| ApiError::malformed(IssueCode::Value, text))
        };
        match name.as_str() {
            "_count" => count = usize::try_from(number()?).unwrap_or(DEFAULT_COUNT).min(LARGEST_COUNT),
            "_before" => before = Some(Instant(number()?)),
            "_since" => {
                let text = "_since takes an instant";
                let period = Period::parse(&value.replace(' ', "+"));
                since = Some(period.ok_or_else(|| ApiError::malformed(IssueCode::Value, text))?.low);
            }
            _ => {}
        }
    }
    let store = api.gateway.store();
    let scope = match id {
        Some(id) => HistoryScope::Instance(Key::new(request.space.id, type_name, id)),
        None => HistoryScope::Type(request.space.id, type_name.to_owned()),
    };
    let as_of = store.latest().await?.unwrap_or(Instant(0));
    let mut versions = store.history(&scope, before, count + 1).await?;
    if versions.is_empty() && before.is_none() && id.is_some() {
        return Err(ApiError::NotFound);
    }
    // Newest first: what is older than asked for is at the end.
    versions.retain(|version| since.is_none_or(|since| version.seq >= since));
    let more = versions.len() > count;
    versions.truncate(count);
    let total = match (more || before.is_some(), since) {
        (false, _) => Some(versions.len() as u64),
        (true, None) => Some(store.history_total(&scope).await?),
        (true, Some(_)) => None,
    };
    let path = match id {
        Some(id) => format!("{}/{type_name}/{id}/_history", request.space.base),
        None => format!("{}/{type_name}/_history", request.space.base),
    };
    let asked = match since {
        Some(since) => format!("_count={count}&_since={}", since.to_fhir()),
        None => format!("_count={count}"),
    };
    let here = match before {
        Some(before) => format!("{path}?{asked}&_before={}", before.0),
        None => format!("{path}?{asked}"),
    };
    let mut links = vec![("self", here)];
    if let (true, Some(last)) = (more, versions.last()) {
        links.push(("next", format!("{path}?{asked}&_before={}", last.seq.0)));
    }
    let links: Vec<(&str, &str)> = links.iter().map(|(relation, url)| (*relation, url.as_str())).collect();
    let mut bundle = BundleText::new("history", &as_of.to_fhir(), total, &links);
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
    Ok(Answer::resource(bundle.finish()))
}
