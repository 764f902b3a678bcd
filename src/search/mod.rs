//! Ring 3: what resources are found by, and what searches ask (R4 §3.1.1). Pure; the store does the looking up.
//!
//! Nothing about a resource type is written here: which parameters it has and where their values are is told by the
//! SearchParameter definitions, evaluated through FHIRPath.

mod clinical_date;
mod compartment;
mod condition;
mod entry;
mod extract;
mod fold;
mod meets;
mod parse;
mod registry;
mod request;
mod value;

pub use clinical_date::{CLINICAL_DATES, clinically_within};
pub use compartment::Compartment;
pub use condition::{Condition, Criteria, NumberTest, Prefix, ReferenceTest, TextTest, TokenTest, Values};
pub use entry::{Entries, Entry, Quantity, Target, Text, Token};
pub use extract::Extractor;
pub use fold::fold;
pub use meets::Candidate;
pub use parse::{SearchError, escape, parse_condition};
pub use registry::{ParameterKey, RegisteredParameter, Registry};
pub use request::{
    DEFAULT_COUNT, Handling, Include, IncludeTarget, LARGEST_COUNT, SearchRequest, Sort, SortBy, Summary,
    Total,
};
