//! The rules of value sets, as R4 §4.9.5 and value set filter-operator tell them, on a small code system.

use serde_json::{Value, json};

use super::terminology;
use crate::definitions::strip;
use crate::terminology::Membership::{self, Member, NotMember, Unknown};
use crate::terminology::expansion::{NotExpanded, Wanted, expand};
use crate::terminology::verdict::{Asked, in_system, in_value_set};
use crate::terminology::{Library, Shelf};

const TOOLS: &str = "http://garden.example/CodeSystem/tools";
const ALL: [&str; 8] = ["tool", "digger", "spade", "fork", "dibber", "cutter", "shears", "bucket"];

fn shelf() -> Shelf<'static> {
    let tools: Value =
        serde_json::from_str(include_str!("../../../fixtures/terminology/tools.json")).unwrap();
    let mut shelf = Shelf::new(terminology());
    shelf.add_code_system(strip::code_system(&tools).unwrap());
    let fragment = json!({"resourceType": "CodeSystem", "url": "http://garden.example/CodeSystem/weeds",
        "version": "1", "content": "fragment", "caseSensitive": false,
        "concept": [{"code": "Dock", "display": "Dock"}, {"code": "Nettle"}]});
    shelf.add_code_system(strip::code_system(&fragment).unwrap());
    let supplement = json!({"resourceType": "CodeSystem", "url": "http://garden.example/CodeSystem/more",
        "content": "supplement", "supplements": TOOLS, "concept": [{"code": "spade"}]});
    shelf.add_code_system(strip::code_system(&supplement).unwrap());
    for (name, compose) in [
        ("diggers", json!({"include": [{"system": TOOLS, "filter": [is_a("digger")]}]})),
        ("long", json!({"include": [{"system": TOOLS, "filter": [filter("handle", "=", "long")]}]})),
        (
            "a",
            json!({"include": [{"valueSet": [url("b")]}, {"system": TOOLS, "concept": [{"code": "spade"}]}]}),
        ),
        (
            "b",
            json!({"include": [{"valueSet": [url("a")]}, {"system": TOOLS, "concept": [{"code": "fork"}]}]}),
        ),
        ("self", json!({"include": [{"valueSet": [url("self")]}]})),
        ("snomed", json!({"include": [{"system": "http://snomed.info/sct", "filter": [is_a("1")]}]})),
    ] {
        shelf.add_value_set(set(&url(name), compose));
    }
    shelf
}

fn url(name: &str) -> String {
    format!("http://garden.example/ValueSet/{name}")
}

fn set(url: &str, compose: Value) -> crate::definitions::ValueSet {
    strip::value_set(&json!({"resourceType": "ValueSet", "url": url, "compose": compose})).unwrap()
}

fn filter(property: &str, op: &str, value: &str) -> Value {
    json!({"property": property, "op": op, "value": value})
}

fn is_a(value: &str) -> Value {
    filter("concept", "is-a", value)
}

/// Which of the tools are in; a code that may be has a question mark.
fn tools_in(shelf: &Shelf<'_>, compose: Value) -> String {
    let codes = shelf.work_out(&set("", compose));
    let found = ALL.iter().filter_map(|code| match codes.contains(Some(TOOLS), code) {
        Member => Some((*code).to_owned()),
        Unknown => Some(format!("{code}?")),
        NotMember => None,
    });
    found.collect::<Vec<_>>().join(" ")
}

