//! Which methods go with a path: `OPTIONS`, `Allow` (RFC 9110 §9.3.7, §10.2.1) and `Accept-Patch` (RFC 5789 §3.1).

use http::Method;

use super::patient;
use crate::harness::on_both_in_both_formats;

const PATCHES: &str =
    "application/fhir+json, application/fhir+xml, application/json-patch+json, application/xml-patch+xml";

#[test]
fn what_a_path_allows() {
    on_both_in_both_formats(async |server| {
        server.store(&patient("p")).await;
        for (path, allowed) in [
            ("", "GET, HEAD, POST"),
            ("metadata", "GET, HEAD"),
            ("_history", "GET, HEAD"),
            ("_search", "POST"),
            ("Patient", "GET, HEAD, POST, PUT, PATCH, DELETE"),
            ("Patient/_search", "POST"),
            ("Patient/_history", "GET, HEAD"),
            ("Patient/p", "GET, HEAD, PUT, PATCH, DELETE"),
            ("Patient/p/_history", "GET, HEAD"),
            ("Patient/p/_history/1", "GET, HEAD, PUT"),
            ("Patient/p/$everything", "GET, HEAD, POST"),
            ("_export/x", "GET, HEAD, DELETE"),
        ] {
            let patches = if allowed.contains("PATCH") { PATCHES } else { "" };
            let told = server.send(Method::OPTIONS, path, &[], None).await.expect(200);
            let allow = format!("{allowed}, OPTIONS");
            assert_eq!(
                (told.header("allow"), told.header("accept-patch")),
                (allow.as_str(), patches),
                "{path}"
            );
            let others = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::GET];
            let frob = Method::from_bytes(b"FROB").unwrap();
            let not_allowed =
                others.into_iter().filter(|method| !allowed.contains(method.as_str())).chain([frob]);
            for method in not_allowed {
                let refused = server.send(method.clone(), path, &[], None).await.expect(405);
                assert_eq!(refused.header("allow"), allow, "{method} {path}");
                assert_eq!(refused.header("accept-patch"), patches, "{method} {path}");
                assert!(refused.issues().starts_with("error not-supported"), "{method} {path}");
            }
        }
        let nowhere = server.send(Method::OPTIONS, "Pateint/p", &[], None).await;
        assert_eq!(nowhere.header("allow"), "");
        let sent = [("Content-Type", "text/plain")];
        let refused = server.send(Method::PATCH, "Patient/p", &sent, Some("x".into())).await.expect(415);
        assert_eq!(refused.header("accept-patch"), PATCHES);
    });
}
