//! The HTTP server: from connections to requests, within limits.

mod listener;
mod subject;
mod tls;

pub use listener::{ListenError, Server};
pub use tls::TlsError;

pub(super) use listener::Peer;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::{Request as HttpRequest, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::get;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tracing::{debug, info};

use crate::access::{Principal, Viewer};
use crate::audit::Origin;
use crate::fhir::{Issue, IssueCode};
use crate::gateway::Space;

use crate::api::content::{Form, NotAcceptable, names_fhir};
use crate::api::request::{Body, Conditions, Preferences, Request, decode_form};
use crate::api::{Answer, Api, ApiError, Interaction, audit};

/// All routes.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .merge(super::auth::routes(&api))
        .fallback(fhir)
        .layer(CatchPanicLayer::custom(panicked(api.clone())))
        .layer(cors(&api.cors_origins))
        .layer(from_fn_with_state(api.clone(), options))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .with_state(api)
}

/// What browsers let pages of other origins do.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let all = origins.iter().any(|origin| origin == "*");
    let told = [
        "accept-patch",
        "allow",
        "content-location",
        "etag",
        "expires",
        "last-modified",
        "location",
        "retry-after",
        "validation-issues",
        "warning",
        "x-progress",
        "x-request-id",
    ];
    CorsLayer::new()
        .allow_origin(if all { AllowOrigin::any() } else { AllowOrigin::list(origins.iter().cloned()) })
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(told.map(HeaderName::from_static))
        .max_age(Duration::from_secs(3600))
}

