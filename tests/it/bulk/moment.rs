//! An export is what was current at its `transactionTime`, whenever its files are fetched.

use serde_json::{Value, json};

use super::{condition, exported, fetch, files, kick_off, manifest, names, patient};
use crate::harness::on_both;

#[test]
fn what_comes_later_does_not_show() {
    on_both(async |server| {
        server
            .store_all(&[patient("a"), patient("b"), patient("gone"), patient("back"), condition("c", "a")])
            .await;
        server.delete("Patient/gone").await.expect(204);
        server.delete("Patient/back").await.expect(204);
        server.store(&patient("back")).await;
        for path in ["$export", "Patient/$export"] {
            let before: Vec<Value> = {
                let status = kick_off(server, path).await;
                files(server, &status).await
            };
            let status = kick_off(server, path).await;
            let mut changed = server.read("Patient/a").await;
            changed["gender"] = json!("female");
            server.store(&changed).await;
            server.store(&patient("new")).await;
            server.delete("Patient/b").await.expect(204);
            server.delete("Condition/c").await.expect(204);
            let after = files(server, &status).await;
            assert_eq!(names(&after), "Condition/c Patient/a Patient/b Patient/back");
            assert_eq!(after, before);
            assert_eq!(exported(server, path).await, "Patient/a Patient/back Patient/new");
            server.store_all(&[patient("a"), patient("b"), condition("c", "a")]).await;
            server.delete("Patient/new").await.expect(204);
        }
    });
}

#[test]
fn export_after_export_misses_nothing_and_repeats_nothing() {
    on_both(async |server| {
        let mut since = "2020-01-01T00:00:00Z".to_owned();
        for (index, path) in ["$export", "Patient/$export", "Group/g/$export"].iter().enumerate() {
            let id = format!("p{index}");
            server.store(&patient(&id)).await;
            server.store(&super::group(&[super::member(&id)])).await;
            let of_patients = format!("{path}?_type=Patient&_since={since}");
            let status = kick_off(server, &of_patients).await;
            let manifest = manifest(server, &status).await;
            assert_eq!(names(&files(server, &status).await), format!("Patient/{id}"), "{of_patients}");
            since = manifest["transactionTime"].as_str().unwrap().to_owned();
            assert_eq!(exported(server, &format!("{path}?_type=Patient&_since={since}")).await, "");
        }
    });
}

#[test]
fn a_file_is_the_same_each_time() {
    on_both(async |server| {
        let ids: Vec<Value> = (0..70).map(|n| patient(&format!("p{n}"))).collect();
        server.store_all(&ids).await;
        let status = kick_off(server, "Patient/$export").await;
        let url = manifest(server, &status).await["output"][0]["url"].as_str().unwrap().to_owned();
        let first = fetch(server, &url).await.expect(200);
        server.store_all(&ids[..40]).await;
        assert_eq!(fetch(server, &url).await.expect(200).body, first.body);
        assert_eq!(first.text().lines().count(), 70);
    });
}

#[test]
fn what_was_deleted_since() {
    on_both(async |server| {
        server.store_all(&[patient("a"), patient("b"), condition("ca", "a"), condition("cb", "b")]).await;
        server.store_all(&[condition("nobody", "a"), patient("back")]).await;
        server.store(&super::group(&[super::member("a")])).await;
        let since = server.read("Group/g").await["meta"]["lastUpdated"].as_str().unwrap().to_owned();
        for gone in ["Patient/b", "Condition/ca", "Condition/cb", "Patient/back"] {
            server.delete(gone).await.expect(204);
        }
        server.store(&patient("back")).await;
        for (round, (path, expected)) in [
            ("$export", "Condition/ca Condition/cb Patient/b"),
            ("Patient/$export", "Condition/ca Condition/cb Patient/b"),
            ("Group/g/$export", "Condition/ca"),
            ("Patient/$export?patient=Patient/b", "Condition/cb Patient/b"),
            ("$export?_type=Patient", "Patient/b"),
        ]
        .into_iter()
        .enumerate()
        {
            let and = if path.contains('?') { '&' } else { '?' };
            let status = kick_off(server, &format!("{path}{and}_since={since}")).await;
            // Later it shows no more.
            let later = format!("later{round}");
            server.store(&condition(&later, "a")).await;
            server.delete(&format!("Condition/{later}")).await.expect(204);
            let manifest = manifest(server, &status).await;
            let mut gone = Vec::new();
            for file in manifest["deleted"].as_array().unwrap() {
                assert_eq!(file["type"], "Bundle");
                let text = fetch(server, file["url"].as_str().unwrap()).await.expect(200).text();
                assert_eq!(file["count"], text.lines().count());
                for line in text.lines() {
                    let bundle: Value = serde_json::from_str(line).unwrap();
                    assert_eq!(
                        (&bundle["type"], &bundle["entry"][0]["request"]["method"]),
                        (&json!("transaction"), &json!("DELETE"))
                    );
                    gone.push(bundle["entry"][0]["request"]["url"].as_str().unwrap().to_owned());
                }
            }
            assert!(!gone.contains(&format!("Condition/{later}")));
            gone.retain(|name| !name.contains("later"));
            gone.sort();
            assert_eq!(gone.join(" "), expected, "{path}");
            let status = kick_off(server, path).await;
            assert!(super::manifest(server, &status).await.get("deleted").is_none());
        }
    });
}
