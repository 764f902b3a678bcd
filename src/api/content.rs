//! Content types (R4 §3.1.0.1.11): which format a body is in, and which one the answer is to have.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

/// A format of FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON, in which resources are kept.
    Json,
    /// XML.
    Xml,
}

/// How an answer is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// In which format.
    pub format: Format,
    /// For people: `_pretty=true`.
    pub pretty: bool,
}

impl Default for Form {
    fn default() -> Self {
        Form { format: Format::Json, pretty: false }
    }
}

/// No format that the caller accepts can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAcceptable;

impl Format {
    /// What answers are labelled with.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Format::Json => "application/fhir+json; charset=utf-8",
            Format::Xml => "application/fhir+xml; charset=utf-8",
        }
    }

    /// The format that a MIME type names, those of older releases and of `_format` included.
    pub(super) fn parse(content_type: &str) -> Option<Format> {
        match essence(content_type).as_str() {
            "application/fhir+json" | "application/json+fhir" | "application/json" | "text/json" | "json" => {
                Some(Format::Json)
            }
            "application/fhir+xml" | "application/xml+fhir" | "application/xml" | "text/xml" | "xml" => {
                Some(Format::Xml)
            }
            _ => None,
        }
    }

    /// The format of a body. Clients that name none are taken to send JSON.
    pub(super) fn of_body(content_type: Option<&str>) -> Option<Format> {
        content_type.map_or(Some(Format::Json), Format::parse)
    }
}

impl Form {
    /// What the query (`_format`, which overrides, and `_pretty`) and the headers ask for.
    pub(super) fn asked(headers: &HeaderMap, query: &[(String, String)]) -> Result<Form, NotAcceptable> {
        let parameter =
            |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let pretty = parameter("_pretty") == Some("true");
        let format = match parameter("_format").filter(|format| !format.is_empty()) {
            // A '+' that was not escaped has become a space.
            Some(format) => Format::parse(&format.replace(' ', "+")),
            None => of_headers(headers),
        };
        format.map(|format| Form { format, pretty }).ok_or(NotAcceptable)
    }
}

/// The format that `Accept` likes best; of equals JSON, which is nearer. Without `Accept`, the one that was sent.
fn of_headers(headers: &HeaderMap) -> Option<Format> {
    let mut ranges = accepted(headers).peekable();
    if ranges.peek().is_none() {
        let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_xml_patch = sent.map(essence).as_deref() == Some(super::patch::XML_PATCH);
        let xml = is_xml_patch.then_some(Format::Xml);
        return sent.and_then(Format::parse).or(xml).or(Some(Format::Json));
    }
    let (mut json, mut xml) = (0, 0);
    for (essence, quality) in ranges {
        match Format::parse(&essence) {
            Some(Format::Xml) => xml = xml.max(quality),
            Some(Format::Json) => json = json.max(quality),
            None if matches!(essence.as_str(), "*/*" | "application/*" | "") => json = json.max(quality),
            None => {}
        }
    }
    match (json, xml) {
        (0, 0) => None,
        _ if xml > json => Some(Format::Xml),
        _ => Some(Format::Json),
    }
}

/// Whether the caller asks for a format of FHIR by name. A Binary comes as its content to all who do not (R4 §2.40.2).
pub(super) fn names_fhir(headers: &HeaderMap, query: &[(String, String)]) -> bool {
    query.iter().any(|(name, _)| name == "_format")
        || accepted(headers).any(|(essence, quality)| quality > 0 && Format::parse(&essence).is_some())
}

/// The ranges of `Accept` with their quality in thousandths; 0 is what is not wanted (RFC 9110 §12.4.2).
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = (String, u32)> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|range| {
        let quality = range.split(';').skip(1).find_map(|parameter| parameter.trim().strip_prefix("q="));
        let quality = quality.and_then(|quality| quality.trim().parse::<f64>().ok()).unwrap_or(1.0);
        (essence(range), (quality.clamp(0.0, 1.0) * 1000.0) as u32)
    })
}

/// The type without its parameters, in lower case.
pub(super) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn formats() {
        let (json, xml, neither) = (Ok(Format::Json), Ok(Format::Xml), Err(NotAcceptable));
        for (accept, format, expected) in [
            ("application/fhir+json", "", json),
            ("application/fhir+xml;q=1.0, application/fhir+json;q=1.0", "", json),
            ("application/fhir+xml, application/fhir+json;q=0.9", "", xml),
            ("*/*", "", json),
            ("application/fhir+json;q=0, application/fhir+xml", "", xml),
            ("application/fhir+json;q=0", "", neither),
            ("application/fhir+json; q=0.1", "", json),
            ("application/xml+fhir", "", xml),
            ("text/xml;charset=utf-8", "", xml),
            ("application/fhir+xml; fhirVersion=4.0", "", xml),
            ("text/html", "", neither),
            ("text/html", "json", json),
            ("application/fhir+json", "xml", xml),
            ("*/*", "application/fhir xml", xml),
            ("*/*", "text/turtle", neither),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            let query = [("_format".to_owned(), format.to_owned())];
            let asked = Form::asked(&headers, &query).map(|form| form.format);
            assert_eq!(asked, expected, "{accept} {format}");
        }
        let sent = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/fhir+xml"))]);
        assert_eq!(Form::asked(&sent, &[]).map(|form| form.format), xml);
        assert_eq!(Form::asked(&HeaderMap::new(), &[]), Ok(Form::default()));
    }
}
