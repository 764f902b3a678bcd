//! Odd requests: whatever comes, the answer is one of FHIR's and never a 500.

use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::patient;
use crate::harness::{Server, on_both};

/// Chance that is the same every time (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn of<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.next() as usize % choices.len()]
    }
}

const SEGMENTS: &[&str] = &[
    "Patient",
    "Task",
    "Observation",
    "Binary",
    "metadata",
    "_history",
    "_search",
    "$timeline",
    "$issues",
    "$everything",
    "SearchParameter",
    "p",
    "t",
    "1",
    "0",
    "-1",
    "..",
    ".",
    "%2e%2e",
    "%00",
    "%ff",
    "é",
    "$",
    "_",
    "*",
    "Patient%2Fp",
    "x y",
    "Bundle",
    "%zz",
    ";",
    "'",
];
const NAMES: &[&str] = &[
    "_id",
    "name",
    "name:exact",
    "name:contains",
    "name:missing",
    "identifier",
    "identifier:not",
    "birthdate",
    "_lastUpdated",
    "_lastupdated",
    "_sort",
    "_count",
    "_after",
    "_include",
    "_include:iterate",
    "_revinclude",
    "_elements",
    "_summary",
    "_total",
    "general-practitioner.name",
    "general-practitioner:Practitioner.name",
    "link.link.link.link.link.name",
    "organization",
    "organization:identifier",
    "organization:missing",
    "_profile",
    "_tag",
    "_has:Observation:patient:code",
    "_filter",
    "_query",
    "_content",
    "_text",
    "_list",
    "_type",
    "_since",
    "_before",
    "start",
    "end",
    "",
    ":",
    ".",
    "a.b",
    "name:",
    ":exact",
    "code-value-quantity",
    "value-quantity",
    "combo-code-value-quantity",
    "near",
    "probability",
    "phonetic",
    "deceased",
    "owner",
    "owner.name",
];
const VALUES: &[&str] = &[
    "",
    "x",
    "Patient/p",
    "a|b",
    "|",
    "|b",
    "a|",
    "a|b|c",
    "\\",
    "\\,",
    ",",
    ",,",
    "$",
    "a$b",
    "gt",
    "ge2026",
    "2026-13-01",
    "0000",
    "9999-12-31",
    "-9999",
    "99999-01-01",
    "2026-01-01T00:00:00.0000000000000001Z",
    "1e308",
    "-1e308",
    "1e-400",
    "NaN",
    "0x10",
    "1..2",
    "true",
    "false",
    "*",
    "Patient:organization",
    "Patient:*",
    "*:*",
    "a:b:c:d",
    "[]",
    "[1]",
    "[null,5]",
    "[\"a\",5]",
    "[9223372036854775807]",
    "[1.5]",
    "provided:1",
    "{}",
    "-birthdate",
    "-",
    "-_lastUpdated,name,_id",
    "18446744073709551616",
    "-5",
    "%",
    "'",
    "\"",
    "é",
    "\u{0}",
    "\u{10ffff}",
    "http://a.example/Patient/p",
    "urn:uuid:x",
    "Patient/p/_history/1",
    "2026-11-22T10:00:00+02:00",
];
const HEADERS: &[(&str, &[&str])] = &[
    ("If-Match", &["", "W/\"1\"", "*", "\"", "W/", "é", "999999999999999999999"]),
    ("If-None-Match", &["", "*", "W/\"1\"", ",,,", "\""]),
    (
        "If-Modified-Since",
        &["", "Sun, 22 Nov 2026 09:00:00 GMT", "9999-99-99", "0", "Sun, 99 Nov 99999 09:00:00 GMT"],
    ),
    ("Prefer", &["", "return=", "handling=strict", ";;;,,,", "return=minimal"]),
    ("Accept", &["", "*/*", "text/plain", "application/fhir+json;q=é", ";;;", "application/fhir+json"]),
    (
        "Content-Type",
        &[
            "",
            "application/fhir+json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "a/b;c",
            "multipart/form-data",
        ],
    ),
    ("If-None-Exist", &["", "x=y"]),
];
const BODIES: &[&str] = &[
    "",
    "{}",
    "[]",
    "null",
    "1e999",
    "\"\\ud800\"",
    "{\"resourceType\":\"Patient\"}",
    "{\"resourceType\":\"Patient\",\"id\":\"p\"}",
    "{\"resourceType\":\"Patient\",\"id\":null,\"meta\":[]}",
    "{\"resourceType\":\"Task\",\"id\":\"t\",\"status\":[],\"focus\":7,\"code\":\"x\"}",
    "{\"resourceType\":\"Task\",\"id\":\"t\",\"meta\":\"x\",\"owner\":[{}]}",
    "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[1,null,{}]}",
    "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"request\":{\"method\":\"PUT\",\"url\":\"Patient/p\"},\"resource\":[]}]}",
    "{\"resourceType\":\"Observation\",\"id\":\"p\",\"valueQuantity\":{\"value\":\"x\"},\"effectivePeriod\":7,\"code\":{\"coding\":{}}}",
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":\"x\",\"birthDate\":7,\"identifier\":[[]],\"link\":[{\"other\":{\"reference\":\"\"}}]}",
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"birthDate\":\"0000-00-00\",\"contact\":[null]}",
    "_id=p&name=x",
    "%%%&&&===",
    "\u{feff}{}",
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{\"family\":\"\\u0000\"}]}",
];

async fn ask(server: &Server, chance: &mut Chance) {
    let method = chance
        .of(&["GET", "GET", "GET", "PUT", "POST", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "FROB"]);
    let mut path = String::new();
    for _ in 0..chance.next() % 5 {
        path.push_str(chance.of(SEGMENTS));
        path.push_str(chance.of(&["/", "/", "/", "", "//"]));
    }
    for n in 0..chance.next() % 4 {
        path.push(if n == 0 { '?' } else { '&' });
        path.push_str(chance.of(NAMES));
        path.push_str(chance.of(&["=", "=", "=", ""]));
        path.push_str(chance.of(VALUES));
    }
    let mut headers = Vec::new();
    for (name, values) in HEADERS {
        if chance.next().is_multiple_of(4) {
            headers.push((*name, chance.of(values)));
        }
    }
    let body = chance.next().is_multiple_of(2).then(|| chance.of(BODIES).as_bytes().to_vec());
    let shown = format!("{headers:?} {:?}", body.as_deref().map(String::from_utf8_lossy));
    // 5xx fails in here.
    let answer = server.send(Method::from_bytes(method.as_bytes()).unwrap(), &path, &headers, body).await;
    if answer.status >= 400 && method != "HEAD" {
        let outcome = answer.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{} {shown}", answer.asked);
        assert!(!outcome["issue"].as_array().unwrap().is_empty());
    }
}

#[test]
fn odd_requests_never_break_it() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        let mut chance = Chance(20_261_122);
        for _ in 0..1500 {
            ask(server, &mut chance).await;
        }
        server.store(&patient("p")).await;
        server.finds("Patient?_id=p", "p").await;
    });
}