#[test]
fn filters() {
    let shelf = shelf();
    for (property, op, value, expected) in [
        ("concept", "is-a", "digger", "digger spade fork dibber"),
        ("concept", "is-a", "spade", "spade"),
        ("code", "is-a", "cutter", "cutter shears"),
        ("concept", "descendent-of", "digger", "spade fork dibber"),
        ("concept", "descendent-of", "spade", ""),
        ("concept", "is-not-a", "digger", "tool cutter shears bucket"),
        ("concept", "generalizes", "spade", "tool digger spade"),
        ("concept", "child-of", "tool", "digger cutter"),
        ("concept", "descendent-leaf", "tool", "spade fork dibber shears"),
        ("concept", "=", "spade", "spade"),
        ("concept", "in", "spade, bucket", "spade bucket"),
        ("concept", "not-in", "spade,bucket", "tool digger fork dibber cutter shears"),
        ("code", "regex", "[sd].*", "digger spade dibber shears"),
        // The whole value must match.
        ("code", "regex", "sp", ""),
        ("display", "=", "Spade", "spade"),
        ("display", "regex", ".*tool", "digger cutter"),
        ("parent", "=", "digger", "spade fork dibber"),
        ("parent", "exists", "false", "tool bucket"),
        ("child", "=", "spade", "digger"),
        ("child", "exists", "true", "tool digger cutter"),
        ("inactive", "=", "true", "dibber"),
        ("inactive", "=", "false", "tool digger spade fork cutter shears bucket"),
        ("status", "=", "retired", "dibber"),
        ("status", "=", "active", "tool digger spade fork cutter shears bucket"),
        ("notSelectable", "=", "true", "tool"),
        ("notSelectable", "=", "false", "digger spade fork dibber cutter shears bucket"),
        ("handle", "=", "long", "spade fork"),
        ("handle", "in", "long,short", "spade fork dibber"),
        ("handle", "not-in", "long", "tool digger dibber cutter shears bucket"),
        ("handle", "exists", "true", "spade fork dibber"),
        ("handle", "exists", "false", "tool digger cutter shears bucket"),
        ("tines", "=", "4", "fork"),
        ("kin", "=", "spade", "shears"),
        ("maker", "regex", "Thorn.*", "spade"),
    ] {
        let compose = json!({"include": [{"system": TOOLS, "filter": [filter(property, op, value)]}]});
        assert_eq!(tools_in(&shelf, compose), expected, "{property} {op} {value}");
    }
}

#[test]
fn filters_that_are_not_understood_leave_it_open() {
    let shelf = shelf();
    for (property, op, value) in [
        ("colour", "=", "red"),
        ("concept", "is-a", "wheelbarrow"),
        ("concept", "near", "spade"),
        ("handle", "is-a", "long"),
        ("code", "regex", "("),
        ("handle", "exists", "perhaps"),
    ] {
        let compose = json!({"include": [{"system": TOOLS, "filter": [filter(property, op, value)]}]});
        let codes = shelf.work_out(&set("", compose));
        assert_eq!(codes.contains(Some(TOOLS), "spade"), Unknown, "{property} {op}");
        assert_eq!(codes.contains(Some("http://other.example"), "spade"), NotMember);
        let missing: Vec<String> =
            codes.missing_for(Some(TOOLS), "spade").iter().map(ToString::to_string).collect();
        assert_eq!(
            missing,
            [format!("the filter '{property} {op}' on code system {TOOLS} is not understood")]
        );
    }
}

