//! Bulk Data Access (FHIR Bulk Data 2.0.0): `$export` by the asynchronous pattern (§Bulk Data Kick-off, Status, Delete,
//! Output File Requests).
//!
//! A kick-off makes a job and tells its address, `_export/ID`; the manifest there lists a file for each type,
//! `_export/ID/Type.ndjson`, which is read from the store while it is sent.

mod parameters;

use std::fmt;
use std::sync::Arc;

use axum::body::Body as HttpBody;
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LOCATION, EXPIRES, HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::access::Viewer;
use crate::access::shared::is_shared;
use crate::audit::{Entity, Event, Kind};
use crate::fhir::{Id, IssueCode};
use crate::gateway::{Contents, Export, ExportFile, ExportLevel, ExportReader, ExportRequest, Space};
use crate::store::StoreError;

use super::answer::Content;
use super::operation::{Definition, Operation, Parameter};
use super::request::{Body, Request};
use super::{Answer, Api, ApiError, audit, scope, subset};

use parameters::Asked;

/// Where exports are, below the base.
pub(super) const FOLDER: &str = "_export";

const NDJSON: &str = "application/fhir+ndjson";
const PROGRESS: HeaderName = HeaderName::from_static("x-progress");
const DELETED: &str = ".deleted.ndjson";
/// Seconds until it makes sense to ask again.
const AGAIN: &str = "1";

/// Of the system, of all Patients, of those of a Group.
pub(super) const OPERATIONS: [Operation; 3] = [
    Operation {
        code: "export",
        resource: None,
        on_type: false,
        on_instance: false,
        definition: Definition::Whole("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"),
        description: "Exports all resources, asynchronously, as lines.",
        parameters: &[OUTPUT_FORMAT, SINCE, TYPE, ELEMENTS],
    },
    Operation {
        code: "export",
        resource: Some("Patient"),
        on_type: true,
        on_instance: false,
        definition: Definition::Whole("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export"),
        description: "Exports what is in the compartments of all Patients, asynchronously, as lines.",
        parameters: &[OUTPUT_FORMAT, SINCE, TYPE, ELEMENTS, PATIENT],
    },
    Operation {
        code: "export",
        resource: Some("Group"),
        on_type: false,
        on_instance: true,
        definition: Definition::Whole("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export"),
        description: "Exports what is in the compartments of a Group's Patients, asynchronously, as lines.",
        parameters: &[OUTPUT_FORMAT, SINCE, TYPE, ELEMENTS, PATIENT],
    },
];

const OUTPUT_FORMAT: Parameter = Parameter::input("_outputFormat", 0, "1", "string");
const SINCE: Parameter = Parameter::input("_since", 0, "1", "instant");
const TYPE: Parameter = Parameter::input("_type", 0, "*", "string");
const ELEMENTS: Parameter = Parameter::input("_elements", 0, "*", "string");
const PATIENT: Parameter = Parameter::input("patient", 0, "*", "Reference");

/// `GET` or `POST $export`, `Patient/$export` or `Group/id/$export`: 202, and where to ask.
pub(super) async fn kick_off(
    api: &Api,
    request: &Request,
    level: ExportLevel,
    body: Body,
) -> Result<Answer, ApiError> {
    if !request.preferences.is_async {
        let text = "an export takes its time: ask for it with 'Prefer: respond-async'";
        return Err(ApiError::malformed(IssueCode::Required, text));
    }
    let mut asked = Asked::of(api, request, &level, body)?;
    if request.principal.scopes().is_some() {
        let by_name = asked.types.is_some();
        let all = || api.gateway.export_types(&level).into_iter().map(str::to_owned).collect();
        let types = asked.types.take().unwrap_or_else(all);
        asked.types = Some(scope::export_types(&request.principal, types, by_name)?);
    }
    let export = ExportRequest {
        client: request.principal.client().map(|client| client.id.clone()),
        url: url_of(request, &level),
        level,
        types: asked.types,
        since: asked.since,
        elements: asked.elements,
        patients: asked.patients,
    };
    let export = api.gateway.start_export(&request.viewer, &request.space, export).await?;
    let headers = vec![(CONTENT_LOCATION, address(&request.space, &export.id))];
    Ok(Answer { headers, ..Answer::status(StatusCode::ACCEPTED) })
}

