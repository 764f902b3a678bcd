//! Content types (R4 §3.1.0.1.11).

/// What the gateway answers with.
pub(super) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// Whether a `Content-Type` means JSON. Clients that name none are taken to send it.
pub(super) fn is_json(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else { return true };
    matches!(
        essence(content_type).as_str(),
        "application/fhir+json" | "application/json" | "application/json+fhir" | "text/json"
    )
}

/// Whether an `Accept` allows JSON.
pub(super) fn accepts_json(accept: &str) -> bool {
    accept.split(',').filter(|range| !is_refused(range)).any(|range| {
        let essence = essence(range);
        essence.is_empty() || essence == "*/*" || essence == "application/*" || is_json(Some(&essence))
    })
}

/// Whether an `Accept` asks for JSON by name. A Binary comes as its content to all who do not (R4 §2.40.2).
pub(super) fn names_json(accept: &str) -> bool {
    let mut ranges = accept.split(',').filter(|range| !is_refused(range)).map(essence);
    ranges.any(|essence| !essence.is_empty() && is_json(Some(&essence)))
}

/// Whether a range of an `Accept` says what is not wanted: `q=0` (RFC 9110 §12.4.2).
fn is_refused(range: &str) -> bool {
    let mut quality = range.split(';').skip(1).filter_map(|parameter| parameter.trim().strip_prefix("q="));
    quality.any(|quality| quality.parse() == Ok(0.0))
}

/// The type without its parameters, in lower case.
pub(super) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        for (accept, expected) in [
            ("application/fhir+json", true),
            ("application/fhir+xml;q=1.0, application/fhir+json;q=1.0", true),
            ("*/*", true),
            ("application/fhir+json;q=0, application/fhir+xml", false),
            ("application/fhir+json; q=0.1", true),
            ("application/fhir+xml", false),
            ("text/html", false),
        ] {
            assert_eq!(accepts_json(accept), expected, "{accept}");
        }
        assert!(is_json(Some("application/fhir+json;charset=utf-8")));
        assert!(!is_json(Some("application/x-www-form-urlencoded")));
    }
}
