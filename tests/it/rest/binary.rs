//! Binary: as content and as a resource (R4 §2.40).

use http::Method;
use serde_json::json;

use crate::harness::on_both;

const FHIR: (&str, &str) = ("Accept", "application/fhir+json");

#[test]
fn content_goes_in_and_comes_out_as_it_is() {
    on_both(async |server| {
        let bytes = vec![0xff, 0xd8, 0, 1, 2, b'{'];
        let headers = [("Content-Type", "image/jpeg"), FHIR];
        let answer = server.send(Method::POST, "Binary", &headers, Some(bytes.clone())).await.expect(201);
        let resource = answer.json();
        assert_eq!((&resource["contentType"], &resource["data"]), (&json!("image/jpeg"), &json!("/9gAAQJ7")));
        let path = format!("Binary/{}", answer.id());
        // R4 §2.40.2: the content, unless a FHIR format is asked for by name.
        for (accept, is_content) in [
            ("image/jpeg", true),
            ("image/*", true),
            ("text/html, */*;q=0.8", true),
            ("*/*", true),
            ("application/fhir+json", false),
            ("application/json", false),
            ("application/fhir+xml;q=1.0, application/fhir+json;q=1.0", false),
        ] {
            for path in [path.clone(), format!("{path}/_history/1")] {
                let answer = server.get_with(&path, &[("Accept", accept)]).await.expect(200);
                assert_eq!(answer.header("etag"), "W/\"1\"");
                if is_content {
                    assert_eq!(
                        (answer.header("content-type"), &answer.body),
                        ("image/jpeg", &bytes),
                        "{accept} {path}"
                    );
                } else {
                    assert_eq!(answer.json()["data"], "/9gAAQJ7", "{accept} {path}");
                }
            }
        }
        server.get_with(&path, &[("If-None-Match", "W/\"1\""), ("Accept", "image/jpeg")]).await.expect(304);
    });
}

#[test]
fn a_binary_can_be_a_resource() {
    on_both(async |server| {
        let resource =
            json!({"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "aGVsbG8="});
        for content_type in ["application/fhir+json", "application/json"] {
            let headers = [("Content-Type", content_type), FHIR];
            let answer = server.put_with("Binary/b", &headers, &resource).await;
            assert_eq!(answer.json()["data"], "aGVsbG8=", "{content_type}");
        }
        assert_eq!(
            server.get_with("Binary/b", &[("Accept", "text/plain")]).await.expect(200).text(),
            "hello"
        );
        // JSON that is no Binary is content.
        let headers = [("Content-Type", "application/json"), FHIR];
        let answer =
            server.send(Method::PUT, "Binary/c", &headers, Some(b"[1, 2]".to_vec())).await.expect(201);
        assert_eq!(answer.json()["contentType"], "application/json");
        let content = server.get_with("Binary/c", &[("Accept", "*/*")]).await.expect(200);
        assert_eq!((content.text(), content.header("content-type")), ("[1, 2]".into(), "application/json"));
        // FHIR that is no Binary is a mistake.
        let headers = [("Content-Type", "application/fhir+json"), FHIR];
        server
            .put_with("Binary/d", &headers, &json!({"resourceType": "Patient", "id": "d"}))
            .await
            .expect(400);
        let update = [("Content-Type", "text/plain"), FHIR];
        let answer = server.send(Method::PUT, "Binary/b", &update, Some(b"bye".to_vec())).await.expect(200);
        assert_eq!(answer.json()["id"], "b");
        assert_eq!(server.get_with("Binary/b", &[("Accept", "text/plain")]).await.expect(200).text(), "bye");
        server.finds("Binary", "b c").await;
    });
}