async fn ready(State(api): State<Api>) -> (StatusCode, &'static str) {
    match api.gateway.store().ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

async fn fhir(State(api): State<Api>, mut request: HttpRequest) -> Response<HttpBody> {
    let clock = Arc::clone(api.gateway.clock());
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let origin = audit::origin(request.headers(), request.extensions().get::<Peer>());
    request.extensions_mut().insert(origin.clone());
    let within = Duration::from_secs(api.limits.request_seconds);
    let query = decode_form(request.uri().query().unwrap_or_default());
    let asked = Form::asked(request.headers(), &query);
    let (label, answer) = match understand(&api, request.uri().path()) {
        Err(error) => ("unknown", Err(error)),
        Ok((space, path)) => {
            let types = api.gateway.definitions().types();
            match Interaction::parse(&method, &path, types) {
                Err(error) => ("unknown", Ok(not_understood(&api, &path, error))),
                Ok(interaction) => {
                    let label = interaction.label();
                    let work = handle(&api, space, interaction, request, query);
                    (label, tokio::time::timeout(within, work).await.unwrap_or(Err(ApiError::Timeout)))
                }
            }
        }
    };
    let answer = answer.unwrap_or_else(ApiError::into_answer);
    let types = api.gateway.definitions().types();
    let mut response = answer.into_response(asked.unwrap_or_default(), types, &*clock);
    if let Ok(id) = HeaderValue::from_str(&origin.request) {
        response.headers_mut().insert(audit::REQUEST_ID, id);
    }
    let seconds = started.elapsed().as_secs_f64();
    let status = response.status().as_str().to_owned();
    metrics::histogram!("sdoh_gateway_request_seconds", "interaction" => label, "status" => status.clone())
        .record(seconds);
    debug!(interaction = label, status, seconds, "answered");
    response
}

/// 405 where other methods go with the path, which are told.
fn not_understood(api: &Api, path: &str, error: ApiError) -> Answer {
    match methods(api, path) {
        headers if headers.is_empty() => error.into_answer(),
        headers => Answer { headers, ..ApiError::MethodNotAllowed.into_answer() },
    }
}

/// Tells who asks by OPTIONS which methods go with a path (RFC 9110 §9.3.7). The rest of the answer is for browsers.
async fn options(State(api): State<Api>, request: HttpRequest, next: Next) -> Response<HttpBody> {
    let is_asked = request.method() == Method::OPTIONS;
    let path = is_asked.then(|| understand(&api, request.uri().path()).ok()).flatten();
    let mut response = next.run(request).await;
    for (name, value) in path.iter().flat_map(|(_, path)| methods(&api, path)) {
        response.headers_mut().extend(HeaderValue::from_str(&value).map(|value| (name, value)));
    }
    response
}

/// `Allow`, and where a PATCH is allowed `Accept-Patch` (RFC 5789 §3.1). Nothing where nothing is.
fn methods(api: &Api, path: &str) -> Vec<(HeaderName, String)> {
    let methods = Interaction::methods(path, api.gateway.definitions().types());
    let names: Vec<&str> = methods.iter().map(Method::as_str).chain(["OPTIONS"]).collect();
    let mut headers = Vec::new();
    if !methods.is_empty() {
        headers.push((ALLOW, names.join(", ")));
    }
    if methods.contains(&Method::PATCH) {
        headers.push((super::patch::ACCEPT_PATCH, super::patch::FORMATS.join(", ")));
    }
    headers
}

/// The space a path is in, and the rest of the path.
fn understand(api: &Api, path: &str) -> Result<(Arc<Space>, String), ApiError> {
    let (space, rest) = match path.strip_prefix("/fhir") {
        Some(rest) => ("", rest),
        None => {
            let named = path.strip_prefix("/s/").and_then(|rest| rest.split_once("/fhir"));
            // The default space has no name, and no second address.
            named.filter(|(name, _)| !name.is_empty()).ok_or(ApiError::UnknownPath)?
        }
    };
    if !(rest.is_empty() || rest.starts_with('/')) {
        return Err(ApiError::UnknownPath);
    }
    let space = api.gateway.space(space).ok_or(ApiError::UnknownPath)?;
    let rest = percent_encoding::percent_decode_str(rest).decode_utf8_lossy().into_owned();
    Ok((Arc::clone(space), rest))
}

/// Who makes a request, and what of the space they may see. What the server can do everybody may know.
///
/// Errors: they are not let in at all, or not into this space; with who they are, as far as that is known.
async fn admit(
    api: &Api,
    space: &Space,
    interaction: &Interaction,
    head: &Parts,
) -> Result<(Principal, Viewer), (Principal, ApiError)> {
    let principal = match interaction {
        Interaction::Capabilities => Principal::Open,
        _ => super::auth::principal(api, head).await.map_err(|denied| (Principal::Open, denied.into()))?,
    };
    match principal.viewer(&space.name, api.gateway.clock().now()) {
        Some(viewer) => Ok((principal, viewer)),
        None => Err((principal, ApiError::UnknownPath)),
    }
}

async fn handle(
    api: &Api,
    space: Arc<Space>,
    interaction: Interaction,
    request: HttpRequest,
    query: Vec<(String, String)>,
) -> Result<Answer, ApiError> {
    let (mut head, body) = request.into_parts();
    let origin = head.extensions.remove::<Origin>().unwrap_or_default();
    // Of the body of one who is turned away nothing is read.
    let (principal, viewer) = match admit(api, &space, &interaction, &head).await {
        Ok(admitted) => admitted,
        Err((principal, error)) => {
            audit::note_refusal(api, &head, origin, (&space, &principal, &interaction), &error).await;
            return Err(error);
        }
    };
    let limit = api.limits.body_bytes;
    let bytes = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            return Err(ApiError::TooLarge(limit));
        }
        Err(_) => return Err(ApiError::malformed(IssueCode::Structure, "the body broke off")),
    };
    let wants_raw_binary = matches!(
        &interaction,
        Interaction::Read { type_name, .. } | Interaction::VersionRead { type_name, .. } if type_name == "Binary"
    ) && !names_fhir(&head.headers, &query);
    let has_its_own_format =
        matches!(interaction, Interaction::ExportStatus { .. } | Interaction::ExportFile { .. });
    if !wants_raw_binary && !has_its_own_format {
        Form::asked(&head.headers, &query).map_err(|NotAcceptable| ApiError::NotAcceptable)?;
    }
    let types = api.gateway.definitions().types();
    let body = Body::of_http(types, &interaction, &head.headers, bytes.clone())?;
    let preferences = Preferences::of_headers(&head.headers);
    let preferences = crate::api::scope::preferences(&principal, &interaction, preferences);
    let request = Request {
        interaction,
        space,
        principal,
        viewer,
        origin,
        method: head.method,
        target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        query,
        conditions: Conditions::of_headers(&head.headers),
        preferences,
        text: bytes,
        wants_raw_binary,
    };
    api.carry_out(&request, body).await.map_err(|error| error.placed(&request))
}

/// A panic is our fault and stays within its request.
fn panicked(
    api: Api,
) -> impl Fn(Box<dyn std::any::Any + Send + 'static>) -> Response<HttpBody> + Clone + Send + 'static {
    move |_| {
        info!("a request panicked; see the message before this one");
        let text = "the gateway failed at this; the fault is its own and has been logged";
        let issue = Issue::error(IssueCode::Exception, text);
        let answer = Answer::outcome(StatusCode::INTERNAL_SERVER_ERROR, &issue.into());
        answer.into_response(Form::default(), api.gateway.definitions().types(), &**api.gateway.clock())
    }
}
