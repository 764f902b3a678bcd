//! Expressions and what they give. The official suite is run by the integration tests.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::definitions::Definitions;
use crate::fhir::time::Instant;

/// 2026-11-22T17:47:00.5Z.
const NOW: Instant = Instant(1_795_369_620_500_000);

static R4: LazyLock<Definitions> = LazyLock::new(|| Definitions::embedded().unwrap());

fn patient() -> Value {
    json!({
        "resourceType": "Patient",
        "id": "p",
        "contained": [
            {"resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "#"},
             "valueQuantity": {"value": 1.5, "system": "http://unitsofmeasure.org", "code": "kg"}},
            {"resourceType": "Unheard", "id": "u", "thing": {"part": ["a", "b"]}},
        ],
        "extension": [
            {"url": "http://a.example/x", "valueString": "one"},
            {"url": "http://a.example/y", "valueReference": {"reference": "#o"}},
            {"url": "http://a.example/z", "_valueString": {"extension": [{"url": "why", "valueCode": "unknown"}]}},
        ],
        "active": true,
        "name": [
            {"use": "official", "family": "Rivera", "given": ["Ana", "Luz"]},
            {"use": "usual", "given": ["Lu", null], "_given": [null, {"extension": [{"url": "why", "valueCode": "masked"}]}]},
        ],
        "_birthDate": {"id": "b", "extension": [{"url": "why", "valueCode": "unknown"}]},
        "deceasedDateTime": "2026-01-02",
        "contact": [{"name": {"family": "Okafor"}}],
        "generalPractitioner": [
            {"reference": "Practitioner/1"},
            {"reference": "http://a.example/fhir/Observation/7/_history/2"},
            {"type": "Patient", "reference": "urn:uuid:0"},
            {"reference": "#o"},
        ],
    })
}

struct Sets;

impl Terminology for Sets {
    fn member_of(&self, value_set: &str, coding: Coding<'_>) -> Option<bool> {
        (value_set == "http://a.example/set")
            .then_some(coding.code == "food" && coding.system != Some("other"))
    }

    fn subsumes(&self, general: Coding<'_>, specific: Coding<'_>) -> Option<bool> {
        Some(specific.code.starts_with(general.code))
    }
}

struct Rules;

impl Profiles for Rules {
    fn conforms_to(&self, element: &Element<'_>, profile: &str) -> Option<bool> {
        (profile == "http://a.example/profile").then_some(element.get("active").is_some())
    }
}

/// The result's items as text; errors after an exclamation mark.
fn shown(text: &str, resource: &Value, dialect: Dialect) -> String {
    let types = R4.types();
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => return format!("!{error}"),
    };
    let resolver = TypeOfReference(types);
    let environment = Environment {
        dialect,
        resolver: Some(&resolver),
        terminology: Some(&Sets),
        profiles: Some(&Rules),
        variables: vec![("given", Collection::from(Node::from(7)))],
        ..Environment::new(types, NOW)
    };
    let focus = Node::resource(types, resource);
    let result = match expression.evaluate(&focus, &environment) {
        Ok(result) => result,
        Err(error) => return format!("!{error}"),
    };
    let item = |node: &Node<'_>| match node.text() {
        Some(text) => text.into_owned(),
        None => node.type_name(types).to_owned(),
    };
    result.iter().map(item).collect::<Vec<_>>().join(", ")
}

fn check_all(resource: &Value, dialect: Dialect, table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(shown(text, resource, dialect), *expected, "{text}");
    }
}

#[test]
fn navigates() {
    check_all(
        &patient(),
        Dialect::Strict,
        &[
            ("Patient.name.given", "Ana, Luz, Lu, string"),
            ("name.given.select($this.hasValue())", "true, true, true, false"),
            ("name.given.count()", "4"),
            ("name[1].given[1].extension('why').value", "masked"),
            ("Observation.status", ""),
            ("DomainResource.active", "true"),
            ("birthDate.exists() and birthDate.hasValue().not()", "true"),
            ("birthDate.extension.value", "unknown"),
            ("birthDate.id", "b"),
            ("deceased", "2026-01-02"),
            ("deceased is dateTime", "true"),
            ("deceased.ofType(boolean)", ""),
            ("extension.value.ofType(string)", "one, string"),
            ("extension('http://a.example/x').value", "one"),
            ("hasExtension('http://a.example/x')", "true"),
            ("contact.name.family", "Okafor"),
            ("contact.type().name", "BackboneElement"),
            ("contact is BackboneElement", "true"),
            ("contained.ofType(Observation).value.value", "1.5"),
            ("contained.where(id = 'u').thing.part", "a, b"),
            ("nonsense", ""),
            ("deceasedDateTime", ""),
            ("children().count()", "16"),
            ("name.descendants().count()", "10"),
            ("%resource.id | %context.id", "p"),
            ("contact.select(%resource.id)", "p"),
            ("%given + 1", "8"),
            ("%nobody", "!unknown variable '%nobody'"),
            ("%`vs-a`", "http://hl7.org/fhir/ValueSet/a"),
            ("now()", "2026-11-22T17:47:00.500Z"),
            ("today()", "2026-11-22"),
            ("timeOfDay()", "17:47:00.500"),
        ],
    );
}

