//! After a new SearchParameter: what is stored already is found by it.

use std::fs;
use std::path::Path;

use sdoh_gateway::store::DEFAULT_SPACE;
use serde_json::{Value, json};

use crate::harness::{Server, local, on_databases};

/// A package with one SearchParameter for Patients.
fn package(folder: &Path, expression: &str) {
    let inside = folder.join("package");
    fs::create_dir_all(&inside).unwrap();
    let manifest = json!({"name": "example.nicknames", "version": "1.0.0", "fhirVersions": ["4.0.1"], "dependencies": {"hl7.fhir.r4.core": "4.0.1"}});
    fs::write(inside.join("package.json"), manifest.to_string()).unwrap();
    let parameter = json!({"resourceType": "SearchParameter", "id": "nickname", "url": "http://nicknames.example/SearchParameter/nickname", "version": "1.0.0",
        "name": "nickname", "status": "active", "code": "nickname", "base": ["Patient"], "type": "string", "expression": expression});
    fs::write(inside.join("SearchParameter-nickname.json"), parameter.to_string()).unwrap();
}

fn patient(id: &str, nickname: &str, family: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "name": [{"use": "nickname", "given": [nickname]}, {"use": "official", "family": family}]})
}

#[test]
fn a_new_search_parameter_finds_what_is_stored() {
    on_databases(async |database| {
        let folder = tempfile::tempdir().unwrap();
        let plain = local(&database.url);
        let with_package = || {
            let mut config = local(&database.url);
            config.ig = vec![folder.path().to_owned()];
            config
        };

        let server = Server::start(&plain).await;
        // More than are done at once.
        for n in 0..700 {
            server.store(&patient(&format!("n{n}"), &format!("Zo {n}"), "Bramble")).await;
        }
        server.store(&json!({"resourceType": "Organization", "id": "o", "name": "Zo"})).await;
        server.delete("Patient/n1").await.expect(204);
        assert_eq!(
            server.search("Patient?nickname=zo&_count=1").await.outcomes.len(),
            1,
            "nobody knows it yet"
        );
        server.stop().await;

        package(folder.path(), "Patient.name.where(use = 'nickname').given");
        let server = Server::start(&with_package()).await;
        server.finds("Patient?nickname=zo 699", "n699").await;
        server
            .finds(
                "Patient?nickname=zo 1",
                &(1..=199)
                    .filter(|n| *n != 1 && n.to_string().starts_with('1'))
                    .map(|n| format!("n{n} "))
                    .collect::<String>(),
            )
            .await;
        assert_eq!(server.search("Patient?nickname=zo&_summary=count").await.total, Some(699));
        server.finds("Patient?family=bramble&nickname:exact=Zo 7", "n7").await;
        server.store(&patient("later", "Zo later", "Bramble")).await;
        server.finds("Patient?nickname=zo later", "later").await;
        let statement = server.read("metadata").await.to_string();
        assert!(statement.contains("http://nicknames.example/SearchParameter/nickname"));
        // Versions stay as they were: making entries is no update.
        assert_eq!(server.read("Patient/n5").await["meta"]["versionId"], "1");
        server.stop().await;

        // Its expression changes: entries by the old one go.
        package(folder.path(), "Patient.name.where(use = 'official').family");
        let server = Server::start(&with_package()).await;
        server.finds("Patient?nickname=zo 7", "").await;
        server.finds("Patient?nickname=bramble&_id=n7,n8", "n7 n8").await;
        server.stop().await;

        // Without the package nobody knows it again, and the rest is as it was.
        let server = Server::start(&plain).await;
        assert_eq!(server.search("Patient?nickname=zo&_count=1").await.outcomes.len(), 1);
        assert_eq!(server.search("Patient?family=bramble&_summary=count").await.total, Some(700));
        server.stop().await;
    });
}

#[test]
fn reindexing_goes_on_while_others_write() {
    on_databases(async |database| {
        let server = Server::start(&local(&database.url)).await;
        for n in 0..600 {
            server.store(&patient(&format!("n{n}"), "Zo", "Bramble")).await;
        }
        let gateway = server.gateway.clone();
        let types = ["Patient".to_owned()].into();
        let work = gateway.store().reindex(
            gateway.registry(),
            &types,
            |space, resource| {
                assert_eq!(space, DEFAULT_SPACE);
                gateway.entries(space, resource)
            },
            |_| (),
        );
        let others = async {
            for n in 0..60 {
                server.store(&patient(&format!("n{}", n * 10), "Zo", "Changed")).await;
                server.store(&patient(&format!("new{n}"), "Zo", "Fresh")).await;
                server.delete(&format!("Patient/n{}", n * 10 + 1)).await.expect(204);
            }
        };
        let (done, ()) = tokio::join!(work, others);
        assert!(done.unwrap() >= 540);
        for (query, total) in
            [("family=bramble", 480), ("family=changed", 60), ("family=fresh", 60), ("given=zo", 600)]
        {
            assert_eq!(
                server.search(&format!("Patient?{query}&_summary=count")).await.total,
                Some(total),
                "{query}"
            );
        }
        server.stop().await;
    });
}
