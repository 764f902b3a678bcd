//! What is not FHIR, or an attack: an error that names the place, and no panic.

use std::time::{Duration, Instant};

use sdoh_gateway::fhir::json;
use sdoh_gateway::xml::{self, MAX_DEPTH};

use super::{there_and_back, types};

const FHIR: &str = "xmlns=\"http://hl7.org/fhir\"";

fn error(text: impl AsRef<[u8]>) -> String {
    xml::to_json(types(), text.as_ref()).unwrap_err().to_string()
}

#[test]
fn in_xml() {
    for (text, expected) in [
        ("", "no element at line 1, column 1"),
        ("{\"resourceType\":\"Patient\"}", "text before the first element at line 1, column 1"),
        ("<Patient/>", "<Patient> is not in the namespace http://hl7.org/fhir at line 1, column 1"),
        (
            "<Patient xmlns='urn:hl7-org:v3'/>",
            "<Patient> is not in the namespace http://hl7.org/fhir at line 1, column 1",
        ),
        ("<Recipe F/>", "<Recipe> is not a resource of FHIR R4 at line 1, column 1"),
        ("<DomainResource F/>", "<DomainResource> is not a resource of FHIR R4 at line 1, column 1"),
        ("<HumanName F/>", "<HumanName> is not a resource of FHIR R4 at line 1, column 1"),
        ("<Patient F id='1'/>", "Patient has no attribute 'id' at line 1, column 38"),
        ("<Patient F value='1'/>", "Patient has no attribute 'value' at line 1, column 38"),
        (
            "<Patient F>\n <nickname value='x'/></Patient>",
            "Patient has no element <nickname> at line 2, column 2",
        ),
        (
            "<Patient F>\n<contact>\n<name>\n\t<nick/></name></contact></Patient>",
            "HumanName has no element <nick> at line 4, column 2",
        ),
        (
            "<Patient F><contact><nick/></contact></Patient>",
            "Patient.contact has no element <nick> at line 1, column 47",
        ),
        (
            "<Observation F><value value='1'/></Observation>",
            "Observation has no element <value> at line 1, column 42",
        ),
        (
            "<Patient F><active value='true' x='1'/></Patient>",
            "boolean has no attribute 'x' at line 1, column 59",
        ),
        (
            "<Patient F xmlns:p='urn:p'><active p:id='1'/></Patient>",
            "boolean has no attribute 'id' at line 1, column 62",
        ),
        (
            "<Patient F><active value='yes'/></Patient>",
            "'value' is neither 'true' nor 'false' at line 1, column 46",
        ),
        (
            "<Patient F><active>true</active></Patient>",
            "<active> must not hold text: values are in attributes at line 1, column 46",
        ),
        (
            "<Patient F><active/>\n x</Patient>",
            "<Patient> must not hold text: values are in attributes at line 2, column 2",
        ),
        (
            "<Patient F><active value='true'/><active id='2'/></Patient>",
            "Patient may have only one <active> at line 1, column 60",
        ),
        (
            "<Patient F><active id='1'/><active value='true'/></Patient>",
            "Patient may have only one <active> at line 1, column 54",
        ),
        ("<Patient F><text/><text/></Patient>", "Patient may have only one <text> at line 1, column 45"),
        (
            "<Patient F><multipleBirthInteger value='two'/></Patient>",
            "'value' is not a number at line 1, column 60",
        ),
        (
            "<Patient F><extension><url value='x'/></extension></Patient>",
            "Extension has no element <url> at line 1, column 49",
        ),
        ("<Patient F><contained/></Patient>", "<contained> holds one resource at line 1, column 38"),
        (
            "<Patient F><contained><Basic/><Basic/></contained></Patient>",
            "<contained> holds one resource at line 1, column 57",
        ),
        (
            "<Patient F><contained id='c'><Basic/></contained></Patient>",
            "<contained> has no attribute 'id' at line 1, column 49",
        ),
        (
            "<Patient F><contained><Recipe/></contained></Patient>",
            "<Recipe> is not a resource of FHIR R4 at line 1, column 49",
        ),
        (
            "<Patient F><text><div>x</div></text></Patient>",
            "the narrative is one <div> of the namespace http://www.w3.org/1999/xhtml at line 1, column 44",
        ),
        (
            "<Patient F><text><div xmlns='http://www.w3.org/1999/xhtml'>&nbsp;</div></text></Patient>",
            "only the entities &amp; &lt; &gt; &quot; and &apos; are known at line 1, column 86",
        ),
        (
            "<Patient F xmlns:o='urn:o'><text><div xmlns='http://www.w3.org/1999/xhtml'><o:p/></div></text></Patient>",
            "an element of the narrative is not XHTML at line 1, column 102",
        ),
        (
            "<Patient F xmlns:o='urn:o'><text><div xmlns='http://www.w3.org/1999/xhtml' o:x=''/></text></Patient>",
            "an attribute of the narrative is not XHTML at line 1, column 102",
        ),
        ("<Patient F>", "<Patient> is not closed at line 1, column 38"),
        ("<Patient F></Person>", "</Person> where <Patient> is open at line 1, column 38"),
    ] {
        assert_eq!(error(text.replacen(" F", &format!(" {FHIR}"), 1)), expected, "{text}");
    }
}