/// `GET _export/ID`: 202 while the files are being listed, then the manifest.
pub(super) async fn status(api: &Api, request: &Request, id: &str) -> Result<Answer, ApiError> {
    let export = find(api, request, id).await?;
    let Some(files) = &export.files else {
        let (done, of) = api.gateway.export_progress(&export.id);
        let progress = match of {
            0 => "waiting for others".to_owned(),
            of => format!("{done} of {of} resource types counted"),
        };
        let headers = vec![(PROGRESS, progress), (RETRY_AFTER, AGAIN.to_owned())];
        return Ok(Answer { headers, ..Answer::status(StatusCode::ACCEPTED) });
    };
    let address = address(&request.space, &export.id);
    let of = |contents: Contents| files.iter().filter(move |file| file.contents == contents);
    let output: Vec<Value> = of(Contents::Resources)
        .map(|file| {
            json!({"type": file.type_name, "url": format!("{address}/{}.ndjson", file.type_name), "count": file.count})
        })
        .collect();
    let deleted: Vec<Value> = of(Contents::Deletions)
        .map(|file| {
            json!({"type": "Bundle", "url": format!("{address}/{}{DELETED}", file.type_name), "count": file.count})
        })
        .collect();
    let mut manifest = json!({
        "transactionTime": export.as_of.to_fhir(),
        "request": export.request.url,
        "requiresAccessToken": request.principal.client().is_some(),
        "output": output,
        "error": [],
    });
    if !deleted.is_empty() {
        manifest["deleted"] = deleted.into();
    }
    let content = Content::Raw("application/json".to_owned(), manifest.to_string().into());
    let headers = vec![(EXPIRES, export.expires.to_http())];
    Ok(Answer { content, headers, ..Answer::status(StatusCode::OK) })
}

/// `DELETE _export/ID`: the export is given up, or no longer needed.
pub(super) async fn cancel(api: &Api, request: &Request, id: &str) -> Result<Answer, ApiError> {
    find(api, request, id).await?;
    match api.gateway.cancel_export(&request.space, id).await? {
        true => Ok(Answer::status(StatusCode::ACCEPTED)),
        false => Err(ApiError::NotFound),
    }
}

/// `GET _export/ID/Type.ndjson`: a resource a line; of `Type.deleted.ndjson` a transaction.
pub(super) async fn file(api: &Api, request: &Request, id: &str, name: &str) -> Result<Answer, ApiError> {
    let export = find(api, request, id).await?;
    let (type_name, contents) = match (name.strip_suffix(DELETED), name.strip_suffix(".ndjson")) {
        (Some(type_name), _) => (type_name, Contents::Deletions),
        (None, Some(type_name)) => (type_name, Contents::Resources),
        (None, None) => return Err(ApiError::NotFound),
    };
    let mut files = export.files.as_deref().unwrap_or_default().iter();
    let Some(file) = files.find(|file| file.type_name == type_name && file.contents == contents).cloned()
    else {
        return Err(ApiError::NotFound);
    };
    let (expires, export) = (export.expires, Arc::new(export));
    let event = Event { query: audit::asked(request), ..audit::event(api, request, Kind::Export) };
    let lines = Lines {
        api: api.clone(),
        space: Arc::clone(&request.space),
        viewer: request.viewer.clone(),
        needs_disclosure: audit::needs_disclosure(&request.principal),
        export,
        file,
        event,
    };
    let headers = vec![(EXPIRES, expires.to_http())];
    Ok(Answer { content: Content::Lines(Box::new(lines)), headers, ..Answer::status(StatusCode::OK) })
}