#[test]
fn resolves() {
    check_all(
        &patient(),
        Dialect::Strict,
        &[
            (
                "generalPractitioner.where(resolve() is Observation).reference",
                "http://a.example/fhir/Observation/7/_history/2, #o",
            ),
            ("generalPractitioner.where(resolve() is Patient).reference", "urn:uuid:0"),
            ("generalPractitioner.resolve().status", "final"),
            ("extension.value.ofType(Reference).resolve().id", "o"),
            ("contained[0].subject.resolve().id", "p"),
            ("'#o'.resolve().id", "o"),
            ("'#none'.resolve().id", ""),
        ],
    );
}

#[test]
fn asks() {
    let observation = json!({
        "resourceType": "Observation",
        "status": "food",
        "code": {"coding": [{"system": "other", "code": "food"}, {"code": "food"}]},
        "valueCodeableConcept": {"coding": [{"system": "other", "code": "food"}]},
    });
    check_all(
        &observation,
        Dialect::Strict,
        &[
            ("status.memberOf('http://a.example/set')", "true"),
            ("code.memberOf('http://a.example/set')", "true"),
            ("value.memberOf('http://a.example/set')", "false"),
            ("code.memberOf('http://a.example/other')", ""),
            ("code.coding.memberOf('http://a.example/set')", "!memberOf takes a single item, not several"),
            ("code.subsumes(value)", "true"),
            ("'fo'.subsumedBy(status)", "false"),
            ("conformsTo('http://hl7.org/fhir/StructureDefinition/Observation|4.0.1')", "true"),
            ("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", "false"),
            ("conformsTo('http://a.example/profile')", "false"),
            ("conformsTo('http://a.example/none')", "!unknown profile 'http://a.example/none'"),
            ("checkModifiers('http://a.example/x').status", "food"),
            ("'<div>x</div>'.htmlChecks()", "true"),
            ("'<div><script/></div>'.htmlChecks()", "false"),
        ],
    );
}

#[test]
fn dialects() {
    let observation = json!({
        "resourceType": "Observation",
        "component": [{"valueCodeableConcept": {"text": "a"}}, {"valueQuantity": {"value": 2, "comparator": "<", "code": "kg"}}],
        "valueDateTime": "2026",
        "status": "final",
    });
    for (text, published, strict) in [
        ("(component.value as Quantity).value", "2", "2"),
        ("component.value.as(Quantity).value", "2", "!as takes a single item, not several"),
        ("valueDateTime", "2026", ""),
        ("valueQuantity", "", ""),
        ("component.value.ofType(Quantity) < 3 'kg'", "", ""),
        ("component.first().value < 3", "!< cannot take CodeableConcept", "!< cannot take CodeableConcept"),
        ("value.as(DateTime)", "2026", ""),
        ("value.as(dateTime)", "2026", "2026"),
        ("status.as(string)", "", ""),
        ("status as Code", "final", "!unknown type 'Code'"),
        ("status is string", "true", "true"),
        ("status is Code", "true", "!unknown type 'Code'"),
        ("status.hasValue() is Boolean", "true", "true"),
        ("status as string1", "!unknown type 'string1'", "!unknown type 'string1'"),
    ] {
        assert_eq!(shown(text, &observation, Dialect::Published), published, "{text}");
        assert_eq!(shown(text, &observation, Dialect::Strict), strict, "{text}");
    }
}

