//! StructureDefinition without prose: what a type, profile or extension demands of its elements (R4 §5.3).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A FHIR type, a profile on one, or an extension; with its snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StructureDefinition {
    /// Canonical URL, without version.
    pub url: String,
    /// Business version.
    pub version: String,
    /// Computable name.
    pub name: String,
    /// primitive-type, complex-type, resource or logical.
    pub kind: Kind,
    /// Whether only its specialisations have instances.
    #[serde(rename = "abstract")]
    pub is_abstract: bool,
    /// The type that is defined or constrained, say `Task`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Canonical of the definition this one builds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_definition: Option<String>,
    /// Whether it makes a new type or constrains one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivation: Option<Derivation>,
    /// Where an extension may stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<ExtensionContext>,
    /// FHIRPath that must hold where an extension stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context_invariant: Vec<String>,
    /// The snapshot, in order; the first element is the root. Written and read by `compact`, where each element is
    /// told by what it changes.
    #[serde(skip)]
    pub elements: Vec<ElementDefinition>,
}

impl StructureDefinition {
    /// `url|version`.
    pub fn canonical(&self) -> String {
        format!("{}|{}", self.url, self.version)
    }

    /// Whether this defines a type of its own rather than constraining one.
    pub fn is_type(&self) -> bool {
        self.derivation != Some(Derivation::Constraint)
    }
}

/// Value set structure-definition-kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `string`, `code` …
    PrimitiveType,
    /// `HumanName`, `Extension` …
    ComplexType,
    /// `Task` …
    Resource,
    /// A model that is no FHIR type.
    Logical,
}

/// Value set type-derivation-rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Derivation {
    /// A new type.
    Specialization,
    /// A profile.
    Constraint,
}

/// Where an extension may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionContext {
    /// `element`, `extension` or `fhirpath`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Path, canonical or expression.
    pub expression: String,
}

/// One element of a snapshot (R4 §2.28, ElementDefinition).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ElementDefinition {
    /// Unique id with slice names: `Task.input:questionnaire.value[x]`.
    pub id: String,
    /// Path without slice names: `Task.input.value[x]`.
    pub path: String,
    /// Name of the slice this element begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slice_name: Option<String>,
    /// Least number of repetitions.
    pub min: u32,
    /// Greatest number of repetitions: a number or `*`.
    pub max: String,
    /// Path and cardinality of the element in the type that first had it, when they differ from this element's own;
    /// see [`ElementDefinition::base`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseElement>,
    /// The types allowed; empty on the root and where `content_reference` is set.
    #[serde(rename = "type", skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<ElementType>,
    /// `#Questionnaire.item`: the element has the content of that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_reference: Option<String>,
    /// How repetitions are told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slicing: Option<Slicing>,
    /// The value set its codes come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// Invariants first stated on this element (not those its type brings along).
    #[serde(rename = "constraint", skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// Longest text, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// Whether senders and receivers must be able to use it.
    #[serde(skip_serializing_if = "is_false")]
    pub must_support: bool,
    /// Whether it changes the meaning of the whole.
    #[serde(skip_serializing_if = "is_false")]
    pub is_modifier: bool,
    /// Whether it is part of a summary.
    #[serde(skip_serializing_if = "is_false")]
    pub is_summary: bool,
    /// `xmlAttr` and the like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub representation: Vec<String>,
    /// `fixed[x]`, `pattern[x]`, `minValue[x]`, `maxValue[x]` under their full JSON names.
    #[serde(flatten)]
    pub values: serde_json::Map<String, Value>,
}

impl ElementDefinition {
    /// An element of that id with nothing said about it: 0..1, no type.
    pub fn new(id: &str) -> ElementDefinition {
        ElementDefinition {
            id: id.to_owned(),
            path: path_of(id).into_owned(),
            slice_name: None,
            min: 0,
            max: "1".to_owned(),
            base: None,
            types: Vec::new(),
            content_reference: None,
            slicing: None,
            binding: None,
            constraints: Vec::new(),
            max_length: None,
            must_support: false,
            is_modifier: false,
            is_summary: false,
            representation: Vec::new(),
            values: serde_json::Map::new(),
        }
    }

    /// Path and cardinality of the element in the type that first had it; `max` tells whether JSON has an array.
    pub fn base(&self) -> BaseElement {
        self.base.clone().unwrap_or_else(|| BaseElement {
            path: self.path.clone(),
            min: self.min,
            max: self.max.clone(),
        })
    }

    /// Whether it is in a slice: begins one, or is a part of one.
    pub fn is_in_slice(&self) -> bool {
        self.id.contains(':')
    }
}

/// The path an id implies: slice names taken out.
pub(super) fn path_of(id: &str) -> Cow<'_, str> {
    if !id.contains(':') {
        return Cow::Borrowed(id);
    }
    let segments = id.split('.').map(|segment| segment.split(':').next().unwrap_or_default());
    Cow::Owned(segments.collect::<Vec<_>>().join("."))
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// Cardinality of an element where it was first defined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseElement {
    /// Path there.
    pub path: String,
    /// Least number there.
    pub min: u32,
    /// Greatest number there.
    pub max: String,
}

/// A type an element may have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ElementType {
    /// `CodeableConcept`, `Reference`, or a FHIRPath system type URL on ids and primitive values.
    pub code: String,
    /// Profiles the value must meet one of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profile: Vec<String>,
    /// Profiles the target of a Reference or canonical must meet one of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_profile: Vec<String>,
    /// `contained`, `referenced`, `bundled`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aggregation: Vec<String>,
}

/// How repetitions of an element are told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slicing {
    /// What to look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discriminator: Vec<Discriminator>,
    /// Whether slices come in the order defined.
    #[serde(skip_serializing_if = "is_false")]
    pub ordered: bool,
    /// `open`, `closed` or `openAtEnd`.
    pub rules: String,
}

/// One thing to look at when slicing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discriminator {
    /// `value`, `exists`, `pattern`, `type` or `profile`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Restricted FHIRPath from the element.
    pub path: String,
}

/// The value set an element's codes come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// How binding.
    pub strength: BindingStrength,
    /// Canonical of the value set, perhaps with version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_set: Option<String>,
    /// From the extension `elementdefinition-maxValueSet`: codes outside it are errors whatever the strength.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_value_set: Option<String>,
    /// From the extensions `additional-binding`: further bindings, as JSON without prose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional: Vec<Value>,
}

/// Value set binding-strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BindingStrength {
    /// Must be from the set.
    Required,
    /// Must, where the set has a fitting code.
    Extensible,
    /// Should be.
    Preferred,
    /// May be.
    Example,
}

/// An invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Constraint {
    /// Its name, say `SDOH-Con-2`.
    pub key: String,
    /// `error` or `warning`.
    pub severity: String,
    /// FHIRPath that must be true; absent where the publisher gave prose only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Canonical of the definition that first stated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Good practice only: a broken one is never more than a warning.
    #[serde(default, skip_serializing_if = "is_false")]
    pub best_practice: bool,
}
