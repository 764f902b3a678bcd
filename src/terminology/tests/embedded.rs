//! All value sets inside the binary.

use std::time::Instant;

use super::terminology;
use crate::terminology::Membership::Member;
use crate::terminology::expansion::{NotExpanded, Wanted, expand};
use crate::terminology::verdict::{Asked, in_value_set};

#[test]
fn what_is_expanded_is_in_and_what_is_not_is_out() {
    let terminology = terminology();
    let (mut expanded, mut unknown, mut codes_seen) = (0, 0, 0);
    for set in terminology.definitions.value_sets() {
        let canonical = set.canonical();
        let codes = terminology.set(&canonical).unwrap();
        match expand(terminology, codes, Wanted { count: Some(usize::MAX), ..Wanted::default() }) {
            Ok(expansion) => {
                expanded += 1;
                codes_seen += expansion.codes.len();
                for code in &expansion.codes {
                    let system = code.system.as_deref();
                    assert_eq!(codes.contains(system, &code.code), Member, "{canonical} {}", code.code);
                    assert_eq!(codes.contains(None, &code.code), Member, "{canonical} {}", code.code);
                    let asked = Asked {
                        system,
                        code: &code.code,
                        display: code.display.as_deref(),
                        ..Asked::default()
                    };
                    let verdict = in_value_set(terminology, codes, asked);
                    assert!(!verdict.is_misnamed, "{canonical} {}", code.code);
                }
                // Whatever else its systems have is out, or cannot be told.
                let listed: std::collections::HashSet<(Option<&str>, &str)> =
                    expansion.codes.iter().map(|code| (code.system.as_deref(), code.code.as_str())).collect();
                for system in codes.systems() {
                    let concepts = crate::terminology::Library::concepts(terminology, system);
                    for concept in concepts.iter().flat_map(|known| &known.system.concepts) {
                        let is_in = codes.contains(Some(system), &concept.code) == Member;
                        let is_listed = listed.contains(&(Some(system), concept.code.as_str()));
                        let folds = concepts.as_ref().is_some_and(|known| !known.system.case_sensitive);
                        // A publisher's list is of its day.
                        let is_published = codes.published > 0;
                        assert!(is_in == is_listed || folds || is_published, "{canonical} {}", concept.code);
                    }
                }
            }
            Err(NotExpanded::Missing(missing)) => {
                unknown += 1;
                assert!(!missing.is_empty(), "{canonical}");
            }
            Err(error) => panic!("{canonical}: {error}"),
        }
    }
    println!("{expanded} value sets expanded to {codes_seen} codes; {unknown} need what is not at hand");
    assert!(expanded > 450 && unknown < 190, "{expanded} {unknown}");
}

/// Measured where it is asked for: other tests run at the same time. See `benches/terminology.rs`.
#[test]
fn sets_are_worked_out_in_time() {
    let terminology = terminology();
    let started = Instant::now();
    let sets = terminology.definitions.value_sets().map(|set| set.canonical()).collect::<Vec<_>>();
    for set in &sets {
        let _ = terminology.set(set).unwrap().is_known();
    }
    println!("{} value sets worked out in {:?}", sets.len(), started.elapsed());
}
