//! What FHIR adds: extensions, references, value sets, profiles, narrative (R4 §2.9.1.5).

use std::sync::LazyLock;

use serde_json::Value;

use super::functions::argument;
use super::{Evaluator, Flow, Scope, Sink, Stop, settle};
use crate::fhirpath::environment::{Coding, EvaluationError, Link, Resolution, Terminology};
use crate::fhirpath::expression::{Call, Name};
use crate::fhirpath::function::Function;
use crate::fhirpath::html;
use crate::fhirpath::node::{Element, Node, System};

static EXTENSION: LazyLock<Name> = LazyLock::new(|| Name::new("extension"));
static MODIFIER_EXTENSION: LazyLock<Name> = LazyLock::new(|| Name::new("modifierExtension"));

/// Canonicals of the types FHIR defines.
const TYPES: &str = "http://hl7.org/fhir/StructureDefinition/";

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn fhir_condition(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Flow<Option<bool>> {
        let name = call.function.name();
        let on = &call.on;
        if call.function == Function::HasExtension {
            let Some(url) = self.text(argument(call, 0), scope, name)? else { return Ok(None) };
            let found = self.any(on, scope, &mut |node| self.has_extension(node, &url))?;
            return Ok(Some(found));
        }
        let Some(node) = self.single(on, scope, name)? else {
            return Ok((call.function == Function::HasValue).then_some(false));
        };
        match call.function {
            Function::HasValue => Ok(Some(self.has_value(&node))),
            Function::MemberOf => match self.text(argument(call, 0), scope, name)? {
                Some(value_set) => Ok(self.member_of(&node, &value_set)),
                None => Ok(None),
            },
            Function::ConformsTo => match self.text(argument(call, 0), scope, name)? {
                Some(profile) => self.conforms_to(&node, &profile).map(Some),
                None => Ok(None),
            },
            // `htmlChecks()`: the narrative rules txt-1 and txt-2.
            _ => Ok(node.text().map(|text| html::check(&text).is_ok())),
        }
    }

    pub(super) fn fhir_function(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let on = &call.on;
        match call.function {
            Function::Extension => {
                let Some(url) = self.text(argument(call, 0), scope, "extension")? else { return Ok(()) };
                self.walk(on, scope, &mut |node| {
                    self.property(&node, &EXTENSION, &mut |extension| match has_url(&extension, &url) {
                        true => out(extension),
                        false => Ok(()),
                    })
                })
            }
            Function::GetValue => match self.single(on, scope, "getValue")? {
                Some(node) if self.has_value(&node) => {
                    node.system(self.environment.types).map_or(Ok(()), |value| out(Node::System(value)))
                }
                _ => Ok(()),
            },
            Function::Resolve => self.walk(on, scope, &mut |node| self.resolve(&node, out)),
            Function::CheckModifiers => {
                let mut known = Vec::new();
                for url in &call.arguments {
                    known.extend(self.text(url, scope, "checkModifiers")?);
                }
                self.walk(on, scope, &mut |node| {
                    self.property(&node, &MODIFIER_EXTENSION, &mut |extension| match known
                        .iter()
                        .any(|url| has_url(&extension, url))
                    {
                        true => Ok(()),
                        false => Err(EvaluationError::Modifier.into()),
                    })?;
                    out(node)
                })
            }
            Function::Subsumes | Function::SubsumedBy => {
                let name = call.function.name();
                let Some(a) = self.single(on, scope, name)? else { return Ok(()) };
                let Some(b) = self.single(argument(call, 0), scope, name)? else { return Ok(()) };
                let (general, specific) = if call.function == Function::Subsumes { (a, b) } else { (b, a) };
                self.subsumes(&general, &specific).map_or(Ok(()), |answer| out(answer.into()))
            }
            // `elementDefinition()` and `slice()` give parts of definitions, which are no nodes here.
            _ => Ok(()),
        }
    }

    fn has_extension(&self, node: &Node<'a>, url: &str) -> Flow<bool> {
        let mut found = false;
        settle(self.property(node, &EXTENSION, &mut |extension| match has_url(&extension, url) {
            true => {
                found = true;
                Err(Stop::Enough)
            }
            false => Ok(()),
        }))?;
        Ok(found)
    }

    /// Whether it is a primitive with a value, extensions aside.
    fn has_value(&self, node: &Node<'a>) -> bool {
        match node {
            Node::Element(element) => {
                element.value.is_some_and(|value| !value.is_object() && !value.is_array())
            }
            Node::System(_) => true,
            Node::Type(_) => false,
        }
    }

    /// The resource a Reference, canonical, uri or text points at; nothing if it is not at hand.
    fn resolve(&self, node: &Node<'a>, out: Sink<'_, 'a>) -> Flow {
        self.spend(1)?;
        let types = self.environment.types;
        let text;
        let link = match node {
            Node::Element(element) => {
                let part = |name| element.get(name).and_then(Value::as_str);
                let literal = element.value.and_then(Value::as_str).or_else(|| part("reference"));
                Link { literal, type_name: part("type"), container: element.container }
            }
            Node::System(System::String(uri)) => {
                text = uri.as_ref();
                let container =
                    self.context.first().and_then(Node::element).and_then(|element| element.container);
                Link { literal: Some(text), type_name: None, container }
            }
            _ => return Ok(()),
        };
        if let Some(id) = link.literal.and_then(|literal| literal.strip_prefix('#')) {
            let container = match node {
                Node::Element(element) => element.container,
                _ => self.context.first().and_then(Node::element).and_then(|element| element.container),
            };
            let found = contained(container.or_else(|| self.root()), id);
            return found.map_or(Ok(()), |value| {
                out(Node::Element(Element {
                    container: container.or_else(|| self.root()),
                    ..Element::resource(types, value)
                }))
            });
        }
        match self.environment.resolver.map(|resolver| resolver.resolve(link)) {
            Some(Resolution::Resource(value)) => out(Node::resource(types, value)),
            Some(Resolution::Type(type_id)) => out(Node::Element(Element {
                value: None,
                extra: None,
                type_id: Some(type_id),
                property: None,
                container: None,
            })),
            Some(Resolution::Unknown) | None => Ok(()),
        }
    }

    /// The JSON of `%rootResource`.
    fn root(&self) -> Option<&'a Value> {
        let root = self.environment.root_resource.clone().or_else(|| self.resource())?;
        root.element()?.value
    }

    fn member_of(&self, node: &Node<'a>, value_set: &str) -> Option<bool> {
        let terminology = self.environment.terminology?;
        any_known(&codings(node), |coding| terminology.member_of(value_set, coding))
    }

    fn subsumes(&self, general: &Node<'a>, specific: &Node<'a>) -> Option<bool> {
        let terminology: &dyn Terminology = self.environment.terminology?;
        any_known(&codings(general), |general| {
            any_known(&codings(specific), |specific| terminology.subsumes(general, specific))
        })
    }

    /// Types are known here; profiles are asked for.
    fn conforms_to(&self, node: &Node<'a>, profile: &str) -> Flow<bool> {
        let types = self.environment.types;
        let Node::Element(element) = node else { return self.wrong_type("conformsTo", node) };
        let url = profile.split('|').next().unwrap_or_default();
        if let Some(name) = url.strip_prefix(TYPES).filter(|name| types.find(name).is_some()) {
            return Ok(element.is_a(types, name));
        }
        let answer = self.environment.profiles.and_then(|profiles| profiles.conforms_to(element, profile));
        answer.ok_or_else(|| EvaluationError::UnknownProfile(profile.to_owned()).into())
    }
}