#[test]
fn includes_and_excludes() {
    let shelf = shelf();
    for (compose, expected) in [
        // All of a system.
        (json!({"include": [{"system": TOOLS}]}), "tool digger spade fork dibber cutter shears bucket"),
        // That version, and one that is not here: only lists of codes can be told.
        (
            json!({"include": [{"system": TOOLS, "version": "2.0", "filter": [is_a("cutter")]}]}),
            "cutter shears",
        ),
        (
            json!({"include": [{"system": TOOLS, "version": "1.0", "filter": [is_a("cutter")]}]}),
            "tool? digger? spade? fork? dibber? cutter? shears? bucket?",
        ),
        (json!({"include": [{"system": TOOLS, "version": "1.0", "concept": [{"code": "fork"}]}]}), "fork"),
        (
            json!({"include": [{"system": format!("{TOOLS}|2.0"), "filter": [is_a("cutter")]}]}),
            "cutter shears",
        ),
        // One include is enough, all filters of one must be met.
        (
            json!({"include": [{"system": TOOLS, "concept": [{"code": "bucket"}]}, {"system": TOOLS, "filter": [is_a("cutter")]}]}),
            "cutter shears bucket",
        ),
        (
            json!({"include": [{"system": TOOLS, "filter": [is_a("digger"), filter("handle", "=", "long")]}]}),
            "spade fork",
        ),
        // What is excluded is out.
        (
            json!({"include": [{"system": TOOLS}], "exclude": [{"system": TOOLS, "filter": [is_a("digger")]}]}),
            "tool cutter shears bucket",
        ),
        (
            json!({"include": [{"system": TOOLS}], "exclude": [{"valueSet": [url("diggers")]}]}),
            "tool cutter shears bucket",
        ),
        // A code must be in every value set of one include, and of its system.
        (json!({"include": [{"valueSet": [url("diggers")]}]}), "digger spade fork dibber"),
        (json!({"include": [{"valueSet": [url("diggers"), url("long")]}]}), "spade fork"),
        (
            json!({"include": [{"system": TOOLS, "concept": [{"code": "spade"}, {"code": "bucket"}], "valueSet": [url("long")]}]}),
            "spade",
        ),
        (json!({"include": [{"system": TOOLS, "valueSet": [url("long")]}]}), "spade fork"),
        // What is not here leaves open only what depends on it.
        (json!({"include": [{"valueSet": [url("nowhere"), url("long")]}]}), "spade? fork?"),
        (
            json!({"include": [{"valueSet": [url("nowhere")]}, {"system": TOOLS, "concept": [{"code": "spade"}]}]}),
            "tool? digger? spade fork? dibber? cutter? shears? bucket?",
        ),
        (
            json!({"include": [{"system": TOOLS}], "exclude": [{"valueSet": [url("snomed")]}]}),
            "tool digger spade fork dibber cutter shears bucket",
        ),
        // Codes out of use.
        (
            json!({"inactive": false, "include": [{"system": TOOLS, "filter": [is_a("digger")]}]}),
            "digger spade fork",
        ),
        (json!({"inactive": false, "include": [{"valueSet": [url("diggers")]}]}), "digger spade fork"),
        (json!({"inactive": true, "include": [{"valueSet": [url("diggers")]}]}), "digger spade fork dibber"),
        // A supplement is no code system.
        (json!({"include": [{"system": "http://garden.example/CodeSystem/more"}]}), ""),
    ] {
        assert_eq!(tools_in(&shelf, compose.clone()), expected, "{compose}");
    }
    let supplement = json!({"include": [{"system": "http://garden.example/CodeSystem/more"}]});
    let codes = shelf.work_out(&set("", supplement));
    assert_eq!(codes.contains(Some("http://garden.example/CodeSystem/more"), "spade"), Unknown);
}

#[test]
fn parts_of_systems_and_their_case() {
    let shelf = shelf();
    let weeds = "http://garden.example/CodeSystem/weeds";
    let codes = shelf.work_out(&set("", json!({"include": [{"system": weeds}]})));
    for (code, expected) in [("Dock", Member), ("DOCK", Member), ("thistle", Unknown)] {
        assert_eq!(codes.contains(Some(weeds), code), expected, "{code}");
    }
    let listed =
        shelf.work_out(&set("", json!({"include": [{"system": weeds, "concept": [{"code": "nettle"}]}]})));
    assert_eq!(listed.contains(Some(weeds), "Nettle"), Member);
    assert_eq!(listed.contains(Some(weeds), "Dock"), NotMember);
}

#[test]
fn circles_end() {
    let shelf = shelf();
    for (name, code, expected) in
        [("a", "spade", Member), ("a", "fork", Member), ("a", "bucket", Unknown), ("self", "spade", Unknown)]
    {
        let codes = shelf.set(&url(name)).unwrap();
        assert_eq!(codes.contains(Some(TOOLS), code), expected, "{name} {code}");
    }
    let codes = shelf.set(&url("a")).unwrap();
    let error = expand(&shelf, &codes, Wanted::default()).unwrap_err();
    assert_eq!(error.to_string(), "value set http://garden.example/ValueSet/a| contains itself");
}

#[test]
fn deep_and_wide_nests_end() {
    let mut shelf = Shelf::new(terminology());
    for depth in 0..40 {
        let below = vec![json!({"valueSet": [url(&format!("n{}", depth + 1))]}); 30];
        shelf.add_value_set(set(&url(&format!("n{depth}")), json!({"include": below})));
    }
    let codes = shelf.set(&url("n0")).unwrap();
    assert_eq!(codes.contains(None, "x"), Unknown);
}

