//! What a client may do, in a form that proptest can make and shrink. Ids are chosen by number among those there are when
//! the step is taken.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;

/// The types written to.
pub const TYPES: [&str; 3] = ["Patient", "Organization", "Observation"];

/// What a client does, step by step.
#[derive(Clone)]
pub struct Steps(pub Vec<Step>);

impl fmt::Debug for Steps {
    /// A line a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| write!(f, "\n{step:?}"))
    }
}

/// One request, or the time that passes before the next.
#[derive(Debug, Clone)]
pub enum Step {
    /// A write by itself.
    One(Write, Wire),
    /// `POST` of a batch.
    Batch(Vec<Entry>, Wire),
    /// `POST` of a transaction, and whether what would be refused by itself is left out.
    Transaction(Vec<Entry>, bool, Wire),
    /// What no server may take, by its number.
    Wrong(u8, Wire),
    /// Seconds that pass.
    Pause(u8),
}

/// How a request is sent and what is to come back.
#[derive(Debug, Clone, Copy)]
pub struct Wire {
    pub in_xml: bool,
    pub accept: Accept,
    pub back: Back,
}

/// How the format of the answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    Anything,
    Json,
    Xml,
    /// `_format=xml`, which outweighs the header.
    XmlByQuery,
}

/// `Prefer: return=…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    Unsaid,
    Minimal,
    Representation,
    Outcome,
}

/// An entry of a Bundle.
#[derive(Debug, Clone)]
pub enum Entry {
    Write(Write),
    Read(&'static str, u8),
    Search(&'static str, Criterion),
}

/// A write of one resource.
#[derive(Debug, Clone)]
pub struct Write {
    pub of_type: &'static str,
    pub action: Action,
    pub guard: Guard,
}

#[derive(Debug, Clone)]
pub enum Action {
    Create(Content),
    CreateUnless(Criterion, Content),
    Update(u8, Content),
    /// Perhaps with an id of its own.
    UpdateWhere(Criterion, Option<u8>, Content),
    Patch(u8, Patch),
    PatchWhere(Criterion, Patch),
    Delete(u8),
    DeleteWhere(Criterion),
}

/// The search of a conditional interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// By a number, which several resources may have.
    Number(u8),
    /// By id.
    Id(u8),
}

/// What has to be there: `If-Match`, `If-None-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    Free,
    /// The newest version.
    Newest,
    /// One that is not.
    Stale,
    /// Something that is no version.
    Nonsense,
    /// Any: `If-Match: *`.
    Any,
    /// None: `If-None-Match: *`.
    Nothing,
}

/// What a resource holds.
#[derive(Debug, Clone, Copy)]
pub struct Content {
    pub number: u8,
    pub flag: bool,
    pub text: u8,
    /// Whether it brings `meta` with a version it has not.
    pub has_meta: bool,
    pub link: Link,
}

