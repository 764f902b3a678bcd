//! The chain that this process writes.

use std::collections::HashSet;

use crate::audit::{
    Actor, Event, Kind, NO_PAGE, Origin, Page, SigningKey, Start, Subject, events_of, hash_of, lines_of,
    subjects_of,
};
use crate::fhir::time::Instant;
use crate::store::{StoreError, WriteTransaction};

use super::Opening;

/// How many chains are looked through for the one this node wrote before.
const MOST_CHAINS: usize = 1000;

/// Writes pages. There is one of it, kept by the committer: so pages follow each other as commits do.
pub(in super::super) struct Ledger {
    key: SigningKey,
    opening: Opening,
    /// Our chain, once its first page is committed.
    chain: Option<u64>,
    /// What the next page follows; nothing where that has to be looked up: at the beginning, and after a commit that
    /// failed, of which nobody knows whether it was carried out.
    last: Option<Place>,
    found: Found,
}

/// What the pages of a second are found by already. Where much is done, most of it is about the same Patients.
#[derive(Default)]
struct Found {
    second: i64,
    subjects: HashSet<Subject>,
}

/// A page's place.
struct Place {
    chain: u64,
    number: u64,
    link: String,
}

impl Ledger {
    pub(in super::super) fn new(key: SigningKey, opening: Opening) -> Ledger {
        Ledger { key, opening, chain: None, last: None, found: Found::default() }
    }

    /// Writes a page. It counts when the transaction is committed: then [`Ledger::committed`] is told, else
    /// [`Ledger::failed`]. Where the page begins the chain, it tells whether this process serves.
    pub(in super::super) async fn write(
        &mut self,
        store: &mut WriteTransaction<'_>,
        now: Instant,
        told: &[&Event],
        serves: bool,
    ) -> Result<Page, StoreError> {
        // Not before anything it tells of.
        let now = told.iter().map(|event| event.at).fold(now, Instant::max);
        let seq = store.next_audit_seq(now).await?;
        let found = match (&self.last, self.chain) {
            (None, Some(chain)) => store.last_audit_page(chain).await?.map(|page| Place::of(&page)),
            _ => None,
        };
        let mut first = Vec::new();
        let begun;
        let last = match self.last.as_ref().or(found.as_ref()) {
            Some(last) => last,
            None => {
                let chain = self.begin(store, seq, &mut first, serves).await?;
                begun = Place { chain, number: 0, link: NO_PAGE.to_owned() };
                &begun
            }
        };
        let events = first.iter().chain(told.iter().copied());
        let mut page = Page {
            seq,
            chain: last.chain,
            number: last.number + 1,
            hash: String::new(),
            signature: String::new(),
            events: lines_of(events.clone()),
        };
        page.hash = hash_of(&last.link, &page);
        page.signature = self.key.sign(&page.end());
        let subjects = self.found.fresh(seq, subjects_of(events));
        store.write_audit_page(&page, &subjects).await?;
        Ok(page)
    }

    /// Begins our chain with a page that ties in all that no other has; and tells where the configuration is another than
    /// the one this node served with before.
    async fn begin(
        &self,
        store: &mut WriteTransaction<'_>,
        at: Instant,
        first: &mut Vec<Event>,
        serves: bool,
    ) -> Result<u64, StoreError> {
        let (chain, ends) = store.begin_audit_chain().await?;
        let own = |kind| Event::new(at, kind, Actor::Gateway, Origin::default());
        let configuration = serves.then(|| self.opening.configuration.clone());
        let differs = match &configuration {
            Some(now) => self.served_before(store, chain).await?.is_some_and(|before| before != *now),
            None => false,
        };
        let start = Start {
            node: self.opening.node.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            key: self.key.public_key().to_string(),
            configuration,
            ends,
        };
        first.push(own(Kind::Start(Box::new(start))));
        if differs {
            let reason = "the configuration is another than at the start before".to_owned();
            first.push(Event { reason, ..own(Kind::Configuration) });
        }
        Ok(chain)
    }

    /// The configuration this node served with last; `None` where it never has.
    async fn served_before(
        &self,
        store: &mut WriteTransaction<'_>,
        chain: u64,
    ) -> Result<Option<String>, StoreError> {
        for chain in (1..chain).rev().take(MOST_CHAINS) {
            let page = store.first_audit_page(chain).await?;
            let kind = page.and_then(|page| Some(events_of(&page.events).next()?.1.kind));
            if let Some(Kind::Start(start)) = kind
                && start.node == self.opening.node
                && start.configuration.is_some()
            {
                return Ok(start.configuration);
            }
        }
        Ok(None)
    }

    /// The page is on disk.
    pub(in super::super) fn committed(&mut self, page: &Page) {
        self.chain = Some(page.chain);
        self.last = Some(Place::of(page));
    }

    /// Nobody knows whether the last page is on disk.
    pub(in super::super) fn failed(&mut self) {
        self.last = None;
        self.found = Found::default();
    }
}

impl Found {
    /// Those of a page's subjects that its second is not found by yet.
    fn fresh(&mut self, seq: Instant, mut subjects: Vec<Subject>) -> Vec<Subject> {
        let second = seq.0.div_euclid(1_000_000);
        if self.second != second {
            (self.second, self.subjects) = (second, HashSet::new());
        }
        subjects.retain(|subject| self.subjects.insert(*subject));
        subjects
    }
}

impl Place {
    fn of(page: &Page) -> Place {
        Place { chain: page.chain, number: page.number, link: page.link() }
    }
}