async fn find(api: &Api, request: &Request, id: &str) -> Result<Export, ApiError> {
    if !Id::is_valid(id) {
        return Err(ApiError::NotFound);
    }
    api.gateway
        .export(&request.principal, &request.viewer, &request.space, id)
        .await?
        .ok_or(ApiError::NotFound)
}

fn address(space: &Space, id: &str) -> String {
    format!("{}/{FOLDER}/{id}", space.base)
}

/// The kick-off's URL as we understood it.
fn url_of(request: &Request, level: &ExportLevel) -> String {
    let base = &request.space.base;
    let mut url = match level {
        ExportLevel::System => format!("{base}/$export"),
        ExportLevel::Patient => format!("{base}/Patient/$export"),
        ExportLevel::Group(id) => format!("{base}/Group/{id}/$export"),
    };
    for (index, (name, value)) in request.query.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        let escape = |text: &str| {
            let escaped = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            escaped.replace("%5F", "_").replace("%2D", "-").replace("%2E", ".").replace("%2C", ",")
        };
        url.push_str(&format!("{}={}", escape(name), escape(value)));
    }
    url
}

/// The lines of a file, not read yet.
#[derive(Clone)]
pub struct Lines {
    api: Api,
    space: Arc<Space>,
    viewer: Viewer,
    needs_disclosure: bool,
    export: Arc<Export>,
    file: ExportFile,
    /// What the record is told of each page, before it is sent.
    event: Event,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of export {}", self.file.type_name, self.export.id)
    }
}

impl Lines {
    pub(super) fn content_type(&self) -> HeaderValue {
        HeaderValue::from_static(NDJSON)
    }

    /// Reads and sends page by page, the next one when the client has taken the last.
    pub(super) fn into_body(self) -> HttpBody {
        let Lines { api, space, export, file, .. } = &self;
        let reader =
            ExportReader::new(&api.gateway, space, Arc::clone(export), &file.type_name, file.contents);
        let pages = stream::try_unfold((reader, self), |(mut reader, lines)| async move {
            let Some(page) = reader.next().await? else { return Ok::<_, StoreError>(None) };
            lines.note(&page).await?;
            let mut text = String::with_capacity(page.iter().map(|body| body.len() + 1).sum());
            for body in page {
                text.push_str(&match lines.file.contents {
                    Contents::Resources => {
                        let elements = &lines.export.request.elements;
                        subset::of_elements(&lines.api, &lines.file.type_name, elements, body)
                    }
                    Contents::Deletions => body,
                });
                text.push('\n');
            }
            Ok(Some((Bytes::from(text), (reader, lines))))
        });
        HttpBody::from_stream(pages)
    }

    /// Tells what is about to be sent; what is disclosed with it is on disk when this returns.
    async fn note(&self, page: &[String]) -> Result<(), StoreError> {
        let type_name: Arc<str> = self.file.type_name.as_str().into();
        let resources = page.iter().filter(|_| self.file.contents == Contents::Resources);
        let entities = resources.filter_map(|body| Entity::of_text(&type_name, body, &self.space.base));
        let entities: Vec<Entity> = entities.collect();
        let at = self.api.gateway.clock().now();
        let event = Event { at, ..self.event.clone() };
        let is_disclosed = self.needs_disclosure && !is_shared(&type_name);
        let disclosed = if is_disclosed { entities.clone() } else { Vec::new() };
        let disclosed = audit::disclosure(event.clone(), &self.viewer, disclosed);
        let event = Event { entities, ..event };
        match disclosed {
            None => self.api.gateway.note(event).await,
            Some(disclosed) => {
                let written = self.api.gateway.write_down(vec![event, disclosed]).await;
                written.map_err(|_| StoreError::Unsupported("what is sent cannot be recorded"))?;
            }
        }
        Ok(())
    }
}
