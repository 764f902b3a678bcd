//! The largest and the deepest, each within seconds and on the stack that a server's thread has.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::checks;

/// What a thread of the server has.
const STACK: usize = 2 << 20;
/// Far more than any of this takes, even without optimisation and with all processors busy.
const LONG: Duration = Duration::from_secs(60);

/// Expressions that make much of little.
pub const EXPRESSIONS: &[&str] = &[
    "descendants().descendants().descendants().count()",
    "repeat($this | children()).count()",
    "repeat(descendants() | $this & 'a')",
    "name.given.select(%resource.descendants().select($this | %resource.descendants()))",
    "(1 | 2 | 3).repeat($this + 1)",
    "'a'.repeat($this & $this)",
    "(1|2|3|4|5|6|7|8).aggregate($total & $this & $total, 'aaaaaaaa')",
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a+)+$')",
    "'a'.matches('((((a{100}){100}){100}){100})')",
    "'ab'.replace('', 'xxxxxxxx').replace('', 'xxxxxxxx').replace('', 'xxxxxxxx').replace('', 'xxxxxxxx')",
    "'ab'.replaceMatches('.', '$0$0$0$0').replaceMatches('.', '$0$0$0$0').replaceMatches('.', '$0$0$0$0')",
    "9999999999.power(9999999999)",
    "1.000000000000000000000000001.power(2000000000)",
    "@2026-11-22 + 9223372036854775807 years",
    "-9223372036854775808 / -1",
    "9223372036854775807 + 1",
    "5 'kg10000.m-9999' = 1 'g'",
    "1 'µg/dL' + 1 '((((((((((m))))))))))'",
    "defineVariable('a', descendants()).select(%a.descendants())",
    "entry.resource.repeat(descendants().resolve())",
    "%context.combine(%context).combine(%resource).distinct().isDistinct()",
    "(descendants() | descendants()) ~ descendants()",
    "descendants().sort($this.toString().length()).first()",
];

/// Does it on a small stack; tells how long it took.
#[track_caller]
fn check(what: &str, work: impl FnOnce() + Send + 'static) {
    let started = Instant::now();
    let done = std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join();
    let took = started.elapsed();
    println!("{took:8.2?} {what}");
    assert!(done.is_ok(), "{what}: panicked");
    assert!(took < LONG, "{what}: took {took:?}");
}

fn nested(open: &str, middle: &str, close: &str, times: usize) -> String {
    format!("{}{middle}{}", open.repeat(times), close.repeat(times))
}

