//! What a resource is found by: the entries its search parameters yield.

use crate::fhir::time::Period;

use super::ParameterKey;

/// All entries of one version of a resource, by the way they are compared. The order means nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entries {
    /// Codes, identifiers, flags and URIs.
    pub tokens: Vec<Entry<Token>>,
    /// Links.
    pub references: Vec<Entry<Target>>,
    /// Dates and periods.
    pub dates: Vec<Entry<Period>>,
    /// Texts.
    pub strings: Vec<Entry<Text>>,
    /// Numbers and quantities.
    pub numbers: Vec<Entry<Quantity>>,
}

/// One value of one search parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry<T> {
    /// The parameter.
    pub parameter: ParameterKey,
    /// Which repetition of a composite's element this is part of; 0 elsewhere.
    pub part: u32,
    /// The value.
    pub value: T,
}

/// A code with its system, or a URI with none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// Code, identifier value, `true`/`false` or URI; codes are folded to lower case. For the entry that answers
    /// `system|`, see [`Token::any_of`].
    pub code: String,
    /// URI of the code system; empty where there is none.
    pub system: String,
}

impl Token {
    /// The entry by which `system|`, any code of a system, is found. No code ends in `|`.
    pub fn any_of(system: &str) -> Token {
        Token { code: format!("{system}|"), system: String::new() }
    }
}

/// What a reference points at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Logical id; or, where it is no literal reference to a resource, the whole URL without `|version`.
    pub id: String,
    /// Resource type; empty with a whole URL.
    pub type_name: String,
    /// Base of the server it lives on; empty for our own.
    pub base: String,
    /// Version asked for: of a history, or after `|`; else empty.
    pub version: String,
}

/// A text: folded for comparison, and as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text {
    /// See [`super::fold`].
    pub folded: String,
    /// As written.
    pub exact: String,
}

/// A number, or a range of numbers, perhaps with a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// Lowest value.
    pub low: f64,
    /// Highest value; the same as `low` but for ranges.
    pub high: f64,
    /// URI of the unit system, or empty.
    pub system: String,
    /// Code of the unit, else the unit as written, or empty.
    pub unit: String,
}
