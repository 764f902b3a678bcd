//! `ValueSet/$expand` (R4 §4.9.19.1).

use serde_json::{Value, json};

use super::{TOOLS, diggers, escaped, parameters, plant};
use crate::harness::{Answer, on_both};

/// The codes of an expansion, with marks for abstract and inactive ones, and the total.
fn codes(answer: &Answer) -> String {
    let expansion = &answer.json()["expansion"];
    let one = |code: &Value| {
        let mark = |name: &str, mark: &'static str| if code[name] == true { mark } else { "" };
        format!("{}{}{}", code["code"].as_str().unwrap(), mark("abstract", "^"), mark("inactive", "~"))
    };
    let codes: Vec<String> = expansion["contains"].as_array().into_iter().flatten().map(one).collect();
    format!("{} of {}", codes.join(" "), expansion["total"])
}

#[test]
fn of_the_definitions() {
    on_both(async |server| {
        let gender = "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender";
        let answer = server.get(gender).await.expect(200);
        assert_eq!(codes(&answer), "male female other unknown of 4");
        let set = answer.json();
        assert_eq!(set["url"], "http://hl7.org/fhir/ValueSet/administrative-gender");
        assert_eq!(set["version"], "4.0.1");
        assert!(set["expansion"]["identifier"].as_str().unwrap().starts_with("urn:uuid:"));
        assert_eq!(set["expansion"]["timestamp"], "2026-11-22T09:00:00.000000Z");
        assert_eq!(set["expansion"]["contains"][0]["display"], "Male");
        assert_eq!(set["expansion"]["contains"][0]["system"], "http://hl7.org/fhir/administrative-gender");
        assert_eq!(
            set["expansion"]["parameter"],
            json!([{"name": "version", "valueUri": "http://hl7.org/fhir/administrative-gender|4.0.1"}])
        );
        assert!(set.get("compose").is_none());
        let with = server.get(&format!("{gender}&includeDefinition=true")).await.expect(200).json();
        assert_eq!(with["compose"]["include"][0]["system"], "http://hl7.org/fhir/administrative-gender");
        let pinned = format!("{gender}%7C4.0.1&filter=ma&count=1&offset=1");
        assert_eq!(codes(&server.get(&pinned).await.expect(200)), "female of 2");
        let versioned = format!("{gender}&valueSetVersion=4.0.1");
        assert_eq!(codes(&server.get(&versioned).await.expect(200)), "male female other unknown of 4");
        // By the element that is bound to it.
        let context =
            "ValueSet/$expand?context=http://hl7.org/fhir/StructureDefinition/Patient%23Patient.gender";
        assert_eq!(codes(&server.get(context).await.expect(200)), "male female other unknown of 4");
        // A designation in the language asked for becomes the display.
        let status = "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/publication-status";
        let dutch = server.get(&format!("{status}&displayLanguage=nl")).await.expect(200).json();
        assert_eq!(dutch["expansion"]["contains"][0]["display"], "ontwerp");
        assert!(dutch["expansion"]["contains"][0].get("designation").is_none());
        let all = server.get(&format!("{status}&includeDesignations=true")).await.expect(200).json();
        assert_eq!(
            all["expansion"]["contains"][0]["designation"][0],
            json!({"language": "ru", "value": "черновик"})
        );
        let one = server.get(&format!("{status}&designation=urn:ietf:bcp:47%7Cnl")).await.expect(200).json();
        assert_eq!(
            one["expansion"]["contains"][0]["designation"],
            json!([{"language": "nl", "value": "ontwerp"}])
        );
    });
}

#[test]
fn of_what_is_stored_and_sent() {
    on_both(async |server| {
        plant(server).await;
        let all = "digger spade fork dibber~ of 4";
        let by_url = "ValueSet/$expand?url=http://garden.example/ValueSet/diggers";
        for path in [
            "ValueSet/diggers/$expand",
            by_url,
            "ValueSet/$expand?url=http://garden.example/ValueSet/diggers%7C3",
        ] {
            assert_eq!(codes(&server.get(path).await.expect(200)), all, "{path}");
        }
        let answer = server.get("ValueSet/diggers/$expand").await.expect(200).json();
        assert_eq!((&answer["status"], &answer["name"]), (&json!("draft"), &json!("Diggers")));
        // Sent along, as a parameter or as the body, with or without a URL of its own.
        let mut sent = diggers();
        sent.as_object_mut().unwrap().remove("url");
        let given = parameters(&[
            ("valueSet", "resource", sent.clone()),
            ("activeOnly", "valueBoolean", true.into()),
        ]);
        assert_eq!(
            codes(&server.post("ValueSet/$expand", &given).await.expect(200)),
            "digger spade fork of 3"
        );
        assert_eq!(codes(&server.post("ValueSet/$expand?count=1", &sent).await.expect(200)), "digger of 4");
        // What is stored comes before the definitions, and within what is made of it.
        let gender = json!({"resourceType": "CodeSystem", "id": "gender", "url": "http://hl7.org/fhir/administrative-gender",
            "version": "4.0.1", "status": "active", "content": "complete",
            "concept": [{"code": "male"}, {"code": "female"}, {"code": "third"}]});
        server.store(&gender).await;
        let gender = "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender";
        assert_eq!(codes(&server.get(gender).await.expect(200)), "male female third of 3");
        // A deletion is one.
        server.delete("CodeSystem/gender").await.expect(204);
        assert_eq!(codes(&server.get(gender).await.expect(200)), "male female other unknown of 4");
        server.delete("ValueSet/diggers").await.expect(204);
        server.get("ValueSet/diggers/$expand").await.expect(410);
        server.get(by_url).await.expect(404);
    });
}

