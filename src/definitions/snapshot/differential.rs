//! A differential: what a profile says of the elements it cares about (R4 §5.1.0.4).

use serde_json::{Map, Value};

use crate::definitions::StructureDefinition;
use crate::definitions::structure::{Binding, Constraint, ElementType, Slicing};

/// A profile as told by its differential.
#[derive(Debug, Clone, PartialEq)]
pub struct Differential {
    /// The profile. Its elements are the snapshot its package carries, none where it carries none.
    pub structure: StructureDefinition,
    /// What it changes of its base, in the order given.
    pub changes: Vec<ElementChange>,
}

/// What a differential says of one element. Whatever is absent or empty is left as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementChange {
    /// Its id, when it has one.
    pub id: Option<String>,
    /// Its path, without slice names.
    pub path: String,
    /// The slice it begins.
    pub slice_name: Option<String>,
    /// Whether the slice is one that the base has (`true`) or has not (`false`).
    pub slice_is_constraining: Option<bool>,
    /// Least number of repetitions.
    pub min: Option<u32>,
    /// Greatest number of repetitions.
    pub max: Option<String>,
    /// The types allowed.
    pub types: Vec<ElementType>,
    /// The element whose content it has.
    pub content_reference: Option<String>,
    /// How repetitions are told apart.
    pub slicing: Option<Slicing>,
    /// The value set its codes come from.
    pub binding: Option<Binding>,
    /// Further invariants.
    pub constraints: Vec<Constraint>,
    /// Longest text, in characters.
    pub max_length: Option<u32>,
    /// Whether senders and receivers must be able to use it.
    pub must_support: Option<bool>,
    /// Whether it changes the meaning of the whole.
    pub is_modifier: Option<bool>,
    /// Whether it is part of a summary.
    pub is_summary: Option<bool>,
    /// `xmlAttr` and the like.
    pub representation: Vec<String>,
    /// `fixed[x]`, `pattern[x]`, `minValue[x]`, `maxValue[x]` under their full JSON names.
    pub values: Map<String, Value>,
}
