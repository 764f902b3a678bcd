//! `DocumentReference/$docref` (US Core): a patient's documents.

use serde_json::{Value, json};

use crate::harness::{Found, Server, on_both};

const CCD: &str = "34133-9";
const LOINC: &str = "http://loinc.org";

fn document(id: &str, patient: &str, status: &str, code: &str, period: (&str, &str)) -> Value {
    json!({
        "resourceType": "DocumentReference", "id": id, "status": status,
        "meta": {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference"]},
        "type": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": format!("Patient/{patient}")},
        "content": [{"attachment": {"url": "http://example.org/Binary/1"}}],
        "context": {"period": {"start": period.0, "end": period.1}}
    })
}

async fn by_post(server: &Server, parameters: Value) -> Vec<String> {
    let body = json!({"resourceType": "Parameters", "parameter": parameters});
    let mut ids = Found::new(&server.post("DocumentReference/$docref", &body).await.expect(200)).ids();
    ids.sort();
    ids
}

#[test]
fn documents_of_a_patient() {
    on_both(async |server| {
        server
            .store_all(&[
                document("spring", "ada", "current", CCD, ("2026-03-01", "2026-03-31")),
                document("summer", "ada", "current", "18842-5", ("2026-07-01", "2026-07-31")),
                document("old", "ada", "superseded", CCD, ("2025-01-01", "2025-01-31")),
                document("other", "bob", "current", CCD, ("2026-03-01", "2026-03-31")),
            ])
            .await;
        for (query, ids) in [
            ("patient=ada", "spring summer"),
            ("patient=nobody", ""),
            ("patient=ada&start=2026-05-01", "summer"),
            ("patient=ada&end=2026-05-01T00:00:00+02:00", "old spring"),
            ("patient=ada&start=2026-02-01&end=2026-12-31", "spring summer"),
            ("patient=ada&type=http://loinc.org|34133-9", "spring"),
            ("patient=ada&type=34133-9&type=18842-5", "spring summer"),
            ("patient=ada&profile=http://example.org/none", ""),
            ("patient=ada&on-demand=true", ""),
            ("patient=ada&on-demand=false", "spring summer"),
        ] {
            server.finds(&format!("DocumentReference/$docref?{query}"), ids).await;
        }
        let type_of = |code: &str| json!({"name": "type", "valueCoding": {"system": LOINC, "code": code}});
        let ada = json!({"name": "patient", "valueId": "ada"});
        assert_eq!(by_post(server, json!([ada, type_of(CCD)])).await, ["spring"]);
        assert_eq!(by_post(server, json!([ada, type_of("x,34133-9")])).await, Vec::<String>::new());
        for query in ["", "patient=a/b/c", "patient=ada&start=soon", "patient=ada&on-demand=maybe"] {
            server.get(&format!("DocumentReference/$docref?{query}")).await.expect(400);
        }
    });
}