#[test]
fn not_utf8() {
    assert_eq!(error(b"<Patient>\n \xff"), "FHIR is XML 1.0 in UTF-8 at line 2, column 2");
    assert_eq!(error(b"\xff\xfe<\0P\0"), "FHIR is XML 1.0 in UTF-8 at line 1, column 1");
    assert_eq!(error("<Patient\0/>"), "a character that XML does not allow at line 1, column 9");
    let latin = "<?xml version='1.0' encoding='ISO-8859-1'?><Patient/>";
    assert_eq!(error(latin), "FHIR is XML 1.0 in UTF-8 at line 1, column 21");
}

/// Entities that grow, and entities that fetch: neither is even declared.
#[test]
fn document_types() {
    let laughs =
        "<?xml version='1.0'?>\n<!DOCTYPE lolz [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>";
    let external = "<!DOCTYPE Patient [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>";
    let parameter = "<!DOCTYPE Patient SYSTEM 'http://example.org/fhir.dtd'>";
    for (prolog, line) in [(laughs, 2), (external, 1), (parameter, 1)] {
        let text = format!("{prolog}<Patient {FHIR}><id value='&b;'/></Patient>");
        assert_eq!(
            error(text),
            format!("document types (DTDs) and entities are not allowed at line {line}, column 1")
        );
    }
    let bare = format!("<Patient {FHIR}><id value='&x;'/></Patient>");
    assert!(error(bare).starts_with("only the entities"));
}

/// An item inside items: three levels of elements for two of JSON.
fn questionnaire(depth: usize) -> String {
    format!("<Questionnaire {FHIR}>{}{}</Questionnaire>", "<item>".repeat(depth), "</item>".repeat(depth))
}

#[test]
fn deep() {
    // Each item is an object in a list.
    let most = (MAX_DEPTH - 1) / 2;
    let value = xml::to_json(types(), questionnaire(most).as_bytes()).unwrap();
    assert_eq!(json::parse(value.to_string().as_bytes()).unwrap(), value);
    assert_eq!(there_and_back(&value).unwrap(), value);
    assert!(error(questionnaire(most + 1)).starts_with("nested more than 96 levels deep at line 1"));
    for depth in [1_000, 1_000_000] {
        assert!(error(questionnaire(depth)).starts_with("nested more than"));
        let narrative = format!(
            "<Patient {FHIR}><text><div xmlns='http://www.w3.org/1999/xhtml'>{}",
            "<b>".repeat(depth)
        );
        assert!(error(narrative).starts_with("a narrative nested more than 256 levels deep"));
    }
    let mut value = serde_json::json!({"linkId": "x"});
    for _ in 0..most + 1 {
        value = serde_json::json!({"item": [value]});
    }
    value["resourceType"] = "Questionnaire".into();
    let error = xml::from_json(types(), &value).unwrap_err();
    assert_eq!(error.message, "nested more than 96 levels deep");
}

/// Long inputs take time in proportion to their length.
#[test]
fn long() {
    let length = 4 << 20;
    let many = |piece: &str| piece.repeat(length / piece.len());
    let texts = [
        format!("<Patient {FHIR}><id value='{}'/></Patient>", many("&amp;")),
        format!("<Patient {FHIR}><id value='{}", many("x")),
        format!("<Patient {FHIR}><id value='{}'/></Patient>", many("&")),
        format!("<Patient {FHIR}>{}</Patient>", many("<!---->")),
        format!("<Patient {FHIR}>{}</Patient>", many("<?a?>")),
        format!("<Patient {FHIR}><id {}/></Patient>", many("a='' ")),
        format!("<Patient {FHIR}><{}/></Patient>", many("a")),
        format!("<Patient {FHIR}><name>{}</name></Patient>", many("<given value=''/>")),
        format!("<Patient {FHIR}><name>{}</name></Patient>", many("<given id=''/>")),
        format!("<Patient {FHIR}>{}", many("<name xmlns:a='u'>")),
        format!("<Patient {FHIR}>{}", many("<")),
        format!("<Patient {FHIR}>{}", many(" ")),
        format!("<Patient {FHIR}>{}", many("]]")),
    ];
    for text in texts {
        let start = Instant::now();
        let _ = xml::to_json(types(), text.as_bytes());
        // Unoptimised, with two cores shared by all tests; a second is the order of magnitude.
        assert!(start.elapsed() < Duration::from_secs(20), "{text:.60}");
    }
    let long = vec![b' '; xml::MAX_BYTES + 1];
    assert_eq!(error(long), "longer than 67108864 bytes at line 1, column 1");
}

