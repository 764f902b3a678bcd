//! StructureDefinition (R4 §5.3) and its elements.

use serde_json::{Map, Value, json};

use super::{Malformed, extensions, objects, owned, part, required, text, texts};
use crate::definitions::structure::{
    BaseElement, Binding, Constraint, Derivation, Discriminator, ElementDefinition, ElementType,
    ExtensionContext, Kind, Slicing, StructureDefinition,
};

const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";
const MAX_VALUE_SET: &str = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet";
const ADDITIONAL_BINDING: &str = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding";
const BEST_PRACTICE: &str = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice";

/// `None` for a logical model; without elements when it has no snapshot.
pub(super) fn strip(resource: &Map<String, Value>) -> Result<Option<StructureDefinition>, Malformed> {
    let kind: Kind = part(resource, "kind")?;
    if kind == Kind::Logical {
        return Ok(None);
    }
    let mut structure = StructureDefinition {
        url: required(resource, "url")?,
        version: text(resource, "version").unwrap_or_default().to_owned(),
        name: required(resource, "name")?,
        kind,
        is_abstract: resource.get("abstract").and_then(Value::as_bool).unwrap_or(false),
        type_name: required(resource, "type")?,
        base_definition: owned(resource, "baseDefinition"),
        derivation: match resource.get("derivation") {
            Some(_) => Some(part(resource, "derivation")?),
            None => None,
        },
        context: objects(resource, "context").filter_map(context).collect(),
        context_invariant: texts(resource, "contextInvariant"),
        elements: Vec::new(),
    };
    // Some publishers call a profile a specialisation.
    let is_of_own_type =
        structure.base_definition.as_deref() == Some(&format!("{CORE}{}", structure.type_name));
    if is_of_own_type && structure.derivation == Some(Derivation::Specialization) {
        structure.derivation = Some(Derivation::Constraint);
    }
    let snapshot = resource.get("snapshot").and_then(Value::as_object);
    let elements = snapshot.into_iter().flat_map(|snapshot| objects(snapshot, "element"));
    let elements = elements.map(|source| element(source, &structure));
    structure.elements = elements.collect::<Result<_, _>>()?;
    Ok(Some(structure))
}

fn context(context: &Map<String, Value>) -> Option<ExtensionContext> {
    Some(ExtensionContext { kind: owned(context, "type")?, expression: owned(context, "expression")? })
}

fn element(source: &Map<String, Value>, of: &StructureDefinition) -> Result<ElementDefinition, Malformed> {
    let path = required(source, "path")?;
    let id = owned(source, "id").unwrap_or_else(|| path.clone());
    let mut element = ElementDefinition::new(&id);
    element.path = path;
    element.slice_name = owned(source, "sliceName");
    element.min = number(source, "min").ok_or(Malformed::Property("element.min"))?;
    element.max = required(source, "max")?;
    element.base = source.get("base").and_then(Value::as_object).map(base).transpose()?;
    if element
        .base
        .as_ref()
        .is_some_and(|base| *base == ElementDefinition { base: None, ..element.clone() }.base())
    {
        element.base = None;
    }
    element.types = objects(source, "type").filter_map(element_type).collect();
    element.content_reference = owned(source, "contentReference");
    element.slicing = source.get("slicing").and_then(Value::as_object).map(slicing).transpose()?;
    element.binding = source.get("binding").and_then(Value::as_object).map(binding).transpose()?;
    let is_root = !element.path.contains('.');
    for source in objects(source, "constraint") {
        let constraint = constraint(source, &of.url)?;
        if !comes_with_type(&constraint, &element.types, of, is_root) {
            element.constraints.push(constraint);
        }
    }
    element.max_length = number(source, "maxLength");
    element.must_support = flag(source, "mustSupport");
    element.is_modifier = flag(source, "isModifier");
    element.is_summary = flag(source, "isSummary");
    element.representation = texts(source, "representation");
    element.values = values(source);
    Ok(element)
}

