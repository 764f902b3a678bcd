//! A server and a model agree. Random sequences of writes by every verb, alone and in Bundles, in both formats, are
//! carried out by a gateway and by a model that knows R4 §3.1.0 and nothing of the gateway. After each step status,
//! `ETag`, `Location` and what comes back are as the model has them; in the end all versions, all histories and some
//! searches. Every answer parses as the format asked for.
//!
//! A failing sequence shrinks, and is printed with the seed that `SDOH_GATEWAY_TEST_SEED` takes to repeat it.
//! `SDOH_GATEWAY_TEST_LONG=1` runs many and longer ones.

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

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Handle;

use state::State;
use step::{Step, steps};

use crate::harness::{Server, is_long, on_both_with};

#[test]
fn a_server_and_a_model_agree() {
    let (cases, most_steps) = if is_long() { (300, 60) } else { (8, 40) };
    let spaces = 4 * cases;
    let seed =
        std::env::var("SDOH_GATEWAY_TEST_SEED").map(|seed| seed.parse().expect("the seed is a number"));
    let seed: u64 = seed.unwrap_or_else(|_| rand_seed());
    on_both_with(
        |config| config.spaces = (0..spaces).map(|number| format!("s{number}")).collect(),
        async |server| {
            let config = Config {
                cases,
                max_shrink_iters: spaces - cases,
                failure_persistence: None,
                ..Config::default()
            };
            let bytes: Vec<u8> = seed.to_le_bytes().into_iter().cycle().take(32).collect();
            let mut runner =
                TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
            // Each sequence has a space of its own, in which nothing is.
            let space = Cell::new(0);
            let handle = Handle::current();
            let outcome = tokio::task::block_in_place(|| {
                runner.run(&steps(most_steps), |steps| {
                    let number = space.replace(space.get() + 1);
                    handle.block_on(carry_out(server, &format!("s{number}"), &steps.0));
                    Ok(())
                })
            });
            outcome.unwrap_or_else(|error| panic!("SDOH_GATEWAY_TEST_SEED={seed}: {error}"));
        },
    );
}

/// Carries out a sequence in an empty space.
async fn carry_out(server: &Server, space: &str, steps: &[Step]) {
    let client = server.space(space);
    let mut state = State::default();
    for step in steps {
        match step {
            Step::One(write, wire) => write::one(&client, &mut state, write, *wire).await,
            Step::Batch(entries, wire) => bundle::batch(&client, &mut state, entries, *wire).await,
            Step::Transaction(entries, wire) => {
                bundle::transaction(&client, &mut state, entries, *wire).await
            }
            Step::Wrong(number, wire) => wrong::one(&client, *number, *wire).await,
            Step::Pause(seconds) => server.clock.advance(i64::from(*seconds)),
        }
    }
    agree::all(&client, &state).await;
}

/// Another one each time.
fn rand_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0)
}
