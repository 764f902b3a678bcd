//! Which RESTful interaction a request asks for (R4 §3.1.0).

use http::Method;

use crate::definitions::TypeGraph;
use crate::fhir::Id;

use super::{ApiError, export};

/// What is asked for. Type names are those of the definitions, ids are valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interaction {
    /// `GET metadata`.
    Capabilities,
    /// `POST` to the base.
    Bundle,
    /// `GET Type?…` or `POST Type/_search`; without a type that of the system.
    Search {
        /// Resource type.
        type_name: Option<String>,
    },
    /// `POST Type`.
    Create {
        /// Resource type.
        type_name: String,
    },
    /// `GET Type/id`.
    Read {
        /// Resource type.
        type_name: String,
        /// Logical id.
        id: String,
    },
    /// `GET Type/id/_history/version`.
    VersionRead {
        /// Resource type.
        type_name: String,
        /// Logical id.
        id: String,
        /// Version, as asked for.
        version: String,
    },
    /// `PUT Type/id`.
    Update {
        /// Resource type.
        type_name: String,
        /// Logical id.
        id: Id,
    },
    /// `PATCH Type/id`.
    Patch {
        /// Resource type.
        type_name: String,
        /// Logical id.
        id: Id,
    },
    /// `PATCH Type?…`: of the one resource that matches.
    ConditionalPatch {
        /// Resource type.
        type_name: String,
    },
    /// `DELETE Type/id`.
    Delete {
        /// Resource type.
        type_name: String,
        /// Logical id.
        id: Id,
    },
    /// `PUT Type?…`: of the one resource that matches.
    ConditionalUpdate {
        /// Resource type.
        type_name: String,
    },
    /// `DELETE Type?…`: the one resource that matches.
    ConditionalDelete {
        /// Resource type.
        type_name: String,
    },
    /// `GET Type/id/_history`, `GET Type/_history` or `GET _history`.
    History {
        /// Resource type.
        type_name: Option<String>,
        /// Logical id.
        id: Option<String>,
    },
    /// `$name` on the base, a type or a resource.
    Operation {
        /// Name, without `$`.
        name: String,
        /// Resource type.
        type_name: Option<String>,
        /// Logical id.
        id: Option<String>,
    },
    /// `GET _export/id`.
    ExportStatus {
        /// Id of the export.
        export: String,
    },
    /// `DELETE _export/id`.
    CancelExport {
        /// Id of the export.
        export: String,
    },
    /// `GET _export/id/file`.
    ExportFile {
        /// Id of the export.
        export: String,
        /// Name of the file.
        file: String,
    },
}

impl Interaction {
    /// Whether it writes a resource of this type.
    pub fn writes(&self, wanted: &str) -> bool {
        match self {
            Interaction::Create { type_name }
            | Interaction::Update { type_name, .. }
            | Interaction::ConditionalUpdate { type_name } => type_name == wanted,
            _ => false,
        }
    }

    /// Whether it deletes.
    pub fn deletes(&self) -> bool {
        matches!(self, Interaction::Delete { .. } | Interaction::ConditionalDelete { .. })
    }

    /// Whether it patches.
    pub fn patches(&self) -> bool {
        matches!(self, Interaction::Patch { .. } | Interaction::ConditionalPatch { .. })
    }

