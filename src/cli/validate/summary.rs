//! What it came to, in a line.

use std::time::Duration;

use super::report::{Report, Tally};

/// The counts of a whole run.
#[derive(Debug, Default)]
pub(super) struct Summary {
    tally: Tally,
    pub(super) invalid: u64,
    failures: u64,
}

impl Summary {
    /// Counts a report in.
    pub(super) fn add(&mut self, report: &Report) {
        let (all, more) = (&mut self.tally, &report.tally);
        all.files += more.files;
        all.valid += more.valid;
        all.invalid += more.invalid;
        all.errors += more.errors;
        all.warnings += more.warnings;
        all.remarks += more.remarks;
        self.invalid = all.invalid;
        self.failures += u64::from(report.failure.is_some());
    }

    /// Whether everything could be looked at.
    pub(super) fn is_complete(&self) -> bool {
        self.failures == 0
    }

    /// `3 resources in 2 files: 2 valid, 1 invalid; 1 error, 4 warnings; 0.31 s, 10 resources/s`.
    pub(super) fn text(&self, took: Duration) -> String {
        let Tally { files, valid, invalid, errors, warnings, remarks } = self.tally;
        let resources = valid + invalid;
        let seconds = took.as_secs_f64();
        let mut text = format!(
            "{} in {}: {valid} valid, {invalid} invalid; {}, {}, {}; ",
            count(resources, "resource"),
            count(files, "file"),
            count(errors, "error"),
            count(warnings, "warning"),
            count(remarks, "remark"),
        );
        if self.failures > 0 {
            text.push_str(&format!("{} could not be read; ", self.failures));
        }
        text.push_str(&format!("{seconds:.2} s"));
        if resources > 1 {
            text.push_str(&format!(", {:.0} resources/s", resources as f64 / seconds.max(1e-6)));
        }
        text
    }
}

fn count(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