#[test]
fn calculates() {
    check_all(
        &json!({"resourceType": "Observation", "valueQuantity": {"value": 37, "system": "http://unitsofmeasure.org", "code": "Cel"}}),
        Dialect::Strict,
        &[
            ("value > 98 '[degF]'", "true"),
            ("value.value + 1", "38"),
            ("value = 37.0 'Cel'", "true"),
            ("9223372036854775807 + 1", ""),
            ("-9223372036854775807 - 10", ""),
            ("1.5 + 'a'", "!+ cannot take Decimal and String"),
            ("2.power(100)", ""),
            ("2.power(0.5) > 1.41", "true"),
            ("1 / 3 * 3 ~ 1", "true"),
            ("@2024-01-31 + 1 month", "2024-02-29"),
            ("@T23:30 + 45 minutes", "00:15"),
            ("defineVariable('x', 2).select(%x + 1)", "3"),
            ("(1 | 2).select(defineVariable('x', $this).select(%x * 10))", "10, 20"),
            ("defineVariable('x').id | %x", "!unknown variable '%x'"),
            ("defineVariable('x').defineVariable('x')", "!variable '%x' is defined already"),
            ("(3 | 1 | 2).sort(-$this)", "3, 2, 1"),
            ("('b' | 'a').sort($this desc)", "b, a"),
            ("(1 | 'a').sort()", "!sort cannot take String and Integer"),
            ("coalesce({}, 2, 3)", "2"),
            ("'äöü'.substring(1, 1) & 'äöü'.indexOf('ü').toString()", "ö2"),
            ("'a1b22'.replaceMatches('([0-9]+)', '<$1>')", "a<1>b<22>"),
            ("'a'.matches('(')", "!matches: not a regular expression"),
            ("4 'g'.toString() + ' ' + 1 day.toString()", "4 'g' 1 day"),
            ("1 'kg'.toQuantity('g').value", "1000"),
            ("(1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 1.0 | 10.00).count()", "10"),
            ("'2026-11-22T10:00:00+01:00'.toDateTime() = @2026-11-22T09:00:00Z", "true"),
        ],
    );
}

#[test]
fn costs() {
    let doubling = format!("'aa'{}", ".replace('a', 'aaaaaaaa')".repeat(30));
    let costly = "!the expression takes more steps than allowed";
    assert_eq!(shown(&doubling, &json!({}), Dialect::Strict), costly);
    assert_eq!(shown("(1).repeat($this + 1)", &json!({}), Dialect::Strict), costly);
    let nested = format!("{}1{}", "(1 | 2 | 3).combine(4).select(".repeat(20), ")".repeat(20));
    assert_eq!(shown(&nested, &json!({}), Dialect::Strict), costly);
}

#[test]
fn large_bundles() {
    let entries: Vec<Value> = (0..10_000)
        .map(|n| json!({"fullUrl": format!("urn:x:{n}"), "resource": {"resourceType": "Patient", "id": n.to_string()}}))
        .collect();
    check_all(
        &json!({"resourceType": "Bundle", "entry": entries}),
        Dialect::Strict,
        &[
            ("entry.where(fullUrl.exists()).select(fullUrl & resource.id).isDistinct()", "true"),
            ("(entry.fullUrl | entry.resource.id).count()", "20000"),
            ("entry.resource.distinct().count()", "10000"),
            ("entry.resource.intersect(entry.resource.take(5000)).count()", "5000"),
            ("entry.all(fullUrl.contains('urn') implies resource.exists())", "true"),
        ],
    );
}

/// The deepest resource there can be, and expressions that are as deep as may be, in half the stack that threads have.
#[test]
fn depths() {
    let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(check_depths);
    thread.unwrap().join().unwrap();
}

fn check_depths() {
    let mut value = json!({"url": "x"});
    for _ in 0..45 {
        value = json!({"url": "x", "extension": [value]});
    }
    let resource = json!({"resourceType": "Patient", "extension": [value]});
    let costly = "!the expression takes more steps than allowed";
    for (open, inner, close, count, expected) in [
        ("", "descendants().url.count()", "", 1, "46"),
        ("%resource.descendants().select(", "1", ")", 90, costly),
        ("extension.where(url.exists() and extension.exists()).select(", "url", ")", 45, "x"),
        ("extension.extension.extension.extension.extension.extension.select(", "url", ")", 90, ""),
        (
            "%resource.extension.extension.extension.extension.extension.extension.select(",
            "url",
            ")",
            90,
            costly,
        ),
        ("iif(true, ", "1", ")", 90, "1"),
        ("extension.repeat(", "extension", ")", 90, ""),
        ("-(", "1", ")", 45, "-1"),
        ("(1 + ", "1", ")", 45, "46"),
    ] {
        let text = format!("{}{inner}{}", open.repeat(count), close.repeat(count));
        let shown = shown(&text, &resource, Dialect::Strict);
        assert_eq!(shown, expected, "{open}");
    }
}

