//! A server and a model agree. Random sequences of writes by every verb, alone and in Bundles, in both formats, are
//! carried out by a gateway and by a model that knows R4 §3.1.0 and nothing of the gateway. After each step status,
//! `ETag`, `Location` and what comes back are as the model has them; in the end all versions, all histories and some
//! searches. Every answer parses as the format asked for.
//!
//! A failing sequence shrinks, and is printed with the seed that `SDOH_GATEWAY_TEST_SEED` takes to repeat it and to
//! shrink it further. `SDOH_GATEWAY_TEST_LONG=1` runs many and longer ones.

mod agree;
mod bundle;
mod content;
mod outcome;
mod part;
mod state;
mod step;
mod transaction;
mod well_formed;
mod wire;
mod write;
mod wrong;

use std::cell::Cell;
use std::env;
use std::hash::{BuildHasher as _, RandomState};

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Handle;

use state::State;
use step::{Step, Steps, steps};

use crate::harness::{Client, Server, is_long, on_both_with};

#[test]
fn a_server_and_a_model_agree() {
    let (cases, most_steps) = if is_long() { (300, 60) } else { (6, 40) };
    let repeated: Option<u64> = env::var("SDOH_GATEWAY_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = repeated.unwrap_or_else(|| RandomState::new().hash_one(0));
    // Each sequence has a space of its own, in which nothing is; they take a while to open.
    let shrinks = if repeated.is_some() || is_long() { 400 } else { 24 };
    on_both_with(
        |config| config.spaces = (0..cases + shrinks).map(space).collect(),
        async |server| {
            let config =
                Config { cases, max_shrink_iters: shrinks, failure_persistence: None, ..Config::default() };
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed.to_le_bytes().repeat(4));
            let number = Cell::new(0);
            let handle = Handle::current();
            let outcome = tokio::task::block_in_place(|| {
                TestRunner::new_with_rng(config, rng).run(&steps(most_steps), |Steps(steps)| {
                    let client = server.space(&space(number.replace(number.get() + 1)));
                    handle.block_on(carry_out(server, &client, &steps));
                    Ok(())
                })
            });
            outcome.unwrap_or_else(|error| panic!("SDOH_GATEWAY_TEST_SEED={seed}: {error}"));
        },
    );
}

fn space(number: u32) -> String {
    format!("s{number}")
}

/// Carries out a sequence where nothing is.
async fn carry_out(server: &Server, client: &Client, steps: &[Step]) {
    let mut state = State::default();
    for step in steps {
        match step {
            Step::One(write, wire) => write::one(client, &mut state, write, *wire).await,
            Step::Batch(entries, wire) => bundle::batch(client, &mut state, entries, *wire).await,
            Step::Transaction(entries, is_careful, wire) => {
                bundle::transaction(client, &mut state, entries, *is_careful, *wire).await;
            }
            Step::Wrong(number, wire) => wrong::one(client, *number, *wire).await,
            Step::Pause(seconds) => server.clock.advance(i64::from(*seconds)),
        }
    }
    agree::all(client, &state).await;
}
