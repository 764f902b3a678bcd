//! Saying aloud what was not tested.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Says that something was not tested, on standard error and in the file of skips.
///
/// Panics where all is required.
pub fn skipped(what: &str) {
    say(&format!("skipped: {what}\n"));
}

/// Says the same of a test that wants software of others which not every machine has to have: the gate lets it pass.
pub fn not_installed(what: &str) {
    say(&format!("skipped, not installed: {what}\n"));
}

fn say(line: &str) {
    eprint!("{line}");
    if let Some(path) = std::env::var_os("SDOH_GATEWAY_TEST_SKIPS") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).unwrap();
    }
    let required = std::env::var_os("SDOH_GATEWAY_TEST_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "{line}and SDOH_GATEWAY_TEST_REQUIRE_ALL=1 wants it");
}
