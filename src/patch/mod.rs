//! Ring 3: PATCH (R4 §3.1.0.6): what a patch makes of a resource. Three formats, each with a language for places of its
//! own; all work on the resource as JSON, which they leave with the elements they do not speak of as they were.
//!
//! | format | content type | places are |
//! |---|---|---|
//! | JSON Patch, RFC 6902 | `application/json-patch+json` | JSON Pointers |
//! | XML Patch, RFC 5261 | `application/xml-patch+xml` | XPath, a part of it |
//! | FHIRPath Patch, R4 §3.1.0.6.1 | `application/fhir+json`, `application/fhir+xml` | FHIRPath |
//!
//! A patch is read once and may be applied again and again. It is applied as a whole or not at all. Whether the outcome
//! is a sound resource is for the validator to say.

mod error;
mod fhirpath;
mod json;
mod xml;

pub use error::{PatchError, PatchErrorKind};

use serde_json::Value;

use crate::definitions::TypeGraph;
use crate::fhir::time::Instant;

/// How many operations a patch may have.
pub const MAX_OPERATIONS: usize = 5_000;

/// A patch that has been read.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch(Format);

#[derive(Debug, Clone, PartialEq)]
enum Format {
    Json(json::JsonPatch),
    Xml(xml::XmlPatch),
    FhirPath(fhirpath::FhirPathPatch),
}

impl Patch {
    /// Reads a JSON Patch (RFC 6902). Errors say which operation is none.
    pub fn json(text: &[u8]) -> Result<Patch, PatchError> {
        json::JsonPatch::parse(text).map(Format::Json).map(Patch)
    }

    /// Reads a JSON Patch that is JSON already.
    pub fn json_value(operations: Value) -> Result<Patch, PatchError> {
        json::JsonPatch::of(operations).map(Format::Json).map(Patch)
    }

    /// Reads an XML Patch (RFC 5261). The prefixes `f` and `h` need no declaration; names without prefix are FHIR's
    /// where the patch declares no default namespace.
    pub fn xml(text: &[u8]) -> Result<Patch, PatchError> {
        xml::XmlPatch::parse(text).map(Format::Xml).map(Patch)
    }

    /// Reads a FHIRPath Patch (R4 §3.1.0.6.1), a Parameters resource as JSON.
    pub fn fhirpath(types: &TypeGraph, parameters: &Value) -> Result<Patch, PatchError> {
        fhirpath::FhirPathPatch::of(types, parameters).map(Format::FhirPath).map(Patch)
    }

    /// What the patch makes of a resource. `now` is the time that a path of a FHIRPath Patch may ask for.
    ///
    /// Errors say which operation could not be carried out. A resource that XML cannot say cannot be patched as XML.
    pub fn apply(&self, types: &TypeGraph, now: Instant, resource: &Value) -> Result<Value, PatchError> {
        match &self.0 {
            Format::Json(patch) => patch.apply(resource.clone()),
            Format::FhirPath(patch) => patch.apply(types, now, resource.clone()),
            Format::Xml(patch) => {
                let text = crate::xml::from_json(types, resource).map_err(|error| {
                    PatchError::not_applicable(format!("the resource as it is has no form in XML: {error}"))
                })?;
                let patched = patch.apply(&text)?;
                crate::xml::to_json(types, patched.as_bytes()).map_err(|error| {
                    // Line and column would be those of a text that nobody has seen.
                    PatchError::not_applicable(format!("what comes of it is no resource: {}", error.message))
                })
            }
        }
    }
}

/// What an XML Patch makes of any XML document, not only of resources.
///
/// Errors: as [`Patch::xml`] and [`Patch::apply`] have them.
pub fn apply_to_xml(patch: &[u8], document: &str) -> Result<String, PatchError> {
    xml::XmlPatch::parse(patch)?.apply(document)
}

/// What a JSON Patch makes of any JSON value, not only of resources.
///
/// Errors: as [`Patch::json`] and [`Patch::apply`] have them.
pub fn apply_to_json(patch: &[u8], document: &Value) -> Result<Value, PatchError> {
    json::JsonPatch::parse(patch)?.apply(document.clone())
}
