//! `ConceptMap/$translate` (R4 §4.10.6.1).

use serde_json::{Value, json};

use super::{TOOLS, out, parameters, plant};
use crate::harness::on_both;

const SHOP: &str = "http://garden.example/CodeSystem/shop";

fn map() -> Value {
    json!({
        "resourceType": "ConceptMap", "id": "shop", "url": "http://garden.example/ConceptMap/shop", "version": "1",
        "status": "active", "sourceUri": "http://garden.example/ValueSet/tools",
        "group": [{
            "source": TOOLS, "target": SHOP,
            "element": [
                {"code": "spade", "target": [{"code": "SP-1", "display": "Spade, long", "equivalence": "narrower"}]},
                {"code": "dibber", "target": [{"equivalence": "unmatched"}]},
            ],
            "unmapped": {"mode": "fixed", "code": "MISC"}
        }]
    })
}

#[test]
fn translations() {
    on_both(async |server| {
        plant(server).await;
        server.store(&map()).await;
        let spade = format!(
            "result true\nmatch (equivalence narrower, concept {SHOP}|SP-1, source http://garden.example/ConceptMap/shop|1)"
        );
        for (path, expected) in [
            ("ConceptMap/shop/$translate?code=spade".to_owned(), spade.clone()),
            (format!("ConceptMap/$translate?url=http://garden.example/ConceptMap/shop&code=spade&system={TOOLS}"), spade.clone()),
            (format!("ConceptMap/$translate?coding={TOOLS}%7Cspade"), spade.clone()),
            (format!("ConceptMap/$translate?coding={TOOLS}%7Cspade&targetsystem={SHOP}"), spade.clone()),
            (format!("ConceptMap/$translate?coding={TOOLS}%7Cspade&source=http://garden.example/ValueSet/tools"), spade.clone()),
            (format!("ConceptMap/$translate?coding={SHOP}%7CSP-1&reverse=true"),
                format!("result true\nmatch (equivalence wider, concept {TOOLS}|spade, source http://garden.example/ConceptMap/shop|1)")),
            ("ConceptMap/shop/$translate?code=dibber".to_owned(),
                "result false\nmatch (equivalence unmatched, source http://garden.example/ConceptMap/shop|1)".to_owned()),
            ("ConceptMap/shop/$translate?code=fork".to_owned(),
                format!("result true\nmatch (equivalence inexact, concept {SHOP}|MISC, source http://garden.example/ConceptMap/shop|1)")),
            (format!("ConceptMap/$translate?coding={TOOLS}%7Cspade&targetsystem=http://other.example"),
                "result false\nmessage no concept map here has the code".to_owned()),
            ("ConceptMap/$translate?coding=http://hl7.org/fhir/task-status%7Con-hold".to_owned(),
                "result true\nmatch (equivalence equivalent, concept http://hl7.org/fhir/resource-status|suspended, source \
                 http://hl7.org/fhir/ConceptMap/sc-task-status|4.0.1)".to_owned()),
        ] {
            assert_eq!(out(&server.get(&path).await.expect(200)), expected, "{path}");
        }
        let mut sent = map();
        sent.as_object_mut().unwrap().remove("url");
        let concept = json!({"coding": [{"system": "http://other.example", "code": "x"}, {"system": TOOLS, "code": "spade"}]});
        let list = [("conceptMap", "resource", sent), ("codeableConcept", "valueCodeableConcept", concept)];
        let answer = server.post("ConceptMap/$translate", &parameters(&list)).await.expect(200);
        assert_eq!(out(&answer), format!("result true\nmatch (equivalence narrower, concept {SHOP}|SP-1)"));
        for (path, status) in [
            ("ConceptMap/$translate?code=spade", 400),
            ("ConceptMap/$translate?system=http://garden.example", 400),
            ("ConceptMap/$translate?url=http://nobody.example/map&code=x&system=y", 404),
            ("ConceptMap/nobody/$translate?code=x", 404),
        ] {
            server.get(path).await.expect(status);
        }
    });
}
