//! Proving that nothing was changed.

mod broken;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

pub use broken::Break;

use super::{Checkpoint, End, Kind, NO_PAGE, Page, PublicKey, Start, events_of, hash_of};

/// What can be said of a record without a break.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many chains there are.
    pub chains: u64,
    /// How many pages.
    pub pages: u64,
    /// How many events.
    pub events: u64,
    /// Chains signed by a key that the reader does not know: their hashes go together, but anybody could have made them.
    pub unproved: Vec<u64>,
    /// Checkpoints signed by such a key, which prove nothing.
    pub unproved_checkpoints: u64,
}

impl Verdict {
    /// Whether it is proved that nothing was changed.
    pub fn is_proved(&self) -> bool {
        self.unproved.is_empty() && self.unproved_checkpoints == 0
    }
}

/// Takes the pages of all chains in their order, and tells the first break.
pub struct Verifier {
    keys: Vec<PublicKey>,
    every_signature: bool,
    chains: BTreeMap<u64, Chain>,
    /// What checkpoints have seen and the pages have not shown yet: hash and witness by chain and number.
    seen: BTreeMap<(u64, u64), Vec<(String, String)>>,
    verdict: Verdict,
}

/// A chain as far as it was read.
struct Chain {
    last: Page,
    /// The key it is signed with, where the reader knows it.
    key: Option<PublicKey>,
}

impl Verifier {
    /// A verifier that knows these keys, and these checkpoints.
    pub fn new(keys: &[PublicKey], checkpoints: &[Checkpoint]) -> Verifier {
        let mut verifier = Verifier {
            keys: keys.to_vec(),
            every_signature: false,
            chains: BTreeMap::new(),
            seen: BTreeMap::new(),
            verdict: Verdict::default(),
        };
        for Checkpoint { at, end, signature, .. } in checkpoints {
            if !keys.iter().any(|key| key.verifies(end, signature)) {
                verifier.verdict.unproved_checkpoints += 1;
                continue;
            }
            let witnesses = verifier.seen.entry((end.chain, end.number)).or_default();
            witnesses.push((end.hash.clone(), format!("the checkpoint of {at}")));
        }
        verifier
    }

    /// The same, looking at each page's signature. That of a chain's last page answers for all before it; but only this
    /// way is the first page found that was written anew.
    pub fn with_every_signature(self) -> Verifier {
        Verifier { every_signature: true, ..self }
    }

    /// Looks at the next page.
    ///
    /// Errors: the record is broken here.
    pub fn take(&mut self, page: &Page) -> Result<(), Break> {
        let (chain, number, at) = (page.chain, page.number, page.seq);
        let before = self.chains.get(&chain);
        let due = before.map_or(1, |before| before.last.number + 1);
        if number != due {
            return Err(Break::Missing { chain, number: due.min(number) });
        }
        let link = before.map_or_else(|| NO_PAGE.to_owned(), |before| before.last.link());
        if hash_of(&link, page) != page.hash {
            // It is linked to the signature before it, which nothing else tells of.
            before.map_or(Ok(()), Chain::check_signature)?;
            return Err(Break::Changed { chain, number, at });
        }
        for (hash, witness) in self.seen.remove(&(chain, number)).unwrap_or_default() {
            if hash != page.hash {
                return Err(Break::Rewritten { chain, number, witness });
            }
        }
        let start = if number == 1 { Some(self.start(page)?) } else { None };
        let known = match self.chains.entry(chain) {
            Entry::Occupied(known) => {
                let known = known.into_mut();
                known.last.clone_from(page);
                known
            }
            Entry::Vacant(place) => {
                let key = start.and_then(|start| self.keys.iter().find(|key| key.to_string() == start.key));
                place.insert(Chain { last: page.clone(), key: key.cloned() })
            }
        };
        if self.every_signature {
            known.check_signature()?;
        }
        self.verdict.pages += 1;
        self.verdict.events += page.events.lines().count() as u64;
        Ok(())
    }

    /// The start of a chain, once all that it names is found.
    fn start(&self, page: &Page) -> Result<Start, Break> {
        let chain = page.chain;
        let first = events_of(&page.events).next().map(|(_, event)| event.kind);
        let Some(Kind::Start(start)) = first else { return Err(Break::NoStart { chain }) };
        let witness = || format!("the start of chain {chain}");
        for End { chain, number, hash } in &start.ends {
            let (chain, number) = (*chain, *number);
            match self.chains.get(&chain).map(|known| &known.last) {
                Some(last) if last.number == number && last.hash != *hash => {
                    return Err(Break::Rewritten { chain, number, witness: witness() });
                }
                Some(last) if last.number >= number => {}
                last => {
                    let last = last.map_or(0, |last| last.number);
                    return Err(Break::CutOff { chain, last, number, witness: witness() });
                }
            }
        }
        Ok(*start)
    }

    /// What can be said when all pages were seen.
    ///
    /// Errors: an end is missing, or not signed.
    pub fn finish(self) -> Result<Verdict, Break> {
        let mut verdict = self.verdict;
        for (id, chain) in &self.chains {
            verdict.chains += 1;
            match chain.key {
                Some(_) => chain.check_signature()?,
                None => verdict.unproved.push(*id),
            }
        }
        match self.seen.into_iter().next() {
            None => Ok(verdict),
            Some(((chain, number), witnesses)) => {
                let last = self.chains.get(&chain).map_or(0, |chain| chain.last.number);
                let witness = witnesses.into_iter().next().map(|(_, witness)| witness).unwrap_or_default();
                Err(Break::CutOff { chain, last, number, witness })
            }
        }
    }
}

impl Chain {
    fn check_signature(&self) -> Result<(), Break> {
        match &self.key {
            Some(key) if !key.verifies(&self.last.end(), &self.last.signature) => {
                let Page { chain, number, seq: at, .. } = self.last;
                Err(Break::Forged { chain, number, at })
            }
            _ => Ok(()),
        }
    }
}
