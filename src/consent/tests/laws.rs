//! What holds of all decisions, whatever the Consents say.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use super::*;
use crate::fhir::time::END;

/// One of the values.
fn any_of(values: Vec<Value>) -> BoxedStrategy<Value> {
    select(values).boxed()
}

const WORDS: &[&str] =
    &["", "Organization/pantry", "active", "permit", "2026", "Patient/rosa", "#", "é", "coding"];
const NAMES: &[&str] =
    &["reference", "coding", "code", "system", "start", "end", "actor", "type", "provision", "period"];

/// JSON of any shape, with the words of Consents strewn in.
fn junk() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((select(NAMES), inner), 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

/// Elements, each of them there or not, mostly in a shape that FHIR has.
fn elements(of: Vec<(&'static str, u32, BoxedStrategy<Value>)>) -> BoxedStrategy<Map<String, Value>> {
    let each = of.into_iter().map(|(name, weight, values)| {
        let given = prop_oneof![40 => values, 1 => junk()];
        prop_oneof![20 - weight => Just(None), weight => given.prop_map(move |value| Some((name.to_owned(), value)))]
            .boxed()
    });
    each.collect::<Vec<_>>().prop_map(|members| members.into_iter().flatten().collect()).boxed()
}

fn periods() -> BoxedStrategy<Value> {
    any_of(vec![
        json!({}),
        json!({"start": "2026-01-01"}),
        json!({"end": "2027-01-01"}),
        json!({"start": "2026-02-01", "end": "2026-12-01"}),
        json!({"start": "2027-06-01"}),
        json!({"end": "2025-06-01"}),
        json!({"end": "someday"}),
    ])
}

fn defined(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!(format!("@{name}"))).collect()
}

/// A provision, exceptions and all.
fn provision() -> BoxedStrategy<Value> {
    let actor = |role: &str, reference: &str| json!({"role": role, "reference": {"reference": reference}});
    let list = |values: Vec<Value>| prop::collection::vec(select(values), 1..3).prop_map(Value::from).boxed();
    let conditions = move || {
        vec![
            ("type", 17, any_of(vec![json!("permit"), json!("permit"), json!("deny"), json!("allow")])),
            ("period", 2, periods()),
            (
                "actor",
                2,
                list(vec![
                    actor("@recipient", "Organization/pantry"),
                    actor("@recipient", "Organization/pantry"),
                    actor("@recipient", "Organization/shelter"),
                    actor("@recipient", "Group/partners"),
                    actor("@custodian", "Organization/clinic"),
                    actor("@author", "Practitioner/dr"),
                    actor("@consenter", "Patient/rosa"),
                    actor("@recipient", "#pantry"),
                ]),
            ),
            ("action", 1, list(defined(&["disclose", "access", "correct"]))),
            ("purpose", 1, list(defined(&["TREAT", "ETREAT", "HPAYMT"]))),
            ("class", 1, list(defined(&["a Condition", "an Observation"]))),
            ("code", 1, list(defined(&["hunger", "alcohol", "opioids"]))),
            (
                "securityLabel",
                2,
                list(defined(&["SUD", "ETHUD", "HIV", "N", "R", "V", "NORDSCLCD", "TREAT"])),
            ),
            ("dataPeriod", 1, periods()),
            (
                "data",
                1,
                list(vec![
                    json!({"meaning": "instance", "reference": {"reference": "Condition/need"}}),
                    json!({"meaning": "related", "reference": {"reference": "ServiceRequest/order"}}),
                    json!({"meaning": "dependents", "reference": {"reference": "Patient/rosa"}}),
                    json!({"meaning": "authoredby", "reference": {"reference": "Practitioner/dr"}}),
                ]),
            ),
        ]
    };
    let leaf = elements(conditions()).prop_map(Value::Object);
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let exceptions = prop::collection::vec(inner, 1..4);
        (elements(conditions()), exceptions).prop_map(|(mut provision, exceptions)| {
            provision.insert("provision".to_owned(), exceptions.into());
            Value::Object(provision)
        })
    })
    .boxed()
}

/// Changes to one of the Consents of the cases.
fn consent() -> impl Strategy<Value = Value> {
    let policy = |code: &str| json!({"coding": [{"system": "@ACT", "code": code}]});
    let changes = elements(vec![
        ("provision", 12, provision()),
        ("policyRule", 5, any_of(["OPTIN", "OPTOUT", "OPTINR", "EMRGONLY", "NOPP"].map(policy).to_vec())),
        (
            "dateTime",
            4,
            any_of(vec![json!("2026-03-01"), json!("2025-01-01"), json!("2027-03-01"), json!("?")]),
        ),
        ("organization", 2, any_of(vec![json!([{"reference": "Organization/clinic"}]), json!([])])),
        ("status", 1, any_of(vec![json!("inactive"), json!("draft"), json!("aktiv")])),
        ("verification", 1, any_of(vec![json!([{"verified": false}]), json!([{"verified": true}])])),
    ]);
    (select(&["signed", "opted"][..]), changes).prop_map(|(like, mut changes)| {
        changes.insert("like".to_owned(), json!(like));
        Value::Object(changes)
    })
}

