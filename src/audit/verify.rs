//! Proving that nothing was changed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::fhir::time::Instant;

use super::{Checkpoint, End, Kind, NO_PAGE, Page, PublicKey, Start, events_of, hash_of};

/// Where the record is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Hash and contents do not go together.
    #[error("page {number} of chain {chain}, of {}, is not as it was written: it was changed", .at.to_fhir())]
    Changed {
        /// Which chain.
        chain: u64,
        /// Which page.
        number: u64,
        /// Its moment, as it is now.
        at: Instant,
    },
    /// Pages are not there.
    #[error("chain {chain} has no page {number}, but has later ones: it was removed or put elsewhere")]
    Missing {
        /// Which chain.
        chain: u64,
        /// The first that is not there.
        number: u64,
    },
    /// A page that nobody with the key has signed.
    #[error("page {number} of chain {chain}, of {}, has a signature that is not its key's: it was written anew", .at.to_fhir())]
    Forged {
        /// Which chain.
        chain: u64,
        /// Which page.
        number: u64,
        /// Its moment, as it is now.
        at: Instant,
    },
    /// The end of a chain is not there.
    #[error("chain {chain} ends with page {last}, but {witness} has seen page {number}: its end was removed")]
    CutOff {
        /// Which chain.
        chain: u64,
        /// The last page there is; 0 for none.
        last: u64,
        /// The page that was seen.
        number: u64,
        /// By whom: the start of a later chain, or a checkpoint.
        witness: String,
    },
    /// A page is another than the one that was seen.
    #[error(
        "page {number} of chain {chain} is not the one that {witness} has seen: the chain was written anew"
    )]
    Rewritten {
        /// Which chain.
        chain: u64,
        /// Which page.
        number: u64,
        /// Who has seen another.
        witness: String,
    },
    /// Searches would pass a page over.
    #[error(
        "page {number} of chain {chain}, of {}, is not found by all it speaks of: entries of the index were removed \
         ('reindex' makes them anew)", .at.to_fhir()
    )]
    Hidden {
        /// Which chain.
        chain: u64,
        /// Which page.
        number: u64,
        /// Its moment.
        at: Instant,
    },
    /// A chain that does not begin by telling who writes it.
    #[error("chain {chain} does not begin with a start")]
    NoStart {
        /// Which chain.
        chain: u64,
    },
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Actor, Event, Origin, SigningKey, lines_of};

    fn key() -> SigningKey {
        SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap()
    }

    fn event(at: i64, kind: Kind) -> Event {
        Event::new(Instant(at), kind, Actor::Gateway, Origin::default())
    }

    /// Writes pages as a gateway does, three in each of two chains; the second chain names the end of the first.
    fn record(key: &SigningKey) -> Vec<Page> {
        let mut pages: Vec<Page> = Vec::new();
        for chain in 1..=2 {
            let mut previous = NO_PAGE.to_owned();
            for number in 1..=3 {
                let seq = Instant(i64::try_from(chain * 10 + number).unwrap());
                let ends = pages.last().map(Page::end).into_iter().collect();
                let start = Start {
                    node: "n".into(),
                    version: "1".into(),
                    key: key.public_key().to_string(),
                    configuration: None,
                    ends,
                };
                let kind = if number == 1 { Kind::Start(Box::new(start)) } else { Kind::Read };
                let page = Page {
                    seq,
                    chain,
                    number,
                    hash: String::new(),
                    signature: String::new(),
                    events: lines_of(&[event(seq.0, kind), event(seq.0, Kind::Search)]),
                };
                pages.push(sealed(page, &previous, key));
                previous = pages.last().unwrap().link();
            }
        }
        pages
    }

    fn sealed(mut page: Page, previous: &str, key: &SigningKey) -> Page {
        page.hash = hash_of(previous, &page);
        page.signature = key.sign(&page.end());
        page
    }

    fn judge(
        pages: &[Page],
        keys: &[PublicKey],
        checkpoints: &[Checkpoint],
        every: bool,
    ) -> Result<Verdict, Break> {
        let mut verifier = Verifier::new(keys, checkpoints);
        if every {
            verifier = verifier.with_every_signature();
        }
        pages.iter().try_for_each(|page| verifier.take(page))?;
        verifier.finish()
    }

    #[test]
    fn a_whole_record() {
        let key = key();
        let pages = record(&key);
        let public = [key.public_key()];
        let checkpoints: Vec<Checkpoint> =
            pages.iter().map(|page| Checkpoint::new(page, &public[0])).collect();
        let verdict = judge(&pages, &public, &checkpoints, true).unwrap();
        assert_eq!(verdict, Verdict { chains: 2, pages: 6, events: 12, ..Verdict::default() });
        assert!(verdict.is_proved());
        let verdict = judge(&pages, &[], &checkpoints[..1], false).unwrap();
        assert_eq!((verdict.unproved, verdict.unproved_checkpoints), (vec![1, 2], 1));
        assert!(judge(&[], &public, &[], true).unwrap().is_proved());
    }

    #[test]
    fn each_break_is_named() {
        let key = key();
        let whole = record(&key);
        let public = [key.public_key()];
        let checkpoints: Vec<Checkpoint> =
            whole.iter().map(|page| Checkpoint::new(page, &public[0])).collect();
        let check = |change: &dyn Fn(&mut Vec<Page>), checkpoints: &[Checkpoint], expected: &str| {
            let mut pages = whole.clone();
            change(&mut pages);
            pages.sort_by_key(|page| page.seq);
            let found = judge(&pages, &public, checkpoints, false)
                .and_then(|_| judge(&pages, &public, checkpoints, true));
            let found = found.err().map_or("whole".to_owned(), |found| found.to_string());
            assert!(found.contains(expected), "{found} instead of {expected}");
        };
        let changed = "page 2 of chain 1, of 1970-01-01T00:00:00.000012Z, is not as it was written";
        check(&|pages| pages[1].events = pages[1].events.replace("read", "reap"), &[], changed);
        check(&|pages| pages[1].hash.replace_range(..1, "x"), &[], changed);
        check(&|pages| pages[1].seq = Instant(14), &[], "chain 1 has no page 2");
        check(
            &|pages| {
                let seq = pages[1].seq;
                pages[1].seq = pages[2].seq;
                pages[2].seq = seq;
            },
            &[],
            "chain 1 has no page 2",
        );
        check(&|pages| drop(pages.remove(1)), &[], "chain 1 has no page 2");
        check(&|pages| drop(pages.remove(0)), &[], "chain 1 has no page 1");
        check(
            &|pages| drop(pages.remove(2)),
            &[],
            "chain 1 ends with page 2, but the start of chain 2 has seen page 3",
        );
        check(
            &|pages| drop(pages.drain(..3)),
            &[],
            "chain 1 ends with page 0, but the start of chain 2 has seen page 3",
        );
        // The very end is missed by those only who have seen it.
        check(&|pages| drop(pages.pop()), &[], "whole");
        check(&|pages| drop(pages.drain(3..)), &[], "whole");
        let gone =
            "chain 2 ends with page 2, but the checkpoint of 1970-01-01T00:00:00.000023Z has seen page 3";
        check(&|pages| drop(pages.pop()), &checkpoints, gone);
        check(&|pages| drop(pages.drain(3..)), &checkpoints, "chain 2 ends with page 0");
        let forged =
            "page 2 of chain 2, of 1970-01-01T00:00:00.000022Z, has a signature that is not its key's";
        check(&|pages| pages[4].signature.replace_range(..1, "/"), &[], forged);
        check(&|pages| pages[5].signature.replace_range(..1, "/"), &[], "page 3 of chain 2");
        check(&|pages| pages[0].events = pages[1].events.clone(), &[], "page 1 of chain 1");
    }

    /// All hashes computed anew: by one without the key, and by one who has it.
    #[test]
    fn a_past_written_anew() {
        let owner = key();
        let whole = record(&owner);
        let checkpoints: Vec<Checkpoint> =
            whole.iter().map(|page| Checkpoint::new(page, &owner.public_key())).collect();
        let rewrite = |key: &SigningKey, from: usize| {
            let mut pages = whole[..3].to_vec();
            for at in from..3 {
                let previous = if at == 0 { NO_PAGE.to_owned() } else { pages[at - 1].link() };
                let mut page = pages[at].clone();
                page.events = page.events.replace("search", "read");
                pages[at] = sealed(page, &previous, key);
            }
            pages
        };
        let public = [owner.public_key()];
        let forged = rewrite(&key(), 1);
        assert!(matches!(
            judge(&forged, &public, &[], false),
            Err(Break::Forged { chain: 1, number: 3, .. })
        ));
        assert!(matches!(judge(&forged, &public, &[], true), Err(Break::Forged { chain: 1, number: 2, .. })));
        let signed = rewrite(&owner, 1);
        assert!(judge(&signed, &public, &[], true).unwrap().is_proved());
        let rewritten = judge(&signed, &public, &checkpoints[1..2], true);
        assert!(matches!(rewritten, Err(Break::Rewritten { chain: 1, number: 2, .. })), "{rewritten:?}");
        // The start of the second chain has seen the end of the first.
        let pages = [&signed[..], &whole[3..]].concat();
        let rewritten = judge(&pages, &public, &[], true);
        assert!(matches!(rewritten, Err(Break::Rewritten { chain: 1, number: 3, .. })), "{rewritten:?}");
    }
}