#[test]
fn sets_that_repeat_each_other_are_not_listed() {
    let mut shelf = Shelf::new(terminology());
    let codes: Vec<Value> = (0..5_000).map(|n| json!({"code": format!("c{n}")})).collect();
    shelf.add_value_set(set(&url("r0"), json!({"include": [{"system": TOOLS, "concept": codes}]})));
    for depth in 1..3 {
        let below = vec![json!({"valueSet": [url(&format!("r{}", depth - 1))]}); 100];
        let not_that = json!([{"system": TOOLS, "concept": [{"code": "c0"}]}]);
        shelf.add_value_set(set(&url(&format!("r{depth}")), json!({"include": below, "exclude": not_that})));
    }
    let codes = shelf.set(&url("r2")).unwrap();
    assert_eq!(codes.contains(Some(TOOLS), "c1"), Member);
    assert!(matches!(expand(&shelf, &codes, Wanted::default()), Err(NotExpanded::TooCostly(_))));
}

#[test]
fn sets_without_content_tell_nothing() {
    let shelf = shelf();
    let empty = strip::value_set(&json!({"resourceType": "ValueSet", "url": url("empty")})).unwrap();
    assert_eq!(shelf.work_out(&empty).contains(Some(TOOLS), "spade"), Unknown);
    let published = strip::value_set(&json!({"resourceType": "ValueSet", "url": url("published"),
        "compose": {"include": [{"system": "http://snomed.info/sct", "filter": [is_a("1")]}]},
        "expansion": {"total": 1, "contains": [{"system": "http://snomed.info/sct", "code": "2", "display": "Two"}]}}));
    let published = published.unwrap();
    let codes = shelf.work_out(&published);
    for (code, expected) in [("2", Member), ("3", Unknown)] {
        assert_eq!(codes.contains(Some("http://snomed.info/sct"), code), expected);
    }
    let expansion = expand(&shelf, &codes, Wanted::default()).unwrap();
    assert_eq!(expansion.codes[0].display.as_deref(), Some("Two"));
}

/// The codes of an expansion, the total after them.
fn expanded(shelf: &Shelf<'_>, compose: Value, wanted: Wanted<'_>) -> String {
    match expand(shelf, &shelf.work_out(&set("", compose)), wanted) {
        Ok(expansion) => {
            let codes: Vec<&str> = expansion.codes.iter().map(|code| code.code.as_str()).collect();
            format!("{} of {}", codes.join(" "), expansion.total)
        }
        Err(error @ NotExpanded::Missing(_)) => format!("missing: {error}"),
        Err(NotExpanded::TooCostly(count)) => format!("too costly: {count}"),
    }
}

#[test]
fn expansions() {
    let shelf = shelf();
    let all = || json!({"include": [{"system": TOOLS}]});
    let plain = Wanted::default();
    for (compose, wanted, expected) in [
        (all(), plain, "tool digger spade fork dibber cutter shears bucket of 8"),
        // In the order of the value set, each code once.
        (
            json!({"include": [{"system": TOOLS, "concept": [{"code": "shears"}, {"code": "spade"}]}, {"valueSet": [url("long")]}]}),
            plain,
            "shears spade fork of 3",
        ),
        (all(), Wanted { active_only: true, ..plain }, "tool digger spade fork cutter shears bucket of 7"),
        (all(), Wanted { offset: 2, count: Some(3), ..plain }, "spade fork dibber of 8"),
        (all(), Wanted { count: Some(0), ..plain }, " of 8"),
        (all(), Wanted { offset: 100, ..plain }, " of 8"),
        (all(), Wanted { filter: Some("TOOL dig"), ..plain }, "digger of 1"),
        (all(), Wanted { filter: Some("pala"), ..plain }, "spade of 1"),
        (all(), Wanted { excluded: &[TOOLS], ..plain }, " of 0"),
        (
            all(),
            Wanted { excluded: &["http://garden.example/CodeSystem/tools|1.0"], ..plain },
            "tool digger spade fork dibber cutter shears bucket of 8",
        ),
        (json!({"include": [{"valueSet": [url("snomed"), url("long")]}]}), plain, " of 0"),
        (
            json!({"include": [{"valueSet": [url("nowhere"), url("long")]}]}),
            plain,
            "missing: value set http://garden.example/ValueSet/nowhere is not at hand",
        ),
        (
            json!({"include": [{"system": "http://loinc.org"}]}),
            plain,
            "missing: code system http://loinc.org is not at hand",
        ),
        (
            json!({"include": [{"system": "http://unitsofmeasure.org"}]}),
            plain,
            "missing: code system http://unitsofmeasure.org tells its codes by a grammar: they cannot be listed",
        ),
        (
            json!({"include": [{"system": "http://garden.example/CodeSystem/weeds"}]}),
            plain,
            "missing: only a part of code system http://garden.example/CodeSystem/weeds is at hand",
        ),
    ] {
        assert_eq!(expanded(&shelf, compose.clone(), wanted), expected, "{compose} {wanted:?}");
    }
}

