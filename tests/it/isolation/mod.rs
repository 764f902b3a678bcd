//! Nobody ever sees, or can tell of, what is not theirs to see: asked of every endpoint by chance, as everybody, and judged
//! by a model of its own. `SDOH_GATEWAY_TEST_LONG=1` asks 100,000 times; a seed is repeated by `SDOH_GATEWAY_TEST_SEED`.

mod chance;
mod model;
mod probe;
mod world;

use crate::harness::login::with_login;
use crate::harness::on_both_with;
use world::{SPACES, World, registrations};

#[test]
fn nobody_sees_what_is_hidden() {
    let is_long = std::env::var_os("SDOH_GATEWAY_TEST_LONG").is_some();
    let (referrals, questions) = if is_long { (2_000, 100_000) } else { (30, 500) };
    let seed = std::env::var("SDOH_GATEWAY_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    eprintln!("seed {seed}");
    on_both_with(
        |config| {
            with_login(config, registrations());
            config.spaces.extend(SPACES.into_iter().filter(|space| !space.is_empty()).map(str::to_owned));
        },
        async |server| {
            let mut world = World::new(server, seed).await;
            for _ in 0..referrals / 2 {
                world.refer().await;
            }
            // What has ended by now is hidden again from those who did the work.
            world.pass(server, 31).await;
            for _ in 0..referrals / 2 {
                world.refer().await;
            }
            for _ in 0..questions {
                probe::ask(&mut world).await;
            }
        },
    );
}
