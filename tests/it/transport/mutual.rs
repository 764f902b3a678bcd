//! Mutual TLS: a client may be known by the subject of its certificate.

use rcgen::DnType;

use super::{Authority, Folder, run, serve};
use crate::harness::Client;
use crate::harness::login::{JWT_BEARER, Key, claims, post_form, registration, with_login};

#[test]
fn a_subject_maps_to_a_client() {
    run(async {
        let (root, partners, other) =
            (Authority::new("root"), Authority::new("partners"), Authority::new("other"));
        let folder = Folder::new();
        folder.put_server(&root.server("gateway"));
        let ca = folder.put("partners.pem", &partners.pem);
        let (server, _database) = serve(|config| {
            let mut pantry = registration("pantry", "system/Task.rs");
            (pantry.jwks, pantry.tls_subject) = (None, Some("CN=pantry,O=Pantry".to_owned()));
            with_login(config, vec![pantry, registration("clinic", "system/*.rs")]);
            folder.configure(config);
            config.tls.client_ca = Some(ca.clone());
        })
        .await;
        let base = format!("{}/fhir", server.origin);
        let client = |own| Client::over(root.trusted_by(own), &base);
        let pantry = partners.client(&[(DnType::OrganizationName, "Pantry"), (DnType::CommonName, "pantry")]);
        let shelter = partners.client(&[(DnType::CommonName, "pantry")]);
        let comma = partners.client(&[(DnType::CommonName, "pantry,O=Pantry")]);
        let forged = other.client(&[(DnType::OrganizationName, "Pantry"), (DnType::CommonName, "pantry")]);
        // It has the scopes that it is registered with, and no others.
        client(Some(&pantry)).get("Task").await.expect(200);
        client(Some(&pantry)).get("Patient").await.expect(403);
        for nobody in [None, Some(&shelter), Some(&comma)] {
            client(nobody).get("Task").await.expect(401);
        }
        let refused = root.trusted_by(Some(&forged)).get(format!("{base}/Task")).send().await;
        assert!(refused.is_err(), "{refused:?}");
        // A certificate is no obstacle to a token, but for one of somebody else.
        let assertion = Key::usual().sign(&claims(&server, "clinic"));
        let fields = [
            ("client_assertion", assertion.as_str()),
            ("client_assertion_type", JWT_BEARER),
            ("grant_type", "client_credentials"),
            ("scope", "system/*.rs"),
        ];
        let url = format!("{}/auth/token", server.origin);
        let answer = post_form(&client(None), &url, &fields).await.expect(200).json();
        let token = answer["access_token"].as_str().unwrap();
        for (own, expected) in [(None, 200), (Some(&shelter), 200), (Some(&pantry), 401)] {
            client(own).with_token(token).get("Patient").await.expect(expected);
        }
        server.stop().await;
    });
}
