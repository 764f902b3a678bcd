//! `CodeSystem/$subsumes` (R4 §4.8.16.2).

use serde_json::json;

use super::{TOOLS, out, parameters, plant};
use crate::harness::on_both;

#[test]
fn outcomes() {
    on_both(async |server| {
        plant(server).await;
        let act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
        for (system, a, b, expected) in [
            (TOOLS, "digger", "spade", "subsumes"),
            (TOOLS, "tool", "spade", "subsumes"),
            (TOOLS, "spade", "tool", "subsumed-by"),
            (TOOLS, "spade", "spade", "equivalent"),
            (TOOLS, "spade", "shears", "not-subsumed"),
            (TOOLS, "tool", "bucket", "not-subsumed"),
            (act_code, "_ActEncounterCode", "AMB", "subsumes"),
        ] {
            let path = format!("CodeSystem/$subsumes?system={system}&codeA={a}&codeB={b}");
            assert_eq!(out(&server.get(&path).await.expect(200)), format!("outcome {expected}"), "{path}");
        }
        let instance = "CodeSystem/tools/$subsumes?codeA=cutter&codeB=shears";
        assert_eq!(out(&server.get(instance).await.expect(200)), "outcome subsumes");
        let coding = |system: &str, code: &str| json!({"system": system, "code": code});
        let both = |other: &str| {
            parameters(&[
                ("codingA", "valueCoding", coding(TOOLS, "digger")),
                ("codingB", "valueCoding", coding(other, "fork")),
            ])
        };
        let answer = server.post("CodeSystem/$subsumes", &both(TOOLS)).await.expect(200);
        assert_eq!(out(&answer), "outcome subsumes");
        server.post("CodeSystem/$subsumes", &both("http://other.example")).await.expect(422);
        for (path, status) in [
            ("CodeSystem/$subsumes?system=http://loinc.org&codeA=1&codeB=2".to_owned(), 422),
            (format!("CodeSystem/$subsumes?system={TOOLS}&codeA=tool&codeB=barrow"), 404),
            (format!("CodeSystem/$subsumes?system={TOOLS}&version=1&codeA=tool&codeB=spade"), 422),
            (format!("CodeSystem/$subsumes?system={TOOLS}&codeA=tool"), 400),
            ("CodeSystem/$subsumes?codeA=tool&codeB=spade".to_owned(), 400),
            ("CodeSystem/nobody/$subsumes?codeA=tool&codeB=spade".to_owned(), 404),
        ] {
            server.get(&path).await.expect(status);
        }
    });
}
