//! The official validator cases with the Java validator's verdicts, and how far ours agree.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sdoh_gateway::definitions::{Definitions, PackageId};
use sdoh_gateway::fhir::time::Instant;
use sdoh_gateway::fhir::{Issue, Resource, json};
use sdoh_gateway::fhirpath::{Link, Resolution};
use sdoh_gateway::validator::{Context, Demands, Resolver, Validator};
use sdoh_gateway::xml;
use serde_json::Value;

use super::root;

/// A run of the Java validator: with or without a profile.
struct Run {
    name: String,
    is_valid: bool,
    /// The expressions of Java's errors; `None` where only their number is known.
    errors: Option<Vec<String>>,
    /// Ours.
    issues: Vec<Issue>,
}

impl Run {
    fn agrees(&self) -> bool {
        self.is_valid != self.has_errors()
    }

    /// Java's errors that we do not report at the same place.
    fn missed(&self) -> Vec<&str> {
        let places: Vec<&str> = self
            .issues
            .iter()
            .filter(|issue| issue.is_error())
            .filter_map(|issue| issue.expression.as_deref())
            .collect();
        let is_missed = |place: &&str| !place.is_empty() && !places.contains(place) || !self.has_errors();
        self.errors.iter().flatten().map(String::as_str).filter(is_missed).collect()
    }

    fn has_errors(&self) -> bool {
        self.issues.iter().any(Issue::is_error)
    }
}

/// What a case comes with: resources by canonical, and by type and id.
#[derive(Default)]
struct Supporting(HashMap<String, Value>);

impl Resolver for Supporting {
    fn resolve<'s>(&'s self, link: Link<'_>) -> Resolution<'s> {
        let url = link.literal.map(|literal| literal.split('|').next().unwrap_or(literal));
        url.and_then(|url| self.0.get(url)).map_or(Resolution::Unknown, Resolution::Resource)
    }
}

fn read(path: &Path) -> Value {
    let text = fs::read(path).unwrap();
    match path.extension().is_some_and(|extension| extension == "xml") {
        true => xml::to_json(definitions().types(), &text).unwrap(),
        false => serde_json::from_slice(&text).unwrap(),
    }
}

/// The packages Java ran the cases with.
fn is_in_java(package: &PackageId) -> bool {
    matches!(package.name.as_str(), "hl7.fhir.r4.core" | "hl7.terminology.r4")
}

/// A validator with those packages alone.
fn plain() -> &'static Validator {
    static PLAIN: OnceLock<Validator> = OnceLock::new();
    PLAIN.get_or_init(|| Validator::new(Arc::new(Definitions::choose(is_in_java, &[]).unwrap())))
}

fn definitions() -> &'static Definitions {
    static DEFINITIONS: OnceLock<Definitions> = OnceLock::new();
    DEFINITIONS.get_or_init(|| Definitions::embedded().unwrap())
}

/// A validator that knows the definitions among these too, and the rest.
fn know(paths: &[PathBuf], name: &str) -> (Option<Validator>, Supporting) {
    let mut supporting = Supporting::default();
    let folder = std::env::temp_dir().join(format!("sdoh-gateway-{}-{name}", std::process::id()));
    let mut has_definitions = false;
    for (index, path) in paths.iter().enumerate() {
        let mut value = read(path);
        // Some leave their names out.
        if value["name"].is_null() {
            value["name"] = "Unnamed".into();
        }
        let kind = value["resourceType"].as_str().unwrap().to_owned();
        if ["StructureDefinition", "ValueSet", "CodeSystem"].contains(&kind.as_str()) {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("{index}.json")), value.to_string()).unwrap();
            has_definitions = true;
        }
        supporting.0.insert(format!("{kind}/{}", value["id"].as_str().unwrap_or_default()), value.clone());
        if let Some(url) = value["url"].as_str() {
            supporting.0.insert(url.to_owned(), value);
        }
    }
    if !has_definitions {
        return (None, supporting);
    }
    fs::write(folder.join("package.json"), r#"{"name": "cases", "version": "1.0.0"}"#).unwrap();
    let definitions = Definitions::choose(is_in_java, std::slice::from_ref(&folder)).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(definitions.snapshot_errors().is_empty(), "{name}: {:?}", definitions.snapshot_errors());
    (Some(Validator::new(Arc::new(definitions))), supporting)
}

