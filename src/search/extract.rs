//! From a resource to its entries, by the search parameters of its type.

mod convert;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use tracing::warn;

use crate::definitions::{Definitions, SearchKind, TypeId};
use crate::fhir::Resource;
use crate::fhir::time::Instant;
use crate::fhirpath::{Environment, Expression, Node, TypeOfReference};
use crate::terminology::Terminology;

use super::entry::Entries;
use super::registry::{ParameterKey, Registry};

use convert::Converter;

/// Finds what resources are found by. The expressions of a type are parsed when its first resource comes.
pub struct Extractor {
    definitions: Arc<Definitions>,
    registry: Arc<Registry>,
    terminology: Arc<Terminology>,
    by_type: HashMap<TypeId, OnceLock<Vec<Rule>>>,
}

/// A parameter, ready to be evaluated.
struct Rule {
    key: ParameterKey,
    kind: SearchKind,
    identifier: Option<ParameterKey>,
    expressions: Vec<Expression>,
    parts: Vec<Part>,
}

/// A part of a composite.
struct Part {
    key: ParameterKey,
    kind: SearchKind,
    expression: Expression,
}

impl Extractor {
    /// An extractor for the parameters of a registry.
    pub fn new(
        definitions: Arc<Definitions>,
        registry: Arc<Registry>,
        terminology: Arc<Terminology>,
    ) -> Extractor {
        let by_type = definitions.types().resources().map(|id| (id, OnceLock::new())).collect();
        Extractor { definitions, registry, terminology, by_type }
    }

    /// All entries of a resource. `own_base` is the base of its space: absolute references to it are local ones.
    pub fn entries(&self, resource: &Resource, own_base: &str) -> Entries {
        let types = self.definitions.types();
        let mut entries = Entries::default();
        let Some(type_id) = types.resource(resource.type_name()) else { return entries };
        let Some(rules) = self.by_type.get(&type_id) else { return entries };
        let resolver = TypeOfReference(types);
        // No parameter asks for the time.
        let mut environment = Environment::new(types, Instant(0));
        environment.resolver = Some(&resolver);
        let focus = [Node::resource(types, resource.as_value())];
        let mut converter =
            Converter { types, terminology: &self.terminology, own_base, entries: &mut entries };
        for rule in rules.get_or_init(|| self.rules(type_id)) {
            let nodes = rule.expressions.iter().filter_map(|e| e.evaluate(&focus[..], &environment).ok());
            for (repetition, nodes) in nodes.enumerate() {
                let _ = repetition;
                for (index, node) in nodes.iter().enumerate() {
                    if rule.kind != SearchKind::Composite {
                        converter.add(rule.key, 0, rule.kind, rule.identifier, node);
                        continue;
                    }
                    let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
                    for part in &rule.parts {
                        let focus = [node.clone()];
                        for value in
                            part.expression.evaluate(&focus[..], &environment).iter().flat_map(|n| n.iter())
                        {
                            converter.add(part.key, number, part.kind, None, value);
                        }
                    }
                }
            }
        }
        converter.finish();
        entries
    }

    fn rules(&self, type_id: TypeId) -> Vec<Rule> {
        let type_name = self.definitions.types()[type_id].name.as_str();
        let mut rules = Vec::new();
        let mut keys: Vec<ParameterKey> = self.registry.of_type(type_name).collect();
        keys.sort();
        for key in keys {
            let parameter = &self.registry[key];
            let definition = &parameter.definition;
            // Entries of derived parameters come with those they are derived from.
            if *parameter.code != *definition.code {
                continue;
            }
            let parse = |text: &str| {
                let parsed = Expression::parse(text);
                parsed
                    .inspect_err(
                        |error| warn!(parameter = definition.url, %error, "search parameter not understood"),
                    )
                    .ok()
            };
            let branches = branches(definition.expression.as_deref().unwrap_or_default());
            let own = branches.into_iter().filter(|branch| self.is_for(branch, type_name));
            let expressions = own.filter_map(parse).collect();
            let parts = parameter.parts.iter().zip(&definition.component).filter_map(|(key, component)| {
                Some(Part {
                    key: *key,
                    kind: self.registry[*key].kind,
                    expression: parse(&component.expression)?,
                })
            });
            rules.push(Rule {
                key,
                kind: parameter.kind,
                identifier: parameter.identifier,
                expressions,
                parts: parts.collect(),
            });
        }
        rules
    }

    /// Whether a branch of an expression can yield anything on this type: many parameters are a union over dozens.
    fn is_for(&self, branch: &str, type_name: &str) -> bool {
        let start = branch.trim_start_matches(['(', ' ']);
        let name = start.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is_other_type = name != type_name && self.definitions.types().resource(name).is_some();
        !is_other_type
    }
}

/// The branches of a union at the top of an expression.
fn branches(expression: &str) -> Vec<&str> {
    let mut branches = Vec::new();
    let (mut depth, mut quoted, mut start) = (0_usize, false, 0);
    for (at, c) in expression.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            '|' if !quoted && depth == 0 => {
                branches.push(expression[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    branches.push(expression[start..].trim());
    branches
}

#[cfg(test)]
mod tests {
    #[test]
    fn branches() {
        for (expression, expected) in [
            ("A.b | (C.d | C.e).f | A.g.where(h = '|')", vec!["A.b", "(C.d | C.e).f", "A.g.where(h = '|')"]),
            ("A.b", vec!["A.b"]),
        ] {
            assert_eq!(super::branches(expression), expected);
        }
    }
}