/// What is asked about Consents.
#[derive(Debug, Clone)]
struct Question {
    what: Value,
    coverage: Coverage,
    purpose: Purpose,
    now: Instant,
    with_referral: bool,
}

fn question() -> impl Strategy<Value = Question> {
    let what = any_of(vec![
        json!("need"),
        json!("need"),
        json!("other"),
        json!("order"),
        json!({"like": "need", "code": "@alcohol"}),
        json!({"like": "need", "meta": {"security": ["@SUD", "@R"]}}),
        json!({"like": "need", "meta": {"security": ["@HIV"]}}),
    ]);
    let coverage = select(&[Coverage::NonCovered, Coverage::NonCovered, Coverage::CoveredEntity][..]);
    let purpose = select(&["COC", "COC", "TREAT", "BTG", "HPAYMT"][..]);
    let now = select(&["2025-12-01", "2026-11-22", "2026-11-22", "2027-04-01"][..]);
    (what, coverage, purpose, now, any::<bool>()).prop_map(|(what, coverage, purpose, now, with_referral)| {
        let purpose = Purpose::parse(purpose).unwrap();
        Question { what, coverage, purpose, now: at(now), with_referral }
    })
}

impl Question {
    fn ask_at(&self, now: Instant, consents: &[Value]) -> Result<Disclosure, Denial> {
        let shared = shared();
        let sensitivities = Sensitivities::default();
        let named = |name: &str, given: &Value| resource(given, &shared[name], &shared["define"]);
        let directives: Vec<Directive> = consents
            .iter()
            .map(|consent| Directive::parse(&named("consents", consent), OWN, &sensitivities).unwrap())
            .collect();
        let [task, order] = ["task", "order"].map(|name| named("resources", &json!(name)));
        let referral = Referral::of(&task, &order, OWN).unwrap();
        let what = named("resources", &self.what);
        let mut content = Content::of(&what, OWN, &sensitivities).held_by("Organization/clinic");
        if self.with_referral {
            content = content.with(&referral);
        }
        let recipient = Recipient::new("Organization/pantry", OWN, self.coverage).unwrap();
        permit(now, &directives, &recipient, self.purpose, &content)
    }

    fn ask(&self, consents: &[Value]) -> Result<Disclosure, Denial> {
        self.ask_at(self.now, consents)
    }
}

/// Changes the `at`th provision of a tree, counted from its root.
fn change(provision: &mut Value, at: &mut usize, with: &dyn Fn(&mut Map<String, Value>)) -> bool {
    let Value::Object(map) = provision else { return false };
    if *at == 0 {
        with(map);
        return true;
    }
    *at -= 1;
    let Some(Value::Array(exceptions)) = map.get_mut("provision") else { return false };
    exceptions.iter_mut().any(|exception| change(exception, at, with))
}

