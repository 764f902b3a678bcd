//! The asynchronous pattern: kick-off, status, files, and the end, planned or not.

use http::Method;
use serde_json::{Value, json};

use super::{ASYNC, cancel, exported, fetch, files, kick_off, manifest, names, patient};
use crate::harness::{Server, entry, local, on_both, on_both_with, on_databases, transaction};
use crate::store::execute;

#[test]
fn from_kick_off_to_files() {
    on_both(async |server| {
        server.store_all(&[patient("a"), patient("b")]).await;
        let status = kick_off(server, "$export?_type=Patient,Organization").await;
        assert!(status.starts_with(&server.base), "{status}");
        let manifest = manifest(server, &status).await;
        let latest = server.read("Patient/b").await["meta"]["lastUpdated"].clone();
        let expected = json!({
            "transactionTime": latest,
            "request": format!("{}/$export?_type=Patient,Organization", server.base),
            "requiresAccessToken": false,
            "output": [{"type": "Patient", "url": format!("{status}/Patient.ndjson"), "count": 2}],
            "error": [],
        });
        assert_eq!(manifest, expected);
        // Every line is what a read gives.
        for resource in files(server, &status).await {
            let read = server.get(&format!("Patient/{}", resource["id"].as_str().unwrap())).await;
            assert_eq!(read.json(), resource);
        }
        fetch(server, &format!("{status}/Organization.ndjson")).await.expect(404);
        fetch(server, &format!("{status}/Patient")).await.expect(404);
    });
}

#[test]
fn whole_documents_are_one_line_each() {
    on_both(async |server| {
        let text =
            "{\n  \"resourceType\": \"Basic\",\n  \"id\": \"x\",\n  \"code\": {\"text\": \"a\\nb\"}\n}\n";
        let headers = [("Content-Type", "application/fhir+json")];
        server.send(Method::PUT, "Basic/x", &headers, Some(text.into())).await.expect(201);
        let status = kick_off(server, "$export").await;
        let all = files(server, &status).await;
        assert_eq!(all, [server.read("Basic/x").await]);
    });
}

#[test]
fn an_empty_store_has_no_files() {
    on_both(async |server| {
        for path in ["$export", "Patient/$export"] {
            let status = kick_off(server, path).await;
            assert_eq!(manifest(server, &status).await["output"], json!([]));
        }
        server.store(&patient("a")).await;
        assert_eq!(exported(server, "$export").await, "Patient/a");
    });
}

#[test]
fn cancelled_it_is_gone() {
    on_both(async |server| {
        server.store(&patient("a")).await;
        let status = kick_off(server, "$export").await;
        manifest(server, &status).await;
        fetch(server, &format!("{status}/Patient.ndjson")).await.expect(200);
        cancel(server, &status).await.expect(202);
        for gone in [status.clone(), format!("{status}/Patient.ndjson")] {
            assert!(fetch(server, &gone).await.expect(404).issues().contains("not-found"));
        }
        cancel(server, &status).await.expect(404);
        // At once, before its files are listed.
        let status = kick_off(server, "$export").await;
        cancel(server, &status).await.expect(202);
        server.get(&status).await.expect(404);
    });
}

#[test]
fn after_a_week_it_is_gone() {
    on_both(async |server| {
        let status = kick_off(server, "$export").await;
        manifest(server, &status).await;
        server.clock.advance(7 * 86_400 - 1);
        server.get(&status).await.expect(200);
        server.clock.advance(1);
        server.get(&status).await.expect(404);
        kick_off(server, "$export").await;
        cancel(server, &status).await.expect(404);
    });
}

#[test]
fn a_restart_in_the_middle() {
    on_databases(async |database| {
        let server = Server::start(&local(&database.url)).await;
        server.store_all(&[patient("a"), patient("b")]).await;
        let status = kick_off(&server, "Patient/$export").await;
        let path = status.strip_prefix(&server.base).unwrap().to_owned();
        server.stop().await;
        // As if it had been stopped before it was through.
        execute(database, &["UPDATE export SET files = NULL".to_owned()]).await;
        let server = Server::start(&local(&database.url)).await;
        server.store(&patient("later")).await;
        let output = manifest(&server, &path).await["output"].clone();
        assert_eq!(output[0]["count"], 2);
        let all = files(&server, &path).await;
        assert_eq!(names(&all), "Patient/a Patient/b");
        server.stop().await;
    });
}

#[test]
fn spaces_keep_their_own() {
    on_both_with(
        |config| config.spaces = ["north".to_owned()].into(),
        async |server| {
            let north = server.space("north");
            north.store(&patient("n")).await;
            server.store(&patient("a")).await;
            let status = kick_off(&north, "$export").await;
            assert_eq!(names(&files(&north, &status).await), "Patient/n");
            let id = status.rsplit('/').next().unwrap();
            server.get(&format!("_export/{id}")).await.expect(404);
            cancel(server, &format!("_export/{id}")).await.expect(404);
            north.get(&status).await.expect(200);
        },
    );
}

#[test]
fn what_is_refused() {
    on_both(async |server| {
        let missing = server.get("$export").await.expect(400);
        assert!(missing.issues().contains("respond-async"), "{}", missing.issues());
        for (method, path, status) in [
            (Method::GET, "Task/$export", 404),
            (Method::GET, "Group/none/$export", 404),
            (Method::GET, "Group/$export", 404),
            (Method::PUT, "$export", 405),
            (Method::GET, "_export/none", 404),
            (Method::GET, "_export/ /x", 404),
            (Method::GET, "_export/none/Patient.ndjson", 404),
            (Method::DELETE, "_export/none", 404),
            (Method::POST, "_export/none", 405),
            (Method::DELETE, "_export/none/Patient.ndjson", 405),
        ] {
            let answer = server.send(method, path, ASYNC, None).await.expect(status);
            assert_eq!(answer.json()["resourceType"], "OperationOutcome");
        }
        // Not in a Bundle.
        for url in ["$export", "_export/none/Patient.ndjson"] {
            let bundle = transaction("batch", vec![entry(&format!("GET {url}"), None)]);
            let answer = server.post_with("", ASYNC, &bundle).await.expect(200).json();
            assert_eq!(answer["entry"][0]["response"]["status"], "400 Bad Request", "{url}");
        }
    });
}

#[test]
fn the_capability_statement_tells_of_it() {
    on_both(async |server| {
        let statement = server.read("metadata").await;
        let rest = &statement["rest"][0];
        let export = |operations: &Value| {
            let all = operations.as_array().unwrap().iter();
            let found = all.filter(|operation| operation["name"] == "export");
            found.map(|o| o["definition"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        let definition = |name: &str| format!("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/{name}");
        assert_eq!(export(&rest["operation"]), definition("export"));
        for resource in rest["resource"].as_array().unwrap() {
            let expected = match resource["type"].as_str().unwrap() {
                "Patient" => definition("patient-export"),
                "Group" => definition("group-export"),
                _ => String::new(),
            };
            assert_eq!(export(&resource["operation"]), expected);
        }
    });
}