/// `fixed[x]`, `pattern[x]`, `minValue[x]`, `maxValue[x]`.
pub(super) fn values(source: &Map<String, Value>) -> Map<String, Value> {
    let values = source.iter().filter(|(name, _)| {
        ["fixed", "pattern", "minValue", "maxValue"].iter().any(|prefix| name.starts_with(prefix))
    });
    values.map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(super) fn number(source: &Map<String, Value>, name: &str) -> Option<u32> {
    source.get(name)?.as_u64()?.try_into().ok()
}

fn flag(source: &Map<String, Value>, name: &str) -> bool {
    source.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn base(source: &Map<String, Value>) -> Result<BaseElement, Malformed> {
    Ok(BaseElement {
        path: required(source, "path")?,
        min: number(source, "min").unwrap_or(0),
        max: required(source, "max")?,
    })
}

/// `None` for the few in R4 core that have only an extension where the code should be.
pub(super) fn element_type(source: &Map<String, Value>) -> Option<ElementType> {
    Some(ElementType {
        code: owned(source, "code")?,
        profile: texts(source, "profile"),
        target_profile: texts(source, "targetProfile"),
        aggregation: texts(source, "aggregation"),
    })
}

pub(super) fn slicing(source: &Map<String, Value>) -> Result<Slicing, Malformed> {
    let discriminator = |source: &Map<String, Value>| -> Result<Discriminator, Malformed> {
        Ok(Discriminator { kind: required(source, "type")?, path: required(source, "path")? })
    };
    Ok(Slicing {
        discriminator: objects(source, "discriminator").map(discriminator).collect::<Result<_, _>>()?,
        ordered: flag(source, "ordered"),
        rules: text(source, "rules").unwrap_or("open").to_owned(),
    })
}

pub(super) fn binding(source: &Map<String, Value>) -> Result<Binding, Malformed> {
    let max_value_set = extensions(source, MAX_VALUE_SET)
        .find_map(|extension| text(extension, "valueCanonical").or(text(extension, "valueUri")));
    Ok(Binding {
        strength: part(source, "strength")?,
        value_set: owned(source, "valueSet"),
        max_value_set: max_value_set.map(str::to_owned),
        additional: extensions(source, ADDITIONAL_BINDING).map(additional_binding).collect(),
    })
}

/// `{purpose, valueSet, usage: [{code, value}]}`.
fn additional_binding(extension: &Map<String, Value>) -> Value {
    let mut binding = Map::new();
    let mut usage = Vec::new();
    for part in objects(extension, "extension") {
        match (text(part, "url"), part.iter().find(|(name, _)| name.starts_with("value"))) {
            (Some(name @ ("purpose" | "valueSet")), Some((_, value))) => {
                binding.insert(name.to_owned(), value.clone());
            }
            (Some("usage"), Some((_, Value::Object(context)))) => {
                let code = context.get("code").and_then(|code| code.get("code"));
                let value = context.iter().find(|(name, _)| name.starts_with("value"));
                usage.push(json!({"code": code, "value": value.map(|(_, value)| without_text(value))}));
            }
            _ => {}
        }
    }
    if !usage.is_empty() {
        binding.insert("usage".to_owned(), Value::Array(usage));
    }
    Value::Object(binding)
}

/// A CodeableConcept without the text that repeats its code.
fn without_text(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(concept) = value.as_object_mut()
        && concept.contains_key("coding")
    {
        concept.shift_remove("text");
    }
    value
}

pub(super) fn constraint(source: &Map<String, Value>, stated_by: &str) -> Result<Constraint, Malformed> {
    let key = required(source, "key")?;
    // Some publishers leave the source of the oldest constraints out.
    let source_url = match (text(source, "source"), key.as_str()) {
        (Some(url), _) if url.contains(':') => url.to_owned(),
        (Some(name), _) => format!("{CORE}{name}"),
        (None, "ele-1") => format!("{CORE}Element"),
        (None, "ext-1") => format!("{CORE}Extension"),
        (None, "dom-1" | "dom-2" | "dom-3" | "dom-4" | "dom-5" | "dom-6") => format!("{CORE}DomainResource"),
        (None, _) => stated_by.to_owned(),
    };
    Ok(Constraint {
        key,
        severity: text(source, "severity").unwrap_or("error").to_owned(),
        expression: owned(source, "expression"),
        source: Some(source_url),
        best_practice: extensions(source, BEST_PRACTICE).any(|extension| flag(extension, "valueBoolean")),
    })
}

/// Whether a constraint stands at this element only because the element's type has it: it is checked wherever the type
/// is, so it is kept once, where the type states it.
pub(in crate::definitions) fn comes_with_type(
    constraint: &Constraint,
    types: &[ElementType],
    of: &StructureDefinition,
    is_root: bool,
) -> bool {
    let source = constraint.source.as_deref().unwrap_or_default();
    let Some(stated_by) = source.strip_prefix(CORE) else { return false };
    if is_root && stated_by == of.type_name {
        return false;
    }
    let quantity = ["Age", "Count", "Distance", "Duration", "MoneyQuantity", "SimpleQuantity"];
    let by_type = |of_type: &ElementType| {
        of_type.code == stated_by
            || of_type.profile.iter().any(|profile| profile == source)
            || (stated_by == "Quantity" && quantity.contains(&of_type.code.as_str()))
    };
    match stated_by {
        // Some publishers name these as the source of what they state themselves.
        "Element" | "BackboneElement" => constraint.key == "ele-1",
        "Resource" | "DomainResource" => constraint.key.starts_with("dom-"),
        "Quantity" if is_root => quantity.contains(&of.type_name.as_str()),
        _ => types.iter().any(by_type),
    }
}
