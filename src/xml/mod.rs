//! FHIR in XML (R4 §2.6.1) to FHIR in JSON (R4 §2.6.2), and back, without loss.
//!
//! Neither can be turned into the other by its looks: whether `<given value="Ada"/>` is a string or a list of one, a
//! number or a text, is known to the definitions only. So both ways walk the [`TypeGraph`], and what the definitions do
//! not know is an error that names the place.
//!
//! | in JSON | in XML |
//! |---|---|
//! | `resourceType` | the name of the resource's element, in the namespace `http://hl7.org/fhir` |
//! | a value | the attribute `value` |
//! | `id` of an element (not of a resource), `url` of an extension | attributes |
//! | `_name` beside a value, and its place in a list | `id` and extensions inside the value's element |
//! | `text.div`, a string | the `<div>` itself, as it is written |
//! | a resource in a resource | the resource's element inside `<contained>`, `<resource>` … |
//! | a number | its digits as they are written (`1.00`), but for an exponent, which gets its sign (`1e3` is `1e+3`), as everywhere where JSON is read here |
//!
//! The conversion judges syntax and nothing else. Empty values, missing elements, wrong codes pass from one form to the
//! other as they are, for the validator to tell; `<birthDate/>` is `"_birthDate": {}`. Only what says nothing is not kept:
//! an empty `_name` beside a value.
//!
//! # What is read leniently
//!
//! FHIR wants the elements in the order of their definition, and writes so; but senders differ, and no meaning is lost:
//! they are read in any order, also where others stand between the repetitions of one. What may not repeat is refused
//! when it does. Comments and processing instructions are passed over, and so is `xsi:schemaLocation`, which FHIR does not
//! want. White space around elements means nothing. Any prefix may stand for a namespace.
//!
//! # What is refused
//!
//! Text that is not well formed or not UTF-8; document types, and with them every entity but the five of XML; other
//! namespaces; elements and attributes the definitions do not know; text outside of attributes and narratives; numbers and
//! booleans that are none; nesting deeper than JSON may nest ([`MAX_DEPTH`]); more than [`MAX_BYTES`]. Nothing here
//! expands, so memory and time grow with the text only.
//!
//! In the other direction: properties and resource types the definitions do not know; shapes that FHIR's JSON does not
//! have (one value for a list, text for a number, `null`, empty lists); characters that XML cannot hold; narratives that
//! are not one well-formed `<div>`.

mod characters;
mod error;
mod from_json;
mod html_entities;
mod locate;
mod namespaces;
mod narrative;
mod primitive;
mod reader;
mod references;
mod to_json;
pub mod tree;
mod writer;

pub use crate::fhir::json::MAX_DEPTH;
pub use error::{Place, XmlError};
pub use locate::{place_issues, place_issues_within};

use serde_json::Value;

use crate::definitions::TypeGraph;

/// How long an XML text may be.
pub const MAX_BYTES: usize = 64 << 20;

/// Reads one resource in XML (R4 §2.6.1).
///
/// Gives it as JSON has it, `resourceType` first, properties in the order of the text. Errors name line and column.
pub fn to_json(types: &TypeGraph, text: &[u8]) -> Result<Value, XmlError> {
    let in_text = |at, message: &str| {
        let valid = text.get(..at).and_then(|valid| std::str::from_utf8(valid).ok());
        XmlError::in_text(valid.unwrap_or_default(), at, message)
    };
    if text.len() > MAX_BYTES {
        return Err(in_text(0, &format!("longer than {MAX_BYTES} bytes")));
    }
    let text = std::str::from_utf8(text).map_err(|e| in_text(e.valid_up_to(), "FHIR is XML 1.0 in UTF-8"))?;
    to_json::document(types, text)
}

/// Writes one resource in XML (R4 §2.6.1), elements in the order of their definition, without white space between them.
///
/// Errors name the element.
pub fn from_json(types: &TypeGraph, value: &Value) -> Result<String, XmlError> {
    from_json::document(types, value, writer::Layout::Compact)
}

/// Like [`from_json`], of whatever is stored: what XML cannot say is left out, down to the smallest property or item that
/// holds it. Gives the text, and how much was left out. An error is left only for what is no resource at all.
pub fn from_any_json(types: &TypeGraph, value: &Value, pretty: bool) -> Result<(String, usize), XmlError> {
    from_json::what_can_be(
        types,
        value,
        if pretty { writer::Layout::Pretty } else { writer::Layout::Compact },
    )
}

/// Like [`from_json`], with each element on a line of its own; narratives stay as they are.
pub fn from_json_pretty(types: &TypeGraph, value: &Value) -> Result<String, XmlError> {
    from_json::document(types, value, writer::Layout::Pretty)
}
