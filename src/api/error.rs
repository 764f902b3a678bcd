//! The one place where errors become HTTP.

use http::StatusCode;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use tracing::error;

use crate::auth::Denied;

use crate::fhir::json::SyntaxError;
use crate::fhir::{Issue, IssueCode, OperationOutcome, Severity};
use crate::gateway::Refused;
use crate::store::StoreError;
use crate::xml::{Place, XmlError};

use super::Answer;
use super::request::Request;

/// Why a request gets no better answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The path is none of FHIR's.
    #[error("unknown path")]
    UnknownPath,
    /// The path names no resource type.
    #[error("unknown resource type")]
    UnknownType(String),
    /// There is no such operation.
    #[error("unknown operation")]
    UnknownOperation(String),
    /// The id in the path is not one.
    #[error("invalid id")]
    InvalidId,
    /// The method does not go with the path.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The body is not in a format that is read.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// The body is not a patch in a format that is read.
    #[error("unsupported patch")]
    UnsupportedPatch,
    /// No format that the client accepts can be written.
    #[error("not acceptable")]
    NotAcceptable,
    /// The body is larger than allowed.
    #[error("body too large")]
    TooLarge(usize),
    /// It took too long.
    #[error("timeout")]
    Timeout,
    /// The body is not JSON.
    #[error("syntax: {0}")]
    Syntax(SyntaxError),
    /// The body is not FHIR in XML.
    #[error("syntax: {0}")]
    Xml(XmlError),
    /// There is no such resource.
    #[error("not found")]
    NotFound,
    /// The caller is not let in.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller's token is not for this.
    #[error("out of scope")]
    OutOfScope,
    /// There was one.
    #[error("deleted")]
    Deleted(u64),
    /// The gateway refused.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        ApiError::Refused(error.into())
    }
}

impl ApiError {
    /// A request that makes no sense, in one sentence.
    pub fn malformed(code: IssueCode, message: impl Into<String>) -> ApiError {
        ApiError::Refused(Refused::malformed(code, message))
    }

    /// The same, with issues placed in what was sent.
    pub(super) fn placed(mut self, request: &Request) -> ApiError {
        if let ApiError::Refused(
            Refused::Malformed(outcome)
            | Refused::Invalid(outcome)
            | Refused::Conflict(outcome)
            | Refused::Forbidden(outcome),
        ) = &mut self
        {
            outcome.issues = request.placed(std::mem::take(&mut outcome.issues));
        }
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            ApiError::UnknownPath | ApiError::UnknownType(_) | ApiError::UnknownOperation(_) => {
                StatusCode::NOT_FOUND
            }
            ApiError::InvalidId | ApiError::Syntax(_) | ApiError::Xml(_) => StatusCode::BAD_REQUEST,
            ApiError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::UnsupportedMediaType | ApiError::UnsupportedPatch => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            ApiError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ApiError::NotFound => StatusCode::NOT_FOUND,
            ApiError::Deleted(_) => StatusCode::GONE,
            ApiError::Denied(denied) => match denied {
                Denied::NoToken | Denied::BadToken(_) => StatusCode::UNAUTHORIZED,
                Denied::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
                Denied::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            },
            ApiError::OutOfScope => StatusCode::FORBIDDEN,
            ApiError::Refused(refused) => match refused {
                Refused::Malformed(_) => StatusCode::BAD_REQUEST,
                Refused::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                Refused::Conflict(_) => StatusCode::CONFLICT,
                Refused::Forbidden(_) => StatusCode::FORBIDDEN,
                Refused::VersionConflict(_) => StatusCode::PRECONDITION_FAILED,
                Refused::NotFound(_) => StatusCode::NOT_FOUND,
                Refused::Moved | Refused::Busy | Refused::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            },
        }
    }

    /// The HTTP answer: status and OperationOutcome.
    pub fn into_answer(self) -> Answer {
        let status = self.status();
        let one = |code, message: String| Answer::outcome(status, &Issue::error(code, message).into());
        match self {
            ApiError::UnknownPath => one(IssueCode::NotFound, "there is nothing at this path".into()),
            ApiError::UnknownType(_) => {
                let text = "the path names no R4 resource type; names are case-sensitive, say 'Task'";
                one(IssueCode::NotSupported, text.into())
            }
            ApiError::UnknownOperation(_) => {
                let text = "there is no such operation here; see 'metadata' for those there are";
                one(IssueCode::NotSupported, text.into())
            }
            ApiError::InvalidId => {
                let text = "an id has 1 to 64 of the characters A-Z, a-z, 0-9, '-' and '.'";
                one(IssueCode::Value, text.into())
            }
            ApiError::MethodNotAllowed => {
                let text = "this method does not go with this path";
                one(IssueCode::NotSupported, text.into())
            }
            ApiError::UnsupportedMediaType => {
                let text = "the body's Content-Type is not read here: send application/fhir+json or application/fhir+xml";
                one(IssueCode::NotSupported, text.into())
            }
            ApiError::UnsupportedPatch => {
                let formats = super::patch::FORMATS.join(", ");
                let text = format!("a patch is sent as one of {formats}");
                let headers = vec![(super::patch::ACCEPT_PATCH, formats)];
                Answer { headers, ..one(IssueCode::NotSupported, text) }
            }
            ApiError::NotAcceptable => {
                let text = "nothing the Accept header names can be written: accept application/fhir+json or application/fhir+xml";
                one(IssueCode::NotSupported, text.into())
            }
            ApiError::TooLarge(limit) => {
                let text = format!("the body is larger than {limit} bytes (limits.body-bytes)");
                one(IssueCode::TooLong, text)
            }
            ApiError::Timeout => {
                let text = "this took too long and was given up (limits.request-seconds); a write may still be carried out";
                one(IssueCode::Timeout, text.into())
            }
            ApiError::Syntax(SyntaxError { message, line, column }) => {
                syntax(status, format!("this is not JSON that FHIR accepts: {message}"), Some((line, column)))
            }
            ApiError::Xml(XmlError { message, place }) => {
                let position = match place {
                    Place::Text { line, column } => Some((line, column)),
                    Place::Element(_) => None,
                };
                syntax(status, format!("this is not XML that FHIR accepts: {message}"), position)
            }
            ApiError::NotFound => one(IssueCode::NotFound, "there is no such resource".into()),
            ApiError::Deleted(version) => {
                let text =
                    format!("the resource was deleted by version {version}; its history still shows it");
                Answer { version: Some(version), ..one(IssueCode::Deleted, text) }
            }
            ApiError::Denied(denied) => denied_answer(status, denied),
            ApiError::OutOfScope => {
                let text = "the token's scope does not cover this; 'scope' of the answer that gave it says what it covers";
                let challenge = "Bearer error=\"insufficient_scope\"".to_owned();
                Answer {
                    headers: vec![(WWW_AUTHENTICATE, challenge)],
                    ..one(IssueCode::Forbidden, text.into())
                }
            }
            ApiError::Refused(refused) => Answer::outcome(status, &outcome_of(refused)),
        }
    }
}

