//! `fhirpath`.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Number, Value, json};

use crate::definitions::{Definitions, TypeGraph};
use crate::fhir::Resource;
use crate::fhir::time::{Clock as _, SystemClock};
use crate::fhirpath::{
    Bundled, Coding, Element, Environment, EvaluationError, Expression, Node, ParseError, Profiles, Quantity,
    System, Terminology, TypeOfReference, Unit,
};
use crate::terminology::Membership;
use crate::validator::{Context, Validator};

use super::document::{self, Flaw, Syntax};
use super::excerpt::{Excerpt, excerpt};
use super::{FAILED, Failure};

/// Options of `fhirpath`.
#[derive(Debug, Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Fhirpath {
    /// The expression, say "Task.owner.where(resolve() is Organization)".
    #[arg(value_name = "EXPR")]
    expression: String,
    /// File with the resource, JSON or XML; - reads standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A FHIR package to load beside the embedded ones; may be given several times.
    #[arg(long, value_name = "PACKAGE")]
    ig: Vec<PathBuf>,
}

const AFTER: &str = "\
Each item of the result is a line: {\"type\": …, \"value\": …}. The type is that of FHIR, or one of FHIRPath's own: Boolean,
Integer, Decimal, String, Date, DateTime, Time, Quantity. An element with an id or extensions has them under \"_value\".

References are resolved within the resource and the entries of its Bundle; of others only the type is known.

Exit codes:
  0  evaluated, be the result empty
  1  the file is not FHIR, or the evaluation failed
  2  the expression is none, or a file cannot be read

Example:
  sdoh-gateway fhirpath 'Task.input.value.ofType(Reference).reference' task.json";

impl Fhirpath {
    /// Prints the items of the result, a JSON object with type and value a line.
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let text = self.expression.as_str();
        let expression = Expression::parse(text).map_err(|ParseError { message, position }| {
            Failure::CannotRun(format!("not a FHIRPath expression: {}", marked(text, &message, position)))
        })?;
        let definitions = Arc::new(Definitions::with_packages(&self.ig).map_err(Failure::cannot_run)?);
        let path = self.file.display();
        let content = match self.file.as_os_str() == "-" {
            true => document::read(io::stdin()),
            false => File::open(&self.file).map_err(|error| error.to_string()).and_then(document::read),
        };
        let content = content.map_err(|reason| Failure::CannotRun(format!("{path}: {reason}")))?;
        let content = document::without_mark(&content);
        let types = definitions.types();
        let resource = Syntax::of(content).parse(types, content).map_err(|flaw| {
            let Flaw { message, position: (line, column) } = flaw;
            Failure::Other(format!("{path}:{line}:{column}: {message}"))
        })?;
        if let Some(type_id) = types.resource(resource.type_name()) {
            for error in expression.check(types, type_id) {
                eprintln!("warning: {error}");
            }
        }
        match evaluate(&expression, &resource, &definitions) {
            Ok(items) => match print(&items) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(Failure::CannotRun(format!("standard output: {error}")))
                }
                _ => Ok(ExitCode::SUCCESS),
            },
            Err(error) => {
                eprintln!("sdoh-gateway: {}", failed(text, &error));
                Ok(ExitCode::from(FAILED))
            }
        }
    }
}

/// The items of the result.
fn evaluate(
    expression: &Expression,
    resource: &Resource,
    definitions: &Arc<Definitions>,
) -> Result<Vec<Value>, EvaluationError> {
    let types = definitions.types();
    let known = Known(Validator::new(Arc::clone(definitions)));
    let by_name = TypeOfReference(types);
    let bundled = Bundled::new(resource.as_value(), Some(&by_name));
    let mut environment = Environment::new(types, SystemClock.now());
    environment.resolver = Some(&bundled);
    environment.terminology = Some(&known);
    environment.profiles = Some(&known);
    let focus = [Node::resource(types, resource.as_value())];
    let items = expression.evaluate(&focus[..], &environment)?;
    Ok(items.iter().map(|node| item(node, types)).collect())
}