#[test]
fn not_in_another_space() {
    crate::harness::on_both_with(
        |config| config.spaces = ["clinic".to_owned()].into(),
        async |server| {
            plant(server).await;
            let clinic = server.space("clinic");
            clinic.get("ValueSet/$expand?url=http://garden.example/ValueSet/diggers").await.expect(404);
            clinic.get("ValueSet/diggers/$expand").await.expect(404);
        },
    );
}

#[test]
fn what_cannot_be_expanded() {
    on_both(async |server| {
        plant(server).await;
        let inline =
            |compose: Value| json!({"resourceType": "ValueSet", "status": "active", "compose": compose});
        let loinc = inline(json!({"include": [{"system": "http://loinc.org"}]}));
        let long: Vec<Value> = (0..10_001).map(|n| json!({"code": format!("c{n}")})).collect();
        let long = inline(
            json!({"include": [{"system": "http://garden.example/CodeSystem/seeds", "concept": long}]}),
        );
        let circle = json!({"resourceType": "ValueSet", "url": "http://garden.example/ValueSet/circle", "status": "active",
            "compose": {"include": [{"valueSet": ["http://garden.example/ValueSet/circle"]}]}});
        let odd =
            inline(json!({"include": [{"system": TOOLS, "filter": [{"property": "code", "op": "="}]}]}));
        for (body, status, expected) in [
            (
                loinc,
                422,
                "error not-found : the value set cannot be expanded: code system http://loinc.org is not at hand",
            ),
            (
                long.clone(),
                422,
                "error too-costly : the value set is not expanded: there are 10001 codes, more than the 10000 \
                that are given at once: ask for pages with 'count' and 'offset', or for less with 'filter'",
            ),
            (
                circle,
                422,
                "error not-found : the value set cannot be expanded: value set http://garden.example/ValueSet/circle| \
                contains itself",
            ),
            (
                odd,
                400,
                "error structure : the resource is not what FHIR says: 'value' is missing or not what FHIR says",
            ),
            (
                json!({"resourceType": "Patient"}),
                400,
                "error structure : an operation takes a Parameters resource",
            ),
            (
                parameters(&[]),
                400,
                "error required : the value set is missing: name it by 'url' or 'context', or send it as 'valueSet'",
            ),
            (
                parameters(&[("url", "valueUri", json!("http://nobody.example/x"))]),
                404,
                "error not-found : there is no value set http://nobody.example/x here",
            ),
            (
                parameters(&[("valueSet", "resource", json!({"resourceType": "Patient"}))]),
                400,
                "error structure : a ValueSet resource is needed here",
            ),
            (parameters(&[("url", "valueInteger", json!(1))]), 400, "error value : 'url' takes a text"),
            (
                parameters(&[("valueSet", "resource", long.clone()), ("count", "valueInteger", json!(-1))]),
                400,
                "error value : 'count' takes a number from 0",
            ),
            (
                parameters(&[
                    ("valueSet", "resource", long.clone()),
                    ("date", "valueDateTime", json!("2020")),
                ]),
                400,
                "error not-supported : the parameter 'date' is not supported here",
            ),
        ] {
            let answer = server.post("ValueSet/$expand", &body).await.expect(status);
            assert_eq!(answer.issues(), expected);
        }
        let page = server.post("ValueSet/$expand?count=2", &long).await.expect(200);
        assert_eq!(codes(&page), "c0 c1 of 10001");
        server
            .get("ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender%7C9")
            .await
            .expect(404);
        server
            .get("ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/currencies&activeOnly=maybe")
            .await
            .expect(400);
        server.get("ValueSet/nobody/$expand").await.expect(404);
        server.get("ValueSet/$expand?context=nowhere").await.expect(404);
        server.get("Patient/$expand").await.expect(404);
        // Names that mean something to searches mean nothing here.
        let name = escaped("http://garden.example/a,b|c\\d$e");
        server.get(&format!("ValueSet/$expand?url={name}")).await.expect(404);
    });
}