/// How many provisions a tree has.
fn count(provision: &Value) -> usize {
    let exceptions = provision.get("provision").and_then(Value::as_array);
    usize::from(provision.is_object())
        + exceptions.map_or(0, |exceptions| exceptions.iter().map(count).sum::<usize>())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    /// Nothing in a Consent, a resource or a referral makes a decision panic.
    #[test]
    fn never_a_panic(
        consent in prop::collection::vec(junk(), 8),
        content in prop::collection::vec(junk(), 6),
        provision in provision(),
    ) {
        let put = |type_name: &str, names: &[&str], values: Vec<Value>| {
            let mut value = json!({"resourceType": type_name, "id": "x", "status": "active"});
            for (name, element) in names.iter().zip(values) {
                value[*name] = element;
            }
            Resource::new(value).unwrap()
        };
        let names = ["scope", "category", "dateTime", "organization", "policyRule", "verification", "meta", "id"];
        let mut consents = vec![put("Consent", &names, consent.clone())];
        let mut names = names;
        (names[0], names[1]) = ("provision", "patient");
        consents.push(put("Consent", &names, consent));
        let mut whole = shared()["consents"]["signed"].clone();
        whole["provision"] = provision;
        consents.push(Resource::new(whole).unwrap());
        let sensitivities = Sensitivities::default();
        let directives: Vec<Directive> =
            consents.iter().map(|consent| Directive::parse(consent, OWN, &sensitivities).unwrap()).collect();
        let names = ["meta", "focus", "owner", "input", "supportingInfo", "subject"];
        let (task, order) = (put("Task", &names, content.clone()), put("ServiceRequest", &names[1..], content));
        let recipient = Recipient::new("Organization/pantry", OWN, Coverage::default()).unwrap();
        let _ = named_by(&task, &order, OWN);
        let referral = Referral::of(&task, &order, OWN);
        for resource in [&task, &order, &consents[0]] {
            let mut content = Content::of(resource, OWN, &sensitivities).about("Patient/rosa");
            if let Some(referral) = &referral {
                content = content.with(referral);
            }
            for now in [at("2026-11-22"), END, Instant(i64::MIN)] {
                let decision = permit(now, &directives, &recipient, Purpose::default(), &content);
                let sentence = decision.map_or_else(|denial| denial.explain(), |disclosure| disclosure.explain());
                prop_assert!(sentence.ends_with('.'));
            }
        }
    }

    /// What is not active permits nothing, nor what has ended or is to come.
    #[test]
    fn only_what_is_in_force_permits(
        consents in prop::collection::vec((consent(), select(&["status", "ended", "begins", "dated"][..])), 1..4),
        status in select(&["draft", "proposed", "rejected", "inactive", "entered-in-error", "aktiv"][..]),
        question in question(),
    ) {
        let consents: Vec<Value> = consents.into_iter().map(|(mut consent, how)| {
            match how {
                "status" => consent["status"] = json!(status),
                "dated" => consent["dateTime"] = json!("2030-01-01"),
                _ => {
                    let period = if how == "ended" { json!({"end": "2020"}) } else { json!({"start": "2030"}) };
                    match consent.get_mut("provision") {
                        Some(Value::Object(provision)) => drop(provision.insert("period".to_owned(), period)),
                        _ => consent["provision"] = json!({"period": period}),
                    }
                }
            }
            consent
        }).collect();
        if let Ok(disclosure) = question.ask(&consents) {
            prop_assert_eq!(disclosure.basis(), &Basis::Covered);
        }
    }

    /// A denial more never turns a denial into a permission, wherever it is put; nor does a modifier extension.
    #[test]
    fn denials_only_take_away(
        consents in prop::collection::vec(consent(), 1..4),
        denial in provision(),
        which in any::<Index>(),
        place in any::<Index>(),
        how in 0..3,
        question in question(),
    ) {
        let mut more = consents.clone();
        let consent = &mut more[which.index(consents.len())];
        let mut denial = denial;
        denial["type"] = json!("deny");
        denial.as_object_mut().unwrap().shift_remove("provision");
        match (how, consent.get_mut("provision")) {
            (0, _) => more.push(json!({
                "like": "signed", "id": "more", "policyRule": {"text": "none"}, "provision": denial,
            })),
            (1, None) => consent["provision"] = denial,
            (1, Some(provision)) => {
                let mut at = place.index(count(provision).max(1));
                change(provision, &mut at, &|map| {
                    let exceptions = map.entry("provision").or_insert_with(|| json!([]));
                    if let Value::Array(exceptions) = exceptions {
                        exceptions.push(denial.clone());
                    }
                });
            }
            (_, None) => consent["modifierExtension"] = json!("@twist"),
            (_, Some(provision)) => {
                let mut at = place.index(count(provision).max(1));
                change(provision, &mut at, &|map| {
                    map.insert("modifierExtension".to_owned(), json!("@twist"));
                });
            }
        }
        if question.ask(&consents).is_err() {
            let after = question.ask(&more);
            prop_assert!(after.is_err(), "{}", after.unwrap().explain());
        }
    }

    /// What is sensitive goes nowhere without a Consent that names its kind.
    #[test]
    fn sensitive_wants_a_name(consents in prop::collection::vec(consent(), 0..4), question in question()) {
        let question = Question { what: json!({"like": "need", "meta": {"security": ["@HIV"]}}), ..question };
        if question.ask(&consents).is_ok() {
            prop_assert!(consents.iter().any(|consent| consent.to_string().contains("@HIV")));
        }
    }

    /// Until the moment that a decision gives, nothing changes.
    #[test]
    fn holds_until_it_says(
        consents in prop::collection::vec(consent(), 0..4),
        question in question(),
        part in 0..1000_i64,
    ) {
        let told = |decision: Result<Disclosure, Denial>| match decision {
            Ok(disclosure) => (format!("{:?} {:?}", disclosure.basis(), disclosure.obligations()), disclosure.until()),
            Err(denial) => (format!("{:?} {:?}", denial.reason(), denial.consent()), denial.until()),
        };
        let (now, until) = told(question.ask(&consents));
        let end = until.unwrap_or_else(|| at("2100-01-01")).0 - 1;
        prop_assert!(end >= question.now.0);
        for later in [end, question.now.0 + (end - question.now.0) / 1000 * part] {
            prop_assert_eq!(&told(question.ask_at(Instant(later), &consents)), &(now.clone(), until));
        }
    }
}

/// The laws above are of use only where what they speak of happens.
#[test]
fn questions_are_answered_both_ways() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut permitted, mut denied) = (0, 0);
    for _ in 0..400 {
        let consents = prop::collection::vec(consent(), 1..4).new_tree(&mut runner).unwrap().current();
        match question().new_tree(&mut runner).unwrap().current().ask(&consents) {
            Ok(disclosure) if *disclosure.basis() != Basis::Covered => permitted += 1,
            Ok(_) => {}
            Err(_) => denied += 1,
        }
    }
    assert!(permitted > 40 && denied > 150, "{permitted} permitted, {denied} denied");
}
