//! What browsers and slow lines need: other origins (the Fetch standard), compression (RFC 9110 §12.5.3), HEAD.

use std::io::Read as _;

use flate2::read::GzDecoder;
use http::Method;

use super::patient;
use crate::harness::{Answer, Server, on_both, on_both_with};

const APP: &str = "https://app.example";

async fn preflight(server: &Server, origin: &str) -> Answer {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "content-type,if-match,prefer"),
    ];
    server.send(Method::OPTIONS, "Patient/p", &headers, None).await.expect(200)
}

#[test]
fn pages_of_the_origins_named_may_use_it() {
    on_both_with(
        |config| config.cors_origins = [APP.to_owned()].into(),
        async |server| {
            let allowed = preflight(server, APP).await;
            assert_eq!(allowed.header("access-control-allow-origin"), APP);
            assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
            assert!(allowed.header("access-control-allow-headers").contains("if-match"));
            assert_eq!(
                preflight(server, "https://evil.example").await.header("access-control-allow-origin"),
                ""
            );
            server.store(&patient("p")).await;
            let read = server.get_with("Patient/p", &[("Origin", APP)]).await.expect(200);
            assert_eq!(read.header("access-control-allow-origin"), APP);
            assert!(read.header("access-control-expose-headers").contains("etag"));
        },
    );
}

#[test]
fn nobody_is_named_by_default() {
    on_both(async |server| {
        let headers = [("Origin", APP)];
        let read = server.get_with("metadata", &headers).await.expect(200);
        assert_eq!(read.header("access-control-allow-origin"), "");
    });
}

#[test]
fn answers_are_compressed_for_who_asks() {
    on_both(async |server| {
        let plain = server.get("metadata").await.expect(200);
        assert_eq!(plain.header("content-encoding"), "");
        let packed = server.get_with("metadata", &[("Accept-Encoding", "gzip")]).await.expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert!(packed.headers.get_all("vary").iter().any(|vary| vary == "accept-encoding"));
        let mut text = Vec::new();
        GzDecoder::new(packed.body.as_slice()).read_to_end(&mut text).unwrap();
        assert_eq!(text, plain.body);
        assert!(packed.body.len() * 4 < text.len());
    });
}

#[test]
fn a_head_is_a_get_without_its_body() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        for path in ["Patient/p", "Patient?_id=p", "Patient/p/_history", "metadata", "Patient/p/_history/1"] {
            let get = server.get(path).await.expect(200);
            let head = server.send(Method::HEAD, path, &[], None).await.expect(200);
            assert!(head.body.is_empty(), "{path}");
            for name in ["content-type", "content-length", "etag", "last-modified"] {
                assert_eq!(head.header(name), get.header(name), "{path} {name}");
            }
        }
        assert_eq!(server.send(Method::HEAD, "Patient/none", &[], None).await.status, 404);
    });
}
