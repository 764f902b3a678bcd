//! What a search asks of a resource, ready to be looked up.

use crate::definitions::SearchKind;
use crate::fhir::time::Period;

use super::ParameterKey;

/// What the resources of one type have to meet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Criteria {
    /// Resource type.
    pub type_name: String,
    /// All must be met.
    pub conditions: Vec<Condition>,
}

/// One condition. A search is met when all of its conditions are.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// `_id`: one of these logical ids.
    Id(Vec<String>),
    /// `_lastUpdated`: any of these.
    LastUpdated(Vec<(Prefix, Period)>),
    /// `:missing`: whether the parameter has no value.
    Missing {
        /// The parameter.
        parameter: ParameterKey,
        /// How its values are compared, which tells where they are kept.
        kind: SearchKind,
        /// For a reference: where the identifiers it may hold instead are kept.
        identifier: Option<ParameterKey>,
        /// True: must have none. False: must have one.
        missing: bool,
    },
    /// The parameter has one of the values; negated (`:not`), it has none of them.
    Value {
        /// The parameter.
        parameter: ParameterKey,
        /// Whether to turn the answer round.
        negated: bool,
        /// What to look for.
        values: Values,
    },
    /// One repetition of a composite's element meets all parts of one alternative.
    Composite(Vec<Vec<(ParameterKey, Values)>>),
    /// The resource points at one that meets a condition, for any of the types given.
    Chain {
        /// The reference that is followed.
        parameter: ParameterKey,
        /// Type of the target, and what it has to meet.
        targets: Vec<(String, Condition)>,
    },
    /// One of these is met.
    Any(Vec<Condition>),
    /// Met by nothing: a value that no resource can have.
    Nothing,
}

/// Values of one parameter; any of them will do.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Codes and identifiers.
    Token(Vec<TokenTest>),
    /// URIs, exactly.
    Uri(Vec<String>),
    /// Links.
    Reference(Vec<ReferenceTest>),
    /// Dates.
    Date(Vec<(Prefix, Period)>),
    /// Texts.
    Text(Vec<TextTest>),
    /// Numbers and quantities.
    Number(Vec<NumberTest>),
}

/// How a date or number is compared (R4 §3.1.1.5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// Equal, within the precision given.
    Eq,
    /// Not equal.
    Ne,
    /// Greater.
    Gt,
    /// Less.
    Lt,
    /// Greater or equal.
    Ge,
    /// Less or equal.
    Le,
    /// Starts after.
    Sa,
    /// Ends before.
    Eb,
    /// Approximately.
    Ap,
}

impl Prefix {
    /// Takes the prefix off a value; without one it is [`Prefix::Eq`].
    pub fn split(value: &str) -> (Prefix, &str) {
        let prefix = match value.get(..2) {
            Some("eq") => Prefix::Eq,
            Some("ne") => Prefix::Ne,
            Some("gt") => Prefix::Gt,
            Some("lt") => Prefix::Lt,
            Some("ge") => Prefix::Ge,
            Some("le") => Prefix::Le,
            Some("sa") => Prefix::Sa,
            Some("eb") => Prefix::Eb,
            Some("ap") => Prefix::Ap,
            _ => return (Prefix::Eq, value),
        };
        (prefix, &value[2..])
    }
}

/// `code`, `system|code`, `|code` or `system|`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenTest {
    /// The code in any system.
    Code(String),
    /// The code in this system; an empty system means in none.
    Coding {
        /// URI, or empty.
        system: String,
        /// Code.
        code: String,
    },
    /// Any code of the system.
    System(String),
}

/// What a reference has to point at. `None` means any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceTest {
    /// Logical id, or whole URL.
    pub id: String,
    /// Resource type.
    pub type_name: Option<String>,
    /// Base of the server; empty for our own.
    pub base: String,
    /// Version.
    pub version: Option<String>,
}

/// How a text has to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// Starts with, folded.
    Starts(String),
    /// Holds, folded (`:contains`).
    Contains(String),
    /// Is exactly (`:exact`).
    Exact(String),
}

/// How a number has to compare.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberTest {
    /// How.
    pub prefix: Prefix,
    /// The number asked for.
    pub value: f64,
    /// Half of its last digit: `100` means 99.5 to 100.5.
    pub margin: f64,
    /// Unit system; `None` means any.
    pub system: Option<String>,
    /// Unit code; `None` means any.
    pub unit: Option<String>,
}
