//! Nanoseconds to tell whether a code is in a value set, over all value sets inside the binary: every code each of them
//! lists, and as many that it does not have.
//!
//!     cargo bench --bench terminology

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use sdoh_gateway::definitions::Definitions;
use sdoh_gateway::terminology::expansion::{Wanted, expand};
use sdoh_gateway::terminology::{CodeSet, Terminology};

/// How many questions are asked of each set in a round.
const QUESTIONS: usize = 5_000;
/// How many rounds there are.
const ROUNDS: usize = 7;

fn main() {
    let definitions = Arc::new(Definitions::embedded().expect("the embedded definitions"));
    let terminology = Terminology::new(Arc::clone(&definitions));
    let started = Instant::now();
    let sets: Vec<(String, &Arc<CodeSet>)> = definitions
        .value_sets()
        .map(|set| set.canonical())
        .filter_map(|canonical| terminology.set(&canonical).map(|set| (canonical, set)))
        .collect();
    println!("{} value sets read and worked out in {:?}", sets.len(), started.elapsed());
    let mut figures: Vec<(f64, f64, usize, &str)> = Vec::new();
    for (canonical, set) in &sets {
        let Ok(expansion) =
            expand(&terminology, set, Wanted { count: Some(usize::MAX), ..Wanted::default() })
        else {
            continue;
        };
        let codes: Vec<(Option<&str>, &str)> =
            expansion.codes.iter().map(|code| (code.system.as_deref(), code.code.as_str())).collect();
        if codes.is_empty() {
            continue;
        }
        let others: Vec<String> = codes.iter().map(|(_, code)| format!("{code}?")).collect();
        let others: Vec<(Option<&str>, &str)> =
            codes.iter().zip(&others).map(|((system, _), other)| (*system, other.as_str())).collect();
        figures.push((measure(set, &codes), measure(set, &others), codes.len(), canonical));
    }
    for (name, of) in [("in", 0), ("not in", 1)] {
        let mut each: Vec<f64> =
            figures.iter().map(|figure| if of == 0 { figure.0 } else { figure.1 }).collect();
        each.sort_by(f64::total_cmp);
        let at = |part: f64| each.get(((each.len() - 1) as f64 * part) as usize).copied().unwrap_or_default();
        println!(
            "{name:<7} median {:>5.0} ns   99 % {:>5.0} ns   worst {:>5.0} ns   over {} sets",
            at(0.5),
            at(0.99),
            at(1.0),
            each.len()
        );
    }
    figures.sort_by(|a, b| b.0.max(b.1).total_cmp(&a.0.max(a.1)));
    println!("the slowest:");
    for (member, other, codes, canonical) in figures.iter().take(5) {
        println!("  {member:>5.0} ns in, {other:>5.0} ns not in, {codes:>5} codes: {canonical}");
    }
}

/// Nanoseconds a question, in the best of some rounds: the others were disturbed.
fn measure(set: &CodeSet, codes: &[(Option<&str>, &str)]) -> f64 {
    let round = |_| {
        let asked = codes.iter().cycle().take(QUESTIONS);
        let started = Instant::now();
        for (system, code) in asked {
            black_box(set.contains(black_box(*system), black_box(code)));
        }
        started.elapsed().as_nanos() as f64 / QUESTIONS as f64
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}