#[test]
fn deep_json() {
    // What every thread has done by then is not counted.
    checks::validate(b"{\"resourceType\":\"Basic\"}");
    for (open, middle, close) in [
        ("[", "", "]"),
        ("{\"a\":", "1", "}"),
        ("{\"resourceType\":\"Basic\",\"extension\":[", "{}", "]}"),
        ("{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":", "{\"resourceType\":\"Basic\"}", "}]}"),
        ("{\"resourceType\":\"Basic\",\"contained\":[", "{\"resourceType\":\"Basic\"}", "]}"),
    ] {
        for times in [20, 31, 32, 33, 47, 48, 49, 95, 96, 97, 1_000, 300_000] {
            let text = nested(open, middle, close, times);
            check(&format!("JSON, {times} times {open}"), move || {
                checks::json(text.as_bytes());
                checks::validate(text.as_bytes());
            });
        }
    }
}

/// Resources as deep as their types allow, to the limit and beyond.
#[test]
fn deep_resources() {
    fn around(name: &str, times: usize, mut value: Value) -> Value {
        for _ in 0..times {
            value = json!({"url": "http://a.example/x", "linkId": "a", "text": "t", "type": "group", "name": "n", name: [value]});
            let keep: &[&str] = match name {
                "extension" => &["url"],
                "part" => &["name"],
                _ => &["linkId", "text", "type"],
            };
            value.as_object_mut().unwrap().retain(|key, _| key == name || keep.contains(&key.as_str()));
        }
        value
    }
    for times in [10, 40, 45, 46, 47, 48, 90] {
        for resource in [
            json!({"resourceType": "Basic", "code": {"text": "x"}, "extension": [around("extension", times, json!({"url": "u"}))]}),
            json!({"resourceType": "Parameters", "parameter": [around("part", times, json!({"name": "n"}))]}),
            json!({"resourceType": "Questionnaire", "status": "active", "item": [around("item", times, json!({"linkId": "a"}))]}),
            json!({"resourceType": "QuestionnaireResponse", "status": "completed", "item": [around("item", times, json!({"linkId": "a"}))]}),
        ] {
            let text = resource.to_string();
            check(&format!("{}, {times} deep", resource["resourceType"]), move || {
                checks::validate(text.as_bytes())
            });
        }
    }
}

#[test]
fn deep_xml() {
    let fhir = "xmlns=\"http://hl7.org/fhir\"";
    let html = "<div xmlns=\"http://www.w3.org/1999/xhtml\">";
    for times in [20, 47, 48, 96, 97, 400, 511, 512, 513, 100_000] {
        for text in [
            nested(&format!("<Basic {fhir}>"), "", "</Basic>", times),
            format!("<Basic {fhir}>{}</Basic>", nested("<extension url=\"u\">", "", "</extension>", times)),
            format!(
                "<Basic {fhir}><text>{html}{}</div></text></Basic>",
                nested("<div>", "a", "</div>", times)
            ),
            format!(
                "<Bundle {fhir}>{}</Bundle>",
                nested("<entry><resource><Bundle>", "", "</Bundle></resource></entry>", times)
            ),
            format!("<Basic {fhir}><!--{}--></Basic>", "- ".repeat(times)),
            format!("<Basic {fhir}><id value=\"{}\"/></Basic>", "&amp;".repeat(times)),
        ] {
            check(&format!("XML, {times} times: {}", &text[..60.min(text.len())]), move || {
                checks::xml(text.as_bytes());
                checks::validate(text.as_bytes());
            });
        }
    }
}

/// Narratives as JSON has them: any nesting within a string.
#[test]
fn deep_narratives() {
    for times in [100, 255, 256, 257, 10_000, 1_000_000] {
        for (open, close) in [("<div>", "</div>"), ("<", ""), ("&", ""), ("<a href='", ""), ("<!--", "")] {
            let inner = nested(open, "x", close, times);
            let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inner}</div>");
            let text = json!({"resourceType": "Basic", "code": {"text": "x"}, "text": {"status": "generated", "div": div}});
            let text = text.to_string();
            check(&format!("narrative, {times} times {open}"), move || checks::validate(text.as_bytes()));
        }
    }
}

#[test]
fn deep_expressions() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("name.where(", "true", ")"),
        ("iif(true, ", "1", ", 2)"),
        ("a[", "0", "]"),
        ("-", "1", ""),
        ("not(", "", ")"),
        ("", "1", " + 1"),
        ("", "name", ".name"),
        ("", "true", ".not()"),
        ("", "true", " implies true"),
        ("", "'a'", " & 'a'"),
        ("", "name", " | name"),
        ("", "1", " = 1"),
        ("", "1", " is Integer"),
        ("", "name", "[0]"),
        ("", "descendants()", ".descendants()"),
        ("{", "", "}"),
        ("/*", "", ""),
        ("`", "", ""),
        ("\\", "", ""),
    ] {
        for times in [10, 49, 50, 99, 100, 101, 1_000, 5_000, 60_000] {
            let text = nested(open, middle, close, times);
            check(&format!("FHIRPath, {times} times {open}…{close}"), move || {
                checks::fhirpath(text.as_bytes())
            });
        }
    }
}

#[test]
fn greedy_expressions() {
    for expression in EXPRESSIONS {
        check(expression, || checks::fhirpath(expression.as_bytes()));
    }
}