fn run(name: String, folder: &Path, case: &Value, profile: Option<&str>, verdict: &Value) -> Run {
    let (file, supporting) = (case["file"].as_str().unwrap(), &case["supporting"]);
    let of = |file: &str| folder.join(file);
    let mut paths: Vec<PathBuf> =
        supporting.as_array().into_iter().flatten().filter_map(Value::as_str).map(of).collect();
    let profile = profile.filter(|profile| !profile.starts_with("http")).map(|file| {
        paths.push(of(file));
        read(&of(file))["url"].as_str().unwrap().to_owned()
    });
    let (own, supporting) = know(&paths, &name.replace(['/', ' '], "-"));
    let mut profiles: Vec<&str> = profile.iter().map(String::as_str).collect();
    // What a guide says of all resources of a type.
    let type_name = read_type(&of(file));
    let guides = supporting.0.values().filter_map(|guide| guide["global"].as_array()).flatten();
    profiles.extend(
        guides.filter(|global| global["type"] == type_name).filter_map(|global| global["profile"].as_str()),
    );
    let demands = Demands {
        targets: case["validateReference"].is_string(),
        definitions: true,
        no_examples: case["examples"] == false,
        no_html: name.ends_with("no-html"),
    };
    let context = Context {
        profiles: &profiles,
        resolver: Some(&supporting),
        now: Some(Instant(1_795_000_000_000_000)),
        demands,
        // As the official runner does.
        trusted_extensions: &["http://hl7.org/fhir/test"],
        ..Context::default()
    };
    let text = fs::read(of(file)).unwrap();
    let issues = match json::parse(&text)
        .map_err(|e| e.to_string())
        .and_then(|value| Resource::new(value).map_err(|e| e.to_string()))
    {
        Ok(resource) => own.as_ref().unwrap_or(plain()).validate_with(&resource, &context),
        Err(error) => vec![Issue::error(sdoh_gateway::fhir::IssueCode::Structure, error)],
    };
    let errors = verdict["issues"].as_array().map(|issues| {
        let errors =
            issues.iter().filter(|issue| matches!(issue["severity"].as_str(), Some("error" | "fatal")));
        errors.map(|issue| without_comments(issue["expression"].as_str().unwrap_or_default())).collect()
    });
    Run { name, is_valid: verdict["errorCount"].as_u64().unwrap_or(0) == 0, errors, issues }
}

/// The type of a resource; `null` when the text cannot be read.
fn read_type(path: &Path) -> Value {
    let value: Option<Value> = serde_json::from_slice(&fs::read(path).unwrap()).ok();
    value.map_or(Value::Null, |value| value["resourceType"].clone())
}

fn without_comments(expression: &str) -> String {
    let mut parts = expression.split("/*");
    let mut text = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| text.push_str(part.split_once("*/").map_or(part, |(_, rest)| rest)));
    text
}

/// Verdicts that we do not share, and why.
const DISAGREEMENTS: [(&str, &str); 3] = [
    (
        "contained-resource-bad-id-ignore",
        "the same resource as in contained-resource-bad-id, which has errors",
    ),
    ("ref-policy-default-r4", "a resource of R5: List.subject repeats only there"),
    ("open-choice-gender-coding-async-qr", "a display that is not the code's: a warning here"),
];

#[test]
fn official_cases() {
    let folder = root().join("../shared/oracles/validator");
    let Ok(manifest) = fs::read(folder.join("manifest.json")) else {
        println!("skipped: no cases at ../shared/oracles/validator");
        return;
    };
    let manifest: Vec<Value> = serde_json::from_slice(&manifest).unwrap();
    let mut runs = Vec::new();
    for case in &manifest {
        let name = case["name"].as_str().unwrap().to_owned();
        runs.push(run(name.clone(), &folder, case, None, &case["errors"]));
        if let Some(source) = case["profile"]["source"].as_str() {
            let name = format!("{name} (with profile)");
            runs.push(run(name, &folder, case, Some(source), &case["profile"]["errors"]));
        }
    }
    let (mut all, mut same) = (0, 0);
    let mut disagreements = Vec::new();
    for run in &runs {
        let missed = run.missed();
        let count = run.errors.as_ref().map_or(0, Vec::len);
        (all, same) = (all + count, same + count - missed.len());
        let ours = if run.has_errors() { "invalid" } else { "valid" };
        let java = if run.is_valid { "valid" } else { "invalid" };
        println!(
            "{:60} Java {java:7} ours {ours:7} {} of {count} errors at the same place",
            run.name,
            count - missed.len()
        );
        if !run.agrees() || !missed.is_empty() {
            missed.iter().for_each(|place| println!("    Java only: {place}"));
            let errors = run.issues.iter().filter(|issue| issue.is_error());
            errors.for_each(|issue| println!("    ours: {} {}", super::line(issue), issue.message));
        }
        if !run.agrees() {
            disagreements.push(run.name.as_str());
        }
    }
    let agreed = runs.len() - disagreements.len();
    println!("{agreed} of {} verdicts agree; {same} of Java's {all} errors at the same place", runs.len());
    assert_eq!(disagreements, DISAGREEMENTS.map(|(name, _)| name));
    assert!(agreed * 100 >= runs.len() * 97, "{agreed} of {}", runs.len());
    assert!(same * 100 >= all * 85, "{same} of {all}");
}
