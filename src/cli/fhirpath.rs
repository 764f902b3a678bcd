//! `fhirpath`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::definitions::Definitions;
use crate::fhir::time::{Clock as _, SystemClock};
use crate::fhir::{Resource, json as fhir_json};
use crate::fhirpath::{Environment, Expression, Node, TypeOfReference};

use super::Failure;

/// Options of `fhirpath`.
#[derive(Debug, Args)]
pub(super) struct Fhirpath {
    /// The expression, say "Task.owner.where(resolve() is Organization)".
    #[arg(value_name = "EXPR")]
    expression: String,
    /// File with the resource; - reads standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A FHIR package to load beside the embedded ones; may be given several times.
    #[arg(long, value_name = "PACKAGE")]
    ig: Vec<PathBuf>,
}

impl Fhirpath {
    /// Prints the items of the result, a JSON object with type and value a line.
    pub(super) fn run(self) -> Result<(), Failure> {
        let expression = Expression::parse(&self.expression).map_err(Failure::other)?;
        let definitions = Definitions::with_packages(&self.ig).map_err(Failure::other)?;
        let path = self.file.display();
        let text = match self.file.as_os_str() == "-" {
            true => std::io::read_to_string(std::io::stdin()).map(String::into_bytes),
            false => std::fs::read(&self.file),
        };
        let text = text.map_err(|error| Failure::Other(format!("{path}: {error}")))?;
        let value = fhir_json::parse(&text).map_err(|error| Failure::Other(format!("{path}: {error}")))?;
        let resource = Resource::new(value).map_err(|error| Failure::Other(format!("{path}: {error}")))?;
        let types = definitions.types();
        let resolver = TypeOfReference(types);
        let mut environment = Environment::new(types, SystemClock.now());
        environment.resolver = Some(&resolver);
        let focus = [Node::resource(types, resource.as_value())];
        for node in expression.evaluate(&focus[..], &environment).map_err(Failure::other)?.iter() {
            println!("{}", json!({"type": node.type_name(types), "value": json_of(node)}));
        }
        Ok(())
    }
}

/// An item as JSON: what stands in the resource, or the value the expression made.
fn json_of(node: &Node<'_>) -> Value {
    match node.element().and_then(|element| element.value) {
        Some(value) => value.clone(),
        None => node.text().map_or(Value::Null, |text| text.into_owned().into()),
    }
}