/// Sends bytes as they are and gives the status line.
async fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.origin.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap_or_default();
    answer.truncate(length);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn odd_bytes_never_break_it() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        let long = format!("GET /fhir/Patient?name={} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(60_000));
        let many = format!("GET /fhir/Patient?{} HTTP/1.1\r\nHost: x\r\n\r\n", "name=x&".repeat(5_000));
        for (request, expected) in [
            (&b"GET /fhir/Patient/p HTTP/1.1\r\nHost: x\r\n\r\n"[..], "200"),
            (b"GET /fhir/Patient/p HTTP/1.0\r\n\r\n", "200"),
            (b"GET /fhir/Patient/%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
            (b"GET /fhir/Patient?name=%zz%f HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
            (b"GET /fhir/Patient?name=%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
            (b"GET /fhir/../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
            (b"GET http://other/fhir/Patient/p HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
            (b"GET /fhir/Patient/p HTTP/1.1\r\nHost: x\r\nAccept: \xff\xfe\r\n\r\n", "200"),
            (
                b"PUT /fhir/Patient/p HTTP/1.1\r\nHost: x\r\nIf-Match: \xff\r\nContent-Length: 0\r\n\r\n",
                "400",
            ),
            (b"POST /fhir HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
            (b"nonsense\r\n\r\n", "400"),
            (long.as_bytes(), "200"),
            (many.as_bytes(), "400"),
        ] {
            let line = raw(server, request).await;
            let shown = String::from_utf8_lossy(&request[..request.len().min(80)]).into_owned();
            assert!(
                line.split(' ').nth(1) == Some(expected) || line.is_empty() && expected == "400",
                "{shown}: {line}"
            );
        }
        // A client that goes away in the middle of a body.
        let mut stream = TcpStream::connect(server.origin.trim_start_matches("http://")).await.unwrap();
        let part = b"PUT /fhir/Patient/p HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"resourceType\"";
        stream.write_all(part).await.unwrap();
        drop(stream);
        assert_eq!(server.read("Patient/p").await["meta"]["versionId"], "1");
    });
}