/// What a resource refers to.
#[derive(Debug, Clone, Copy)]
pub enum Link {
    No,
    To(&'static str, u8),
    /// An entry of the same transaction, by its name there.
    Entry(u8),
    /// What a search finds, in a transaction.
    Where(&'static str, Criterion),
}

#[derive(Debug, Clone, Copy)]
pub struct Patch {
    pub language: Language,
    pub change: Change,
}

#[derive(Debug, Clone, Copy)]
pub enum Language {
    Json,
    Xml,
    FhirPath,
}

#[derive(Debug, Clone, Copy)]
pub enum Change {
    Flag(bool),
    Number(u8),
    /// Of something that is not there.
    Impossible,
}

/// Sequences of so many steps.
pub fn steps(most: usize) -> impl Strategy<Value = Steps> {
    let entries = || prop::collection::vec(entry(), 1..9);
    let step = prop_oneof![
        10 => (write(), wire()).prop_map(|(write, wire)| Step::One(write, wire)),
        2 => (entries(), wire()).prop_map(|(entries, wire)| Step::Batch(entries, wire)),
        4 => (entries(), prop::bool::weighted(0.7), wire())
            .prop_map(|(entries, is_careful, wire)| Step::Transaction(entries, is_careful, wire)),
        1 => (any::<u8>(), wire()).prop_map(|(number, wire)| Step::Wrong(number, wire)),
        1 => (0u8..3).prop_map(Step::Pause),
    ];
    prop::collection::vec(step, 1..most).prop_map(Steps)
}

fn wire() -> impl Strategy<Value = Wire> {
    let accept = select(vec![Accept::Anything, Accept::Json, Accept::Xml, Accept::XmlByQuery]);
    let back = select(vec![Back::Unsaid, Back::Unsaid, Back::Minimal, Back::Representation, Back::Outcome]);
    (any::<bool>(), accept, back).prop_map(|(in_xml, accept, back)| Wire { in_xml, accept, back })
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        6 => write().prop_map(Entry::Write),
        1 => (select(&TYPES[..]), any::<u8>()).prop_map(|(of_type, which)| Entry::Read(of_type, which)),
        1 => (select(&TYPES[..]), criterion()).prop_map(|(of_type, criterion)| Entry::Search(of_type, criterion)),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    let which = any::<u8>;
    let action = prop_oneof![
        3 => content().prop_map(Action::Create),
        2 => (criterion(), content()).prop_map(|(criterion, content)| Action::CreateUnless(criterion, content)),
        6 => (which(), content()).prop_map(|(which, content)| Action::Update(which, content)),
        3 => (criterion(), prop::option::weighted(0.3, which()), content())
            .prop_map(|(criterion, own, content)| Action::UpdateWhere(criterion, own, content)),
        4 => (which(), patch()).prop_map(|(which, patch)| Action::Patch(which, patch)),
        2 => (criterion(), patch()).prop_map(|(criterion, patch)| Action::PatchWhere(criterion, patch)),
        3 => which().prop_map(Action::Delete),
        1 => criterion().prop_map(Action::DeleteWhere),
    ];
    let guard = prop_oneof![
        6 => Just(Guard::Free),
        2 => Just(Guard::Newest),
        1 => select(vec![Guard::Stale, Guard::Nonsense, Guard::Any, Guard::Nothing]),
    ];
    (select(&TYPES[..]), action, guard).prop_map(|(of_type, action, guard)| {
        let guard = match (&action, guard) {
            // They take none.
            (Action::Create(_) | Action::CreateUnless(..), _) => Guard::Free,
            // Where there is nothing, there is nothing to patch or delete.
            (Action::Update(..) | Action::UpdateWhere(..), guard) => guard,
            (_, Guard::Nothing) => Guard::Any,
            (_, guard) => guard,
        };
        Write { of_type, action, guard }
    })
}

fn criterion() -> impl Strategy<Value = Criterion> {
    prop_oneof![4 => (0u8..4).prop_map(Criterion::Number), 1 => any::<u8>().prop_map(Criterion::Id)]
}

fn content() -> impl Strategy<Value = Content> {
    let link = prop_oneof![
        3 => Just(Link::No),
        2 => (select(&TYPES[..]), any::<u8>()).prop_map(|(of_type, which)| Link::To(of_type, which)),
        3 => any::<u8>().prop_map(Link::Entry),
        1 => (select(&TYPES[..]), criterion()).prop_map(|(of_type, criterion)| Link::Where(of_type, criterion)),
    ];
    (0u8..4, any::<bool>(), any::<u8>(), any::<bool>(), link)
        .prop_map(|(number, flag, text, has_meta, link)| Content { number, flag, text, has_meta, link })
}

fn patch() -> impl Strategy<Value = Patch> {
    let language = select(vec![Language::Json, Language::Xml, Language::FhirPath]);
    let change = prop_oneof![
        3 => any::<bool>().prop_map(Change::Flag),
        3 => (0u8..4).prop_map(Change::Number),
        1 => Just(Change::Impossible),
    ];
    (language, change).prop_map(|(language, change)| Patch { language, change })
}