#[test]
fn in_json() {
    for (value, expected) in [
        ("[]", "a resource is an object in JSON at the resource itself"),
        ("{}", "a resource has a resourceType at the resource itself"),
        (r#"{"resourceType":"Recipe"}"#, "its resourceType is not one of FHIR R4 at the resource itself"),
        (r#"{"resourceType":"Resource"}"#, "its resourceType is not one of FHIR R4 at the resource itself"),
        (r#"{"resourceType":"Patient","nickname":"x"}"#, "Patient has no property 'nickname' at Patient"),
        (
            r#"{"resourceType":"Patient","fhir_comments":["x"]}"#,
            "Patient has no property 'fhir_comments' at Patient",
        ),
        (r#"{"resourceType":"Patient","__active":{}}"#, "Patient has no property '__active' at Patient"),
        (
            r#"{"resourceType":"Patient","name":[{},{"given":["a"],"nick":1}]}"#,
            "HumanName has no property 'nick' at Patient.name[1]",
        ),
        (
            r#"{"resourceType":"Patient","contact":[{"name":{"resourceType":"HumanName"}}]}"#,
            "HumanName has no property 'resourceType' at Patient.contact[0].name",
        ),
        (r#"{"resourceType":"Patient","active":"true"}"#, "must be true or false in JSON at Patient.active"),
        (r#"{"resourceType":"Patient","active":null}"#, "must be true or false in JSON at Patient.active"),
        (r#"{"resourceType":"Patient","active":[true]}"#, "must be true or false in JSON at Patient.active"),
        (
            r#"{"resourceType":"Patient","multipleBirthInteger":"2"}"#,
            "must be a number in JSON at Patient.multipleBirthInteger",
        ),
        (r#"{"resourceType":"Patient","gender":1}"#, "must be a string in JSON at Patient.gender"),
        (
            r#"{"resourceType":"Patient","gender":"\u0007"}"#,
            "the character U+0007 cannot be written in XML at Patient.gender",
        ),
        (
            r#"{"resourceType":"Patient","name":{}}"#,
            "must be an array: FHIR allows several values here at Patient.name",
        ),
        (r#"{"resourceType":"Patient","name":[]}"#, "an array must not be empty at Patient.name"),
        (r#"{"resourceType":"Patient","name":["x"]}"#, "must be an object in JSON at Patient.name[0]"),
        (r#"{"resourceType":"Patient","name":[null]}"#, "must be an object in JSON at Patient.name[0]"),
        (
            r#"{"resourceType":"Patient","_name":[{}]}"#,
            "only a primitive has something beside it under '_' at Patient.name[0]",
        ),
        (
            r#"{"resourceType":"Patient","name":[{"given":["a",null]}]}"#,
            "must not be null at Patient.name[0].given[1]",
        ),
        (
            r#"{"resourceType":"Patient","name":[{"given":["a"],"_given":[null,{}]}]}"#,
            "its list and that under '_' are not of one length at Patient.name[0].given",
        ),
        (
            r#"{"resourceType":"Patient","_active":true}"#,
            "what stands beside a value under '_' is an object at Patient.active",
        ),
        (
            r#"{"resourceType":"Patient","_active":{"value":true}}"#,
            "boolean has no property 'value' at Patient.active",
        ),
        (
            r#"{"resourceType":"Patient","contact":[{"id":1}]}"#,
            "must be a string in JSON at Patient.contact[0].id",
        ),
        (
            r#"{"resourceType":"Patient","extension":[{"url":"u","_url":{"id":"x"}}]}"#,
            "is an attribute in XML and has no id or extensions at Patient.extension[0].url",
        ),
        (
            r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Task","note":[{"text":1}]}}]}"#,
            "must be a string in JSON at Bundle.entry[0].resource.note[0].text",
        ),
        (
            r#"{"resourceType":"Bundle","entry":[{"resource":{}}]}"#,
            "a resource has a resourceType at Bundle.entry[0].resource",
        ),
        (
            r#"{"resourceType":"Patient","text":{"div":"<div><p></div>"}}"#,
            "not one well-formed XHTML <div>: </div> where <p> is open at line 1, column 9 at Patient.text.div",
        ),
        (
            r#"{"resourceType":"Patient","text":{"_div":{"id":"x"}}}"#,
            "the narrative is a string and has nothing beside it at Patient.text.div",
        ),
    ] {
        let value = json::parse(value.as_bytes()).unwrap();
        assert_eq!(xml::from_json(types(), &value).unwrap_err().to_string(), expected, "{value}");
    }
}