fn print(items: &[Value]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    items.iter().try_for_each(|item| writeln!(out, "{item}"))?;
    out.flush()
}

/// An item with its type: what stands in the resource, or the value the expression made.
fn item(node: &Node<'_>, types: &TypeGraph) -> Value {
    let mut item = Map::new();
    item.insert("type".to_owned(), node.type_name(types).into());
    match node {
        Node::Element(element) => {
            item.insert("value".to_owned(), element.value.cloned().unwrap_or_default());
            if let Some(extra) = element.extra {
                item.insert("_value".to_owned(), extra.clone());
            }
        }
        Node::System(value) => drop(item.insert("value".to_owned(), system(value))),
        Node::Type(of) => {
            let base = of.base.map(|(namespace, name)| format!("{namespace}.{name}"));
            let value = json!({"namespace": of.namespace, "name": of.name, "baseType": base});
            item.insert("value".to_owned(), value);
        }
    }
    Value::Object(item)
}

fn system(value: &System<'_>) -> Value {
    let number = |text: String| text.parse::<Number>().map_or(Value::String(text), Value::Number);
    match value {
        System::Boolean(value) => (*value).into(),
        System::Integer(value) => (*value).into(),
        System::Decimal(value) => number(value.to_string()),
        System::Quantity(quantity) => {
            let Quantity { value, unit } = &**quantity;
            let value = number(value.to_string());
            match unit {
                Unit::Ucum(code) => {
                    json!({"value": value, "unit": code, "system": "http://unitsofmeasure.org", "code": code})
                }
                Unit::Calendar(unit) => json!({"value": value, "unit": unit.word()}),
            }
        }
        other => other.borrowed().into_text().into(),
    }
}

/// A message, and below it the line of the expression with a caret at a byte of it.
fn marked(expression: &str, message: &str, byte: usize) -> String {
    let before = expression.get(..byte).unwrap_or(expression);
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
    let text = expression.lines().nth(line - 1).unwrap_or_default();
    let Excerpt { line: shown, indent, .. } = excerpt(text, column);
    format!("{message} (line {line}, column {column})\n  {shown}\n  {}^", " ".repeat(indent))
}

/// Why there is no result; with the place, where the expression has only one that can be meant.
fn failed(expression: &str, error: &EvaluationError) -> String {
    let name = match error {
        EvaluationError::NotSingle(name) | EvaluationError::Pattern(name) => name,
        EvaluationError::WrongType { operation, .. } => operation,
        EvaluationError::UnknownType(name)
        | EvaluationError::UnknownVariable(name)
        | EvaluationError::Redefined(name)
        | EvaluationError::UnknownProfile(name) => name.as_str(),
        EvaluationError::Modifier => "checkModifiers",
        EvaluationError::TooCostly => "",
    };
    let mut places = expression.match_indices(name.trim_end_matches("()"));
    match (places.next(), places.next()) {
        (Some((byte, found)), None) if !found.is_empty() => marked(expression, &error.to_string(), byte),
        _ => error.to_string(),
    }
}

/// What local definitions know.
struct Known(Validator);

impl Terminology for Known {
    fn member_of(&self, value_set: &str, coding: Coding<'_>) -> Option<bool> {
        match self.0.terminology().contains(value_set, coding.system, coding.code) {
            Membership::Member => Some(true),
            Membership::NotMember => Some(false),
            Membership::Unknown => None,
        }
    }

    fn subsumes(&self, general: Coding<'_>, specific: Coding<'_>) -> Option<bool> {
        let system = general.system.filter(|system| specific.system == Some(system))?;
        self.0.terminology().is_kind_of(system, specific.code, general.code)
    }
}

impl Profiles for Known {
    /// Of resources only.
    fn conforms_to(&self, element: &Element<'_>, profile: &str) -> Option<bool> {
        let resource = Resource::new(element.value?.clone()).ok()?;
        self.0.profile(profile)?.ok()?;
        let context = Context { profiles: &[profile], ..Context::default() };
        Some(!self.0.validate_with(&resource, &context).iter().any(crate::fhir::Issue::is_error))
    }
}
