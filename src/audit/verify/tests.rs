use super::*;
use crate::audit::{Actor, Event, Origin, SigningKey, lines_of};
use crate::fhir::time::Instant;

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

/// Another first character than it has.
fn spoil(signature: &mut String) {
    let other = if signature.starts_with('/') { "A" } else { "/" };
    signature.replace_range(..1, other);
}

#[test]
fn a_whole_record() {
    let key = key();
    let pages = record(&key);
    let public = [key.public_key()];
    let checkpoints: Vec<Checkpoint> = pages.iter().map(|page| Checkpoint::new(page, &public[0])).collect();
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
    let checkpoints: Vec<Checkpoint> = whole.iter().map(|page| Checkpoint::new(page, &public[0])).collect();
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
    let gone = "chain 2 ends with page 2, but the checkpoint of 1970-01-01T00:00:00.000023Z has seen page 3";
    check(&|pages| drop(pages.pop()), &checkpoints, gone);
    check(&|pages| drop(pages.drain(3..)), &checkpoints, "chain 2 ends with page 0");
    let forged = "page 2 of chain 2, of 1970-01-01T00:00:00.000022Z, has a signature that is not its key's";
    check(&|pages| spoil(&mut pages[4].signature), &[], forged);
    check(&|pages| spoil(&mut pages[5].signature), &[], "page 3 of chain 2");
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
    assert!(matches!(judge(&forged, &public, &[], false), Err(Break::Forged { chain: 1, number: 3, .. })));
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
