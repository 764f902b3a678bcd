//! What no server may take. It changes nothing, and is told in the format asked for.

use http::Method;

use super::step::Wire;
use super::wire::send;
use crate::harness::Client;

/// Method, path, content type, body, status.
type Wrong = (&'static str, &'static str, &'static str, &'static str, u16);

const JSON: &str = "application/fhir+json";
const XML: &str = "application/fhir+xml";

const WRONG: &[Wrong] = &[
    ("POST", "Patient", JSON, "{\"resourceType\": \"Patient\"", 400),
    ("POST", "Patient", JSON, "<Patient xmlns=\"http://hl7.org/fhir\"/>", 400),
    ("POST", "Patient", JSON, "", 400),
    ("POST", "Patient", JSON, "{\"resourceType\": \"Observation\"}", 400),
    ("POST", "Patient", JSON, "{\"resourceType\": \"Patient\", \"active\": \"true\"}", 400),
    ("POST", "Patient", XML, "<Patient xmlns=\"http://hl7.org/fhir\">", 400),
    ("POST", "Patient", XML, "<Patient/>", 400),
    ("POST", "Patient", XML, "{\"resourceType\": \"Patient\"}", 400),
    ("POST", "Patient", "text/plain", "Ada", 415),
    ("POST", "Patent", JSON, "{\"resourceType\": \"Patent\"}", 404),
    ("POST", "", JSON, "{\"resourceType\": \"Patient\"}", 400),
    ("POST", "", JSON, "{\"resourceType\": \"Bundle\", \"type\": \"collection\"}", 400),
    ("PUT", "Patient/a", JSON, "{\"resourceType\": \"Patient\"}", 400),
    ("PUT", "Patient/a", JSON, "{\"resourceType\": \"Patient\", \"id\": \"b\"}", 400),
    ("PUT", "Patient/a_b", JSON, "{\"resourceType\": \"Patient\", \"id\": \"a_b\"}", 400),
    ("PUT", "Patient", JSON, "{\"resourceType\": \"Patient\"}", 400),
    ("PATCH", "Patient/a", "application/json-patch+json", "{}", 400),
    ("PATCH", "Patient/a", "application/xml-patch+xml", "<diff>", 400),
    ("PATCH", "Patient/a", "text/plain", "x", 415),
    ("DELETE", "Patient", JSON, "", 400),
    ("DELETE", "Patient?shoe-size=43", JSON, "", 400),
    ("DELETE", "Patient/a/_history/1", JSON, "", 405),
    ("GET", "Patient?birthdate=tomorrow", JSON, "", 400),
    ("GET", "Patient/_history?_since=yesterday", JSON, "", 400),
    ("GET", "Patient/never", JSON, "", 404),
    ("GET", "Patient/never/_history", JSON, "", 404),
    ("GET", "Patient/never/_history/1", JSON, "", 404),
    ("GET", "nothing/at/all", JSON, "", 404),
];

/// Sends one of them.
pub async fn one(client: &Client, number: u8, wire: Wire) {
    let (method, path, content_type, body, status) = WRONG[usize::from(number) % WRONG.len()];
    let body = (method != "GET").then(|| (content_type, body.to_owned()));
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let told = send(client, method.clone(), path, Vec::new(), body.clone(), wire).await;
    assert_eq!(told.status, status, "{method} {path} {body:?}: {told:?}");
}
