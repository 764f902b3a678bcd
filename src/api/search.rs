//! search (R4 §3.1.1), by GET and by POST.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::fhir::bundle::{BundleText, EntryText};
use crate::fhir::time::Instant;
use crate::fhir::{IssueCode, OperationOutcome};
use crate::gateway::{Refused, SearchAnswer};
use crate::search::SearchRequest;

use super::answer::shown;
use super::request::{Body, Request, decode_form};
use super::{Answer, Api, ApiError, audit_event, content, provided, scope, subset};

/// What has to be escaped within a value of a query.
const QUERY_VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b']');

/// `GET Type?…` or `POST Type/_search`, whose form adds to its query; without a type `GET ?…` or `POST _search`.
pub(super) async fn search(
    api: &Api,
    request: &Request,
    type_name: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    let mut parameters = request.query.clone();
    if let Body::Bytes(bytes, content_type) = body
        && !bytes.is_empty()
    {
        let form = content_type.as_deref().map(content::essence);
        if form.as_deref() != Some("application/x-www-form-urlencoded") {
            let text = "a search by POST has its parameters in a form: application/x-www-form-urlencoded";
            return Err(ApiError::malformed(IssueCode::NotSupported, text));
        }
        parameters.extend(decode_form(&String::from_utf8_lossy(&bytes)));
    }
    let (definitions, registry) = (api.gateway.definitions(), api.gateway.registry());
    let (base, handling) = (&request.space.base, request.preferences.handling);
    let (search, url) = match type_name {
        Some(name) => (
            SearchRequest::parse(definitions, registry, base, name, &parameters, handling),
            format!("{base}/{name}"),
        ),
        None => {
            (SearchRequest::parse_system(definitions, registry, base, &parameters, handling), base.clone())
        }
    };
    let search = scope::restrict(api, request, search.map_err(Refused::Malformed)?)?;
    let answer = match type_name {
        Some(type_name) if audit_event::has_own(request, type_name) => {
            audit_event::search(api, request, &search).await?
        }
        Some(type_name) => provided::search(api, request, type_name, &search).await?,
        None => api.gateway.search(&request.viewer, &request.space, &search).await?,
    };
    let answer = scope::without_uncovered(request, answer);
    searchset(api, request, &url, &search, answer)
}

/// What a search or operation found, as a Bundle. `url` is where it was asked, `search` what was asked.
pub(super) fn searchset(
    api: &Api,
    request: &Request,
    url: &str,
    search: &SearchRequest,
    answer: SearchAnswer,
) -> Result<Answer, ApiError> {
    let versions = answer.matches.iter().chain(&answer.included);
    let shown = versions
        .filter(|version| !audit_event::is_own(&version.key) && !provided::is_one(version))
        .map(|version| shown(request, version))
        .collect();
    let base = &request.space.base;
    let mut links = vec![("self", with_query(url, &search.used, None))];
    if let Some(next) = &answer.next {
        links.push(("next", with_query(url, &search.used, Some(next))));
    }
    let links: Vec<(&str, &str)> = links.iter().map(|(relation, url)| (*relation, url.as_str())).collect();
    let as_of = answer.as_of.unwrap_or(Instant(0)).to_fhir();
    let mut bundle = BundleText::new("searchset", &as_of, answer.total, &links);
    let found = answer.matches.into_iter().map(|version| (version, "match"));
    for (version, mode) in found.chain(answer.included.into_iter().map(|version| (version, "include"))) {
        let version = if mode == "match" { subset::of_search(api, search, version)? } else { version };
        bundle.push(&EntryText {
            full_url: Some(&format!("{base}/{}/{}", version.key.type_name, version.key.id)),
            resource: version.body.as_deref(),
            search_mode: Some(mode),
            ..EntryText::default()
        });
    }
    if !answer.issues.is_empty() {
        let outcome = OperationOutcome::json_of(&answer.issues);
        bundle.push(&EntryText {
            resource: Some(&outcome),
            search_mode: Some("outcome"),
            ..EntryText::default()
        });
    }
    Ok(Answer { shown, ..Answer::resource(bundle.finish()) })
}

/// A URL with the parameters that were used; `after` makes it that of the next page.
fn with_query(url: &str, used: &[(String, String)], after: Option<&str>) -> String {
    let mut url = url.to_owned();
    let kept = used.iter().filter(|(name, _)| after.is_none() || name != "_after");
    let pairs = kept.map(|(name, value)| (name.as_str(), value.as_str()));
    for (index, (name, value)) in pairs.chain(after.map(|after| ("_after", after))).enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.extend(utf8_percent_encode(name, QUERY_VALUE));
        url.push('=');
        url.extend(utf8_percent_encode(value, QUERY_VALUE));
    }
    url
}