/// Long resources: time grows with the length, not with its square.
#[test]
fn long_resources() {
    const MANY: usize = 20_000;
    let repeat = |item: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        for number in 0..MANY {
            let _ = write!(text, "{}{}", if number == 0 { "" } else { "," }, item(number));
        }
        text
    };
    let same_url = repeat(&|_| {
        "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Basic\",\"id\":\"x\"}}".to_owned()
    });
    let circle = repeat(&|number| {
        let next = (number + 1) % MANY;
        format!(
            "{{\"fullUrl\":\"urn:uuid:{number}\",\"resource\":{{\"resourceType\":\"Task\",\"status\":\"draft\",\"intent\":\"order\",\"partOf\":[{{\"reference\":\"urn:uuid:{next}\"}}]}}}}"
        )
    });
    let nowhere = repeat(&|number| {
        format!(
            "{{\"resource\":{{\"resourceType\":\"Task\",\"status\":\"draft\",\"intent\":\"order\",\"focus\":{{\"reference\":\"Basic/{number}\"}}}}}}"
        )
    });
    let bundle = |entries: &str| {
        format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{entries}]}}")
    };
    let contained = repeat(&|number| {
        format!("{{\"resourceType\":\"Basic\",\"id\":\"c{number}\",\"code\":{{\"text\":\"x\"}}}}")
    });
    let references =
        repeat(&|number| format!("{{\"url\":\"u\",\"valueReference\":{{\"reference\":\"#c{number}\"}}}}"));
    let codings = repeat(&|number| format!("{{\"system\":\"http://a.example\",\"code\":\"{number}\"}}"));
    let items = repeat(&|number| {
        format!(
            "{{\"linkId\":\"{number}\",\"text\":\"x\",\"type\":\"display\",\"enableWhen\":[{{\"question\":\"0\",\"operator\":\"exists\",\"answerBoolean\":true}}]}}"
        )
    });
    let unknown = repeat(&|number| format!("\"x{number}\":1"));
    for (what, text) in [
        ("entries of one URL", bundle(&same_url)),
        ("entries in a circle", bundle(&circle)),
        ("entries that refer to nothing", bundle(&nowhere)),
        (
            "contained",
            format!("{{\"resourceType\":\"Basic\",\"code\":{{\"text\":\"x\"}},\"contained\":[{contained}]}}"),
        ),
        (
            "contained and referred to",
            format!(
                "{{\"resourceType\":\"Basic\",\"code\":{{\"text\":\"x\"}},\"contained\":[{contained}],\"extension\":[{references}]}}"
            ),
        ),
        ("codings", format!("{{\"resourceType\":\"Basic\",\"code\":{{\"coding\":[{codings}]}}}}")),
        ("items", format!("{{\"resourceType\":\"Questionnaire\",\"status\":\"active\",\"item\":[{items}]}}")),
        ("unknown properties", format!("{{\"resourceType\":\"Basic\",{unknown}}}")),
        (
            "a text",
            format!("{{\"resourceType\":\"Basic\",\"code\":{{\"text\":\"{}\"}}}}", "x".repeat(20_000_000)),
        ),
        ("a number", format!("{{\"resourceType\":\"Basic\",\"code\":{}}}", "9".repeat(1_000_000))),
    ] {
        check(&format!("{MANY} {what}, {} bytes", text.len()), move || checks::validate(text.as_bytes()));
    }
}

/// An archive that unpacks to more than a package may have is given up at the limit.
#[test]
fn a_package_that_unpacks_without_end() {
    let mut tar = vec![1];
    let mut header = tar::Header::new_gnu();
    header.set_size(1 << 40);
    header.set_mode(0o644);
    header.set_path("package/x.json").unwrap();
    header.set_cksum();
    tar.extend(header.as_bytes());
    tar.resize((64 << 20) + 4096, b' ');
    check("one file of 2^40 bytes", move || checks::package(&tar));
    let mut files = vec![1];
    for number in 0..60_000 {
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_mode(0o644);
        header.set_path(format!("package/{number}.txt")).unwrap();
        header.set_cksum();
        files.extend(header.as_bytes());
    }
    check("60,000 files", move || checks::package(&files));
}
