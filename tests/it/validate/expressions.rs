//! `fhirpath`: what it prints for each kind of item, and how it ends.

use super::run;

fn check(expression: &str, file: &str, input: &str, code: i32, expected: &[&str]) {
    let ran = run(&["fhirpath", expression, file], input).expect(code);
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), expected, "{expression}\n{}", ran.err);
}

#[test]
fn items_have_types() {
    for (expression, expected) in [
        (
            "Patient.name.given",
            &[r#"{"type":"string","value":"Ada"}"#, r#"{"type":"string","value":"B."}"#][..],
        ),
        ("name.family + '!'", &[r#"{"type":"String","value":"Bramble!"}"#]),
        ("birthDate", &[r#"{"type":"date","value":"1980-02-29","_value":{"id":"b"}}"#]),
        ("multipleBirth", &[r#"{"type":"integer","value":2}"#]),
        ("multipleBirth * 1.50", &[r#"{"type":"Decimal","value":3.00}"#]),
        ("multipleBirth + 1", &[r#"{"type":"Integer","value":3}"#]),
        ("active.empty()", &[r#"{"type":"Boolean","value":true}"#]),
        ("active", &[]),
        ("extension.value", &[r#"{"type":"Quantity","value":{"value":70.50,"unit":"kg"}}"#]),
        (
            "4.0 'mg'",
            &[
                r#"{"type":"Quantity","value":{"value":4.0,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}"#,
            ],
        ),
        ("2 days", &[r#"{"type":"Quantity","value":{"value":2,"unit":"day"}}"#]),
        ("birthDate + 1 year", &[r#"{"type":"Date","value":"1981-02-28"}"#]),
        ("@T14:30", &[r#"{"type":"Time","value":"14:30"}"#]),
        (
            "name.first().type()",
            &[
                r#"{"type":"TypeInfo","value":{"namespace":"FHIR","name":"HumanName","baseType":"FHIR.Element"}}"#,
            ],
        ),
        ("managingOrganization.resolve() is Organization", &[r#"{"type":"Boolean","value":true}"#]),
        (
            "maritalStatus.memberOf('http://hl7.org/fhir/ValueSet/marital-status')",
            &[r#"{"type":"Boolean","value":true}"#],
        ),
        (
            "conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')",
            &[r#"{"type":"Boolean","value":true}"#],
        ),
        (
            "conformsTo('http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient')",
            &[r#"{"type":"Boolean","value":false}"#],
        ),
    ] {
        check(expression, "patient.json", "", 0, expected);
    }
}

#[test]
fn files() {
    check("Task.status", "task.xml", "", 0, &[r#"{"type":"code","value":"requested"}"#]);
    let basic = "{\"resourceType\": \"Basic\", \"id\": \"x\"}";
    check("id", "-", basic, 0, &[r#"{"type":"id","value":"x"}"#]);
    check(
        "id",
        "-",
        "<Basic xmlns='http://hl7.org/fhir'><id value='x'/></Basic>",
        0,
        &[r#"{"type":"id","value":"x"}"#],
    );
    let codes = r#"{"resourceType":"Basic","code":{"coding":[{"system":"http://hl7.org/fhir/issue-type","code":"invalid"},
        {"system":"http://hl7.org/fhir/issue-type","code":"structure"}]}}"#;
    let yes = &[r#"{"type":"Boolean","value":true}"#];
    check("code.coding[0].subsumes(%resource.code.coding[1])", "-", codes, 0, yes);
    check("code.coding[0].subsumedBy(%resource.code.coding[1]).not()", "-", codes, 0, yes);
    let bundle = r#"{"resourceType":"Bundle","type":"collection","entry":[
        {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Task","focus":{"reference":"urn:uuid:2"}}},
        {"fullUrl":"urn:uuid:2","resource":{"resourceType":"Basic","id":"target"}}]}"#;
    check(
        "entry.resource.ofType(Task).focus.resolve().id",
        "-",
        bundle,
        0,
        &[r#"{"type":"id","value":"target"}"#],
    );
}

#[test]
fn what_goes_wrong_is_named_with_its_place() {
    for (arguments, code, named) in [
        (["Task.where(a", "task.json"], 2, "(line 1, column 13)\n  Task.where(a\n              ^"),
        (["1 +\n 'é' ~ §", "task.json"], 2, "(line 2, column 8)\n   'é' ~ §\n         ^"),
        (["name.frob()", "task.json"], 2, "frob"),
        (["id", "nowhere.json"], 2, "nowhere.json: No such file"),
        (["id", "folder/notes.txt"], 1, "folder/notes.txt:1:1: this is not JSON that FHIR accepts"),
        (["id", "folder/package.json"], 1, "folder/package.json:1:1: a resource names its type"),
        (
            ["name.given.single()", "patient.json"],
            1,
            "takes a single item, not several (line 1, column 12)\n  name.given.single()\n             ^",
        ),
        (["%nobody", "patient.json"], 1, "unknown variable '%nobody' (line 1, column 2)"),
        (["Patient.nmae", "patient.json"], 0, "warning: Patient has no property 'nmae'"),
        (["Task.status", "patient.json"], 0, "warning: the focus is Patient, not Task"),
        (["repeat($this | $this).repeat(1 | 2)", "--ig"], 2, "--ig"),
    ] {
        run(&["fhirpath", arguments[0], arguments[1]], "").expect(code).says(named);
    }
}