    /// Short name, for metrics and logs.
    pub fn label(&self) -> &'static str {
        match self {
            Interaction::Capabilities => "capabilities",
            Interaction::Bundle => "bundle",
            Interaction::Search { .. } => "search",
            Interaction::Create { .. } => "create",
            Interaction::Read { .. } => "read",
            Interaction::VersionRead { .. } => "vread",
            Interaction::Update { .. } | Interaction::ConditionalUpdate { .. } => "update",
            Interaction::Patch { .. } | Interaction::ConditionalPatch { .. } => "patch",
            Interaction::Delete { .. } | Interaction::ConditionalDelete { .. } => "delete",
            Interaction::History { .. } => "history",
            Interaction::Operation { .. } => "operation",
            Interaction::ExportStatus { .. } => "export-status",
            Interaction::CancelExport { .. } => "export-cancel",
            Interaction::ExportFile { .. } => "export-file",
        }
    }

    /// The methods that go with a path, which is as [`Interaction::parse`] has it.
    pub fn methods(path: &str, types: &TypeGraph) -> Vec<Method> {
        let all = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        all.into_iter().filter(|method| Interaction::parse(method, path, types).is_ok()).collect()
    }

    /// Reads method and path, the path being relative to the base, without a query.
    ///
    /// Errors: an unknown type or path (404), or a method that does not go there (405).
    pub fn parse(method: &Method, path: &str, types: &TypeGraph) -> Result<Interaction, ApiError> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let known = |name: &str| match types.resource(name) {
            Some(_) => Ok(name.to_owned()),
            None => Err(ApiError::UnknownType(name.to_owned())),
        };
        let valid = |id: &str| Id::parse(id).ok_or(ApiError::InvalidId);
        let read = method == Method::GET || method == Method::HEAD;
        let post = method == Method::POST;
        let interaction = match *segments.as_slice() {
            ["metadata"] if read => Interaction::Capabilities,
            ["_history"] if read => Interaction::History { type_name: None, id: None },
            [] if post => Interaction::Bundle,
            [] if read => Interaction::Search { type_name: None },
            ["_search"] if post => Interaction::Search { type_name: None },
            [operation] if operation.starts_with('$') && (read || post) => {
                Interaction::Operation { name: operation[1..].to_owned(), type_name: None, id: None }
            }
            [export::FOLDER, id] if read => Interaction::ExportStatus { export: id.to_owned() },
            [export::FOLDER, id] if method == Method::DELETE => {
                Interaction::CancelExport { export: id.to_owned() }
            }
            [export::FOLDER, id, file] if read => {
                Interaction::ExportFile { export: id.to_owned(), file: file.to_owned() }
            }
            [export::FOLDER, _] | [export::FOLDER, _, _] => return Err(ApiError::MethodNotAllowed),
            [] | ["metadata" | "_search" | "_history"] => return Err(ApiError::MethodNotAllowed),
            [name] => match known(name)? {
                type_name if read => Interaction::Search { type_name: Some(type_name) },
                type_name if post => Interaction::Create { type_name },
                type_name if method == Method::PUT => Interaction::ConditionalUpdate { type_name },
                type_name if method == Method::PATCH => Interaction::ConditionalPatch { type_name },
                type_name if method == Method::DELETE => Interaction::ConditionalDelete { type_name },
                _ => return Err(ApiError::MethodNotAllowed),
            },
            [name, "_search"] => match known(name)? {
                type_name if post => Interaction::Search { type_name: Some(type_name) },
                _ => return Err(ApiError::MethodNotAllowed),
            },
            [name, "_history"] => match known(name)? {
                type_name if read => Interaction::History { type_name: Some(type_name), id: None },
                _ => return Err(ApiError::MethodNotAllowed),
            },
            [name, operation] if operation.starts_with('$') && (read || post) => Interaction::Operation {
                name: operation[1..].to_owned(),
                type_name: Some(known(name)?),
                id: None,
            },
            [_, operation] | [_, _, operation] if operation.starts_with('$') && !(read || post) => {
                return Err(ApiError::MethodNotAllowed);
            }
            [name, id] => {
                let type_name = known(name)?;
                match *method {
                    Method::GET | Method::HEAD => Interaction::Read { type_name, id: valid(id)?.to_string() },
                    Method::PUT => Interaction::Update { type_name, id: valid(id)? },
                    Method::PATCH => Interaction::Patch { type_name, id: valid(id)? },
                    Method::DELETE => Interaction::Delete { type_name, id: valid(id)? },
                    _ => return Err(ApiError::MethodNotAllowed),
                }
            }
            [name, id, "_history"] if read => {
                Interaction::History { type_name: Some(known(name)?), id: Some(valid(id)?.to_string()) }
            }
            [name, id, "_history", version] => {
                let (type_name, id) = (known(name)?, valid(id)?);
                match *method {
                    Method::GET | Method::HEAD => Interaction::VersionRead {
                        type_name,
                        id: id.to_string(),
                        version: version.to_owned(),
                    },
                    // Clients that take a version's URL for the resource's own update that resource.
                    Method::PUT => Interaction::Update { type_name, id },
                    _ => return Err(ApiError::MethodNotAllowed),
                }
            }
            [name, id, operation] if operation.starts_with('$') && (read || post) => Interaction::Operation {
                name: operation[1..].to_owned(),
                type_name: Some(known(name)?),
                id: Some(valid(id)?.to_string()),
            },
            _ => return Err(ApiError::UnknownPath),
        };
        Ok(interaction)
    }
}
