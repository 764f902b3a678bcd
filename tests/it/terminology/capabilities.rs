//! What `metadata` says of terminology: true in every line.

use serde_json::Value;

use super::out;
use crate::harness::on_both;

#[test]
fn every_operation_it_claims_is_there() {
    on_both(async |server| {
        let statement = server.get("metadata").await.expect(200).json();
        let mut claimed: Vec<String> = Vec::new();
        for resource in statement["rest"][0]["resource"].as_array().unwrap() {
            for operation in resource["operation"].as_array().into_iter().flatten() {
                let (name, kind) = (operation["name"].as_str().unwrap(), resource["type"].as_str().unwrap());
                // Without parameters it asks for them: it is there.
                if ["CodeSystem", "ConceptMap", "ValueSet"].contains(&kind) && name != "issues" {
                    server.get(&format!("{kind}/${name}")).await.expect(400);
                    claimed.push(format!("{kind}/{name}"));
                }
            }
        }
        claimed.retain(|name| !name.ends_with("/validate"));
        assert_eq!(
            claimed,
            [
                "CodeSystem/lookup",
                "CodeSystem/subsumes",
                "CodeSystem/validate-code",
                "ConceptMap/translate",
                "ValueSet/expand",
                "ValueSet/validate-code"
            ]
        );
    });
}

#[test]
fn the_code_systems_it_claims_are_there() {
    on_both(async |server| {
        let capabilities = server.get("metadata?mode=terminology").await.expect(200).json();
        let again = server.get("metadata?mode=terminology").await.expect(200).json();
        assert_eq!(capabilities, again);
        assert_eq!(capabilities["resourceType"], "TerminologyCapabilities");
        assert_eq!(capabilities["implementation"]["url"], server.base);
        let issues =
            server.post("TerminologyCapabilities/$validate", &capabilities).await.expect(200).issues();
        assert!(!issues.contains("error "), "{issues}");
        let systems = capabilities["codeSystem"].as_array().unwrap();
        assert!(systems.len() > 300, "{}", systems.len());
        for system in systems {
            let versions: Vec<&Value> = system["version"].as_array().unwrap().iter().collect();
            assert_eq!(versions.iter().filter(|version| version["isDefault"] == true).count(), 1, "{system}");
        }
        for name in ["http://hl7.org/fhir/task-status", "http://terminology.hl7.org/CodeSystem/v3-ActCode"] {
            assert!(systems.iter().any(|system| system["uri"] == name), "{name}");
        }
        assert!(!systems.iter().any(|system| system["uri"] == "http://snomed.info/sct"));
        let path = "CodeSystem/$validate-code?url=http://hl7.org/fhir/task-status&code=draft";
        assert!(out(&server.get(path).await.expect(200)).starts_with("result true"));
        assert_eq!(
            server.get("metadata?mode=full").await.expect(200).json()["resourceType"],
            "CapabilityStatement"
        );
    });
}
