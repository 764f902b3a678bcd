//! Ring 8: HTTP (R4 §3.1.0). A request becomes an [`Interaction`], each carried out in a file of its own, and its
//! [`Answer`] becomes HTTP; `error` is the one file where a refusal gets its status.

mod answer;
mod audit;
mod audit_event;
mod auth;
mod binary;
mod bundle;
mod conditional;
mod content;
mod create;
mod delete;
mod docref;
mod error;
mod everything;
mod export;
mod history;
mod interaction;
mod metadata;
mod operation;
mod parameters;
mod patch;
mod provided;
mod read;
mod request;
mod scope;
mod search;
mod server;
mod subset;
mod terminology;
mod transaction;
mod update;
mod validate;

pub use answer::Answer;
pub use error::ApiError;
pub use interaction::Interaction;
pub use metadata::capability_statement;
pub use server::{ListenError, Server, TlsError, router};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use crate::auth::Auth;
use crate::config::{Config, Limits};
use crate::gateway::Gateway;

/// What the handlers work with.
#[derive(Clone)]
pub struct Api {
    gateway: Gateway,
    auth: Auth,
    limits: Arc<Limits>,
    /// Web pages that may use the gateway from a browser.
    cors_origins: Vec<http::HeaderValue>,
    /// The CapabilityStatement of each space, as JSON text.
    capability_statements: Arc<BTreeMap<String, Arc<str>>>,
    /// The TerminologyCapabilities of each space that was asked for them.
    terminology_capabilities: Arc<Mutex<BTreeMap<String, Arc<str>>>>,
    /// The SearchParameters, made when they are first asked for.
    search_parameters: Arc<OnceLock<Vec<provided::Provided>>>,
    turns: patch::Turns,
}

impl Api {
    /// An API for a gateway and those whom it lets in.
    pub fn new(gateway: Gateway, auth: Auth, config: &Config) -> Api {
        let wants_login = matches!(auth, Auth::Required(_));
        let statement = |space| capability_statement(&gateway, space, wants_login).to_string().into();
        let statements = gateway.spaces().map(|space| (space.name.clone(), statement(space))).collect();
        Api {
            gateway,
            auth,
            limits: Arc::new(config.limits.clone()),
            cors_origins: config.cors_origins.iter().filter_map(|origin| origin.parse().ok()).collect(),
            capability_statements: Arc::new(statements),
            terminology_capabilities: Arc::default(),
            search_parameters: Arc::default(),
            turns: patch::Turns::default(),
        }
    }

    /// Carries out one interaction, whether it came by itself or in a Bundle, and tells the record of it.
    async fn carry_out(&self, request: &request::Request, body: request::Body) -> Result<Answer, ApiError> {
        let answer = match scope::check(request) {
            Ok(()) => self.answer(request, body).await,
            Err(error) => Err(error),
        };
        audit::note(self, request, answer).await
    }

    async fn answer(&self, request: &request::Request, body: request::Body) -> Result<Answer, ApiError> {
        match &request.interaction {
            Interaction::Capabilities => Ok(metadata::metadata(self, request)),
            Interaction::Bundle => Box::pin(bundle::bundle(self, request, body)).await,
            Interaction::Search { type_name } => {
                search::search(self, request, type_name.as_deref(), body).await
            }
            Interaction::Create { type_name } => create::create(self, request, type_name, body).await,
            Interaction::Read { type_name, id } => read::read(self, request, type_name, id).await,
            Interaction::VersionRead { type_name, id, version } => {
                read::vread(self, request, type_name, id, version).await
            }
            Interaction::Update { type_name, id } => update::update(self, request, type_name, id, body).await,
            Interaction::Patch { type_name, id } => patch::patch(self, request, type_name, id, body).await,
            Interaction::ConditionalPatch { type_name } => {
                patch::conditional(self, request, type_name, body).await
            }
            Interaction::Delete { type_name, id } => delete::delete(self, request, type_name, id).await,
            Interaction::ConditionalUpdate { type_name } => {
                conditional::update(self, request, type_name, body).await
            }
            Interaction::ConditionalDelete { type_name } => {
                conditional::delete(self, request, type_name).await
            }
            Interaction::History { type_name, id } => {
                history::history(self, request, type_name.as_deref(), id.as_deref()).await
            }
            Interaction::ExportStatus { export } => export::status(self, request, export).await,
            Interaction::CancelExport { export } => export::cancel(self, request, export).await,
            Interaction::ExportFile { export, file } => export::file(self, request, export, file).await,
            Interaction::Operation { name, type_name, id } => {
                operation::operation(self, request, name, type_name.as_deref(), id.as_deref(), body).await
            }
        }
    }
}