#[test]
fn parse_errors() {
    for (text, expected) in [
        ("", "an expression is expected at position 0"),
        ("a.", "a name is expected after '.' at position 2"),
        ("a b", "an operator or the end is expected at position 2"),
        ("foo()", "unknown function 'foo' at position 0"),
        ("a.where()", "where() takes one argument at position 2"),
        ("'a", "quote without end at position 0"),
        ("/* a", "comment without end at position 0"),
        ("@2026-13", "not a date or time at position 0"),
        ("'\\q'", "unknown escape in a text at position 0"),
        ("99999999999999999999", "number with too many digits at position 20"),
        ("a is 1", "the name of a type is expected at position 5"),
        ("#", "unexpected character at position 0"),
    ] {
        assert_eq!(Expression::parse(text).unwrap_err().to_string(), expected, "{text}");
    }
    for (open, close) in
        [("(", ")"), ("a.where(", ")"), ("a[", "]"), ("-", ""), ("a.", ""), ("1+", ""), ("a implies ", "")]
    {
        let text = format!("{}a{}", open.repeat(5000), close.repeat(5000));
        let error = Expression::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with("expression deeper than 100 levels"), "{error}");
    }
    // Chains of the same operator are flat.
    for operator in ["|", "and", "or"] {
        let text = vec!["a"; 3000].join(&format!(" {operator} "));
        assert!(Expression::parse(&text).is_ok());
    }
    assert!(Expression::parse(&"a ".repeat(40_000)).is_err());
}

/// Pieces of expressions, to be put together at random.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "name",
        "given",
        "Patient",
        ".",
        ".",
        ".",
        "(",
        ")",
        "(",
        ")",
        "[",
        "]",
        "{}",
        "1",
        "0",
        "'a'",
        "1.5",
        "@2026-11",
        "@T10",
        "true",
        "$this",
        "$index",
        "%resource",
        "%context",
        "+",
        "-",
        "*",
        "/",
        "|",
        "&",
        "=",
        "~",
        "!=",
        "<",
        ">=",
        " and ",
        " or ",
        " is ",
        " as ",
        " in ",
        " implies ",
        " div ",
        " mod ",
        ",",
        "where(",
        "select(",
        "repeat(",
        "all(",
        "exists()",
        "first()",
        "descendants()",
        "children()",
        "count()",
        "toString()",
        "length()",
        "matches('a*')",
        "sort()",
        "iif(",
        "aggregate(",
        "1 day",
        "4 'mg'",
        "lowBoundary()",
        "replace('a','aa')",
        "ofType(string)",
        "resolve()",
        "distinct()",
        "combine(",
        "skip(1)",
        "power(9)",
        "round(2)",
        "toQuantity()",
        "split('a')",
        "join()",
    ])
}

proptest! {
    #[test]
    fn any_text_parses_or_not(text in "\\PC{0,200}") {
        let _ = Expression::parse(&text);
    }

    #[test]
    fn any_pieces_evaluate_or_not(pieces in prop::collection::vec(piece(), 1..24)) {
        let types = R4.types();
        let patient = patient();
        if let Ok(expression) = Expression::parse(&pieces.concat()) {
            let environment = Environment { budget: 20_000, ..Environment::new(types, NOW) };
            let focus = Node::resource(types, &patient);
            let result = expression.evaluate(&focus, &environment);
            let condition = expression.evaluate_bool(&focus, &environment);
            // Both ways agree, where neither runs out of steps.
            if let (Ok(result), Ok(condition)) = (result, condition) {
                match result.as_slice() {
                    [] => prop_assert_eq!(condition, None),
                    [Node::System(System::Boolean(value))] => prop_assert_eq!(condition, Some(*value)),
                    _ => {}
                }
            }
            let _ = expression.check(types, types.find("Patient").unwrap());
        }
    }

    #[test]
    fn any_units_are_read_or_not(text in "[a-zA-Z0-9%\\[\\]'*^./(){}+-]{0,40}") {
        let _ = ucum::Unit::parse(&text);
    }
}