#[test]
fn long_lists_come_in_pages() {
    let concepts: Vec<Value> = (0..12_000).map(|n| json!({"code": format!("c{n}")})).collect();
    let compose =
        json!({"include": [{"system": "http://garden.example/CodeSystem/seeds", "concept": concepts}]});
    let shelf = shelf();
    let plain = Wanted::default();
    assert_eq!(expanded(&shelf, compose.clone(), plain), "too costly: 12000");
    assert_eq!(
        expanded(&shelf, compose.clone(), Wanted { offset: 11_999, count: Some(5), ..plain }),
        "c11999 of 12000"
    );
    let page = expanded(&shelf, compose, Wanted { count: Some(1_000_000), ..plain });
    assert_eq!(page.split_whitespace().count(), 10_002);
}

#[test]
fn verdicts() {
    let shelf = shelf();
    let own_name = json!({"include": [{"system": TOOLS, "concept": [{"code": "spade", "display": "The spade"}]},
        {"system": TOOLS, "filter": [is_a("digger")]}]});
    let codes = shelf.work_out(&set("", own_name));
    let asked = |code, display| Asked { system: Some(TOOLS), code, display, ..Asked::default() };
    for (code, display, membership, right, is_misnamed) in [
        ("spade", Some("The spade"), Member, Some("The spade"), false),
        ("spade", Some("Spade"), Member, Some("The spade"), false),
        ("spade", Some("pala"), Member, Some("The spade"), false),
        ("spade", Some("Fork"), Member, Some("The spade"), true),
        ("fork", Some("garden  FORK"), Member, Some("Garden fork"), false),
        ("fork", None, Member, Some("Garden fork"), false),
        ("shears", Some("Hedge shears"), NotMember, Some("Hedge shears"), false),
        ("barrow", Some("Barrow"), NotMember, None, false),
    ] {
        let verdict = in_value_set(&shelf, &codes, asked(code, display));
        assert_eq!(
            (verdict.membership, verdict.display.as_deref(), verdict.is_misnamed),
            (membership, right, is_misnamed),
            "{code} {display:?}"
        );
    }
    let bare = in_value_set(&shelf, &codes, Asked { code: "fork", ..Asked::default() });
    assert_eq!((bare.membership, bare.system.as_deref()), (Member, Some(TOOLS)));
    let retired = in_value_set(&shelf, &codes, asked("dibber", None));
    assert!(retired.is_inactive && !retired.is_abstract);
}

#[test]
fn verdicts_by_systems() {
    let shelf = shelf();
    for (system, version, code, expected) in [
        (TOOLS, None, "spade", Member),
        (TOOLS, None, "Spade", NotMember),
        (TOOLS, Some("2.0"), "spade", Member),
        (TOOLS, Some("1.0"), "spade", Unknown),
        ("http://garden.example/CodeSystem/weeds", None, "thistle", Unknown),
        ("http://snomed.info/sct", None, "1", Unknown),
        ("urn:ietf:bcp:47", None, "en-US", Member),
        ("urn:ietf:bcp:47", None, "en_US", NotMember),
        ("urn:ietf:bcp:13", None, "text/plain", Member),
        ("http://unitsofmeasure.org", None, "mg/dL", Member),
        ("urn:iso:std:iso:3166", None, "US", Member),
        ("urn:iso:std:iso:3166", None, "us", NotMember),
        ("urn:iso:std:iso:3166", None, "QQ", Unknown),
        ("https://www.usps.com/", None, "MI", Member),
        ("https://www.usps.com/", None, "ON", NotMember),
    ] {
        let verdict = in_system(&shelf, system, Asked { version, code, ..Asked::default() });
        assert_eq!(verdict.membership, expected, "{system} {version:?} {code}");
        assert_eq!(verdict.missing.is_empty(), expected != Membership::Unknown, "{system} {code}");
    }
    assert!(shelf.concepts(TOOLS).unwrap().get("spade").is_some());
}