fn has_url(extension: &Node<'_>, url: &str) -> bool {
    extension.element().and_then(|element| element.get("url")).and_then(Value::as_str) == Some(url)
}

/// The contained resource of that id; the container itself for the empty id.
fn contained<'a>(container: Option<&'a Value>, id: &str) -> Option<&'a Value> {
    let container = container?;
    if id.is_empty() {
        return Some(container);
    }
    let all = container.get("contained").and_then(Value::as_array)?;
    all.iter().find(|resource| resource.get("id").and_then(Value::as_str) == Some(id))
}

/// The codes an element of type code, Coding, CodeableConcept or their like holds.
fn codings<'n>(node: &'n Node<'_>) -> Vec<Coding<'n>> {
    let bare = |code| Coding { system: None, version: None, code };
    let value = match node {
        Node::System(System::String(code)) => return vec![bare(code.as_ref())],
        Node::Element(Element { value: Some(value), .. }) => *value,
        _ => return Vec::new(),
    };
    if let Value::String(code) = value {
        return vec![bare(code.as_str())];
    }
    let coding = |value: &'n Value| {
        let text = |name| value.get(name).and_then(Value::as_str);
        Some(Coding { system: text("system"), version: text("version"), code: text("code")? })
    };
    match value.get("coding").and_then(Value::as_array) {
        Some(all) => all.iter().filter_map(coding).collect(),
        None => coding(value).into_iter().collect(),
    }
}

/// `true` if any answer is; `None` if none is and one is not known.
fn any_known<T: Copy>(items: &[T], ask: impl Fn(T) -> Option<bool>) -> Option<bool> {
    let mut result = Some(false);
    for item in items {
        match ask(*item) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => result = None,
        }
    }
    result
}