fn syntax(status: StatusCode, message: String, position: Option<(usize, usize)>) -> Answer {
    let issue = Issue { position, ..Issue::new(Severity::Fatal, IssueCode::Structure, message) };
    Answer::outcome(status, &issue.into())
}

/// RFC 6750 §3.
fn denied_answer(status: StatusCode, denied: Denied) -> Answer {
    let (code, text, header) = match denied {
        Denied::NoToken => {
            let text = "who is calling? Send a token: Authorization: Bearer …; .well-known/smart-configuration tells where \
                        to get one";
            (IssueCode::Login, text.to_owned(), (WWW_AUTHENTICATE, "Bearer".to_owned()))
        }
        Denied::BadToken(reason) => {
            let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{reason}\"");
            let text = format!("the token is not good: {reason}");
            (IssueCode::Login, text, (WWW_AUTHENTICATE, challenge))
        }
        Denied::TooOften(seconds) => {
            let text = "this client sends more requests than it may (limits.requests-per-second)".to_owned();
            (IssueCode::Throttled, text, (RETRY_AFTER, seconds.to_string()))
        }
        Denied::Unavailable(message) => {
            error!(message, "it could not be told who calls");
            let text = "it cannot be told who is calling: try again in a moment".to_owned();
            (IssueCode::Transient, text, (RETRY_AFTER, "1".to_owned()))
        }
    };
    Answer { headers: vec![header], ..Answer::outcome(status, &Issue::error(code, text).into()) }
}

fn outcome_of(refused: Refused) -> OperationOutcome {
    match refused {
        Refused::Malformed(outcome)
        | Refused::Invalid(outcome)
        | Refused::Conflict(outcome)
        | Refused::Forbidden(outcome)
        | Refused::VersionConflict(outcome)
        | Refused::NotFound(outcome) => outcome,
        Refused::Moved => {
            let text = "what this depends on keeps changing; nothing was written: try again in a moment";
            Issue::error(IssueCode::Transient, text).into()
        }
        Refused::Busy => {
            let text = "too many writes are waiting; nothing was written: try again in a moment";
            Issue::error(IssueCode::Transient, text).into()
        }
        Refused::Store(message) => {
            error!(message, "the store failed");
            let text = "the database did not carry this out; nothing was written: try again in a moment";
            Issue::error(IssueCode::Transient, text).into()
        }
    }
}
