//! `audit`: the record of who did what, proved whole, taken out, and asked of one patient.

mod export;
mod patient;
mod verify;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::audit::{Actor, Entity, Event, Kind, Origin, subject_of};
use crate::fhir::time::{Instant, Period};
use crate::fhir::{Id, Resource};
use crate::gateway::Gateway;
use crate::store::AuditFilter;

use super::Failure;

/// Pages read at once.
const AT_ONCE: usize = 256;

/// The record of who did what.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Prove that nothing was changed or removed, or name the first place where it was.
    Verify(verify::Verify),
    /// Write the record to standard output as AuditEvents, one a line.
    Export(export::Export),
    /// Tell who saw or changed what concerns a patient.
    Patient(patient::Patient),
}

impl Audit {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Audit::Verify(command) => command.run().await,
            Audit::Export(command) => command.run().await.map(|()| ExitCode::SUCCESS),
            Audit::Patient(command) => command.run().await.map(|()| ExitCode::SUCCESS),
        }
    }
}

/// Which part of the record is meant.
#[derive(Debug, Default, Args)]
struct Extent {
    /// Only what happened from then on: a date, or a date and time.
    #[arg(long, value_name = "DATE", value_parser = date)]
    since: Option<Period>,
    /// Only what happened until then.
    #[arg(long, value_name = "DATE", value_parser = date)]
    until: Option<Period>,
    /// Only in this space [default: all for export, the default space for patient]
    #[arg(long, value_name = "NAME")]
    space: Option<String>,
}

fn date(text: &str) -> Result<Period, String> {
    Period::parse(text).ok_or_else(|| "a date, or a date and time, as FHIR writes it: 2026-11-22".to_owned())
}

/// `Patient/1`, or `1`.
fn patient_id(text: &str) -> Result<String, String> {
    let id = Id::parse(text.strip_prefix("Patient/").unwrap_or(text));
    id.map(|id| id.to_string()).ok_or_else(|| "a Patient: Patient/1".to_owned())
}

/// What is read of the record.
struct Reading<'r> {
    extent: &'r Extent,
    /// Id of the Patient whom it has to concern; with it, the space.
    patient: Option<(&'r str, &'r str)>,
}

impl Reading<'_> {
    /// Goes through the events, the oldest first, each with its AuditEvents. That somebody does is recorded before.
    async fn each(
        &self,
        gateway: &Gateway,
        what: &str,
        mut visit: impl FnMut(&Event, Vec<Resource>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.record(gateway, what).await?;
        let subjects = self.patient.map(|(space, id)| [subject_of(space, "Patient", id)]);
        let filter = AuditFilter {
            subjects: subjects.as_ref().map(|subjects| subjects.as_slice()),
            from: self.extent.since.map(|since| since.low),
            to: None,
        };
        let (mut after, mut nodes) = (None, std::collections::HashMap::new());
        loop {
            let pages = gateway.store().audit_pages_after(after, filter, AT_ONCE).await;
            let pages = pages.map_err(Failure::other)?;
            let Some(last) = pages.last() else { return Ok(()) };
            after = Some(last.seq);
            for page in &pages {
                let events = gateway.audit_events_of(page, &mut nodes).await.map_err(Failure::other)?;
                for (event, resources) in events {
                    if self.means(&event) {
                        visit(&event, resources)?;
                    }
                }
            }
        }
    }

    fn means(&self, event: &Event) -> bool {
        let Extent { since, until, space } = self.extent;
        let is_within = since.is_none_or(|since| event.at >= since.low)
            && until.is_none_or(|until: Period| event.at <= until.high);
        is_within
            && space.as_ref().is_none_or(|space| event.space == *space)
            && self
                .patient
                .is_none_or(|(space, id)| event.space == space && event.all_patients().contains(&id))
    }

    async fn record(&self, gateway: &Gateway, what: &str) -> Result<(), Failure> {
        let now: Instant = gateway.clock().now();
        let mut event = Event::new(now, Kind::AuditUse, Actor::Operator, Origin::default());
        event.reason = what.to_owned();
        if let Some((space, id)) = self.patient {
            event.space = space.to_owned();
            event.entities = vec![Entity::named("Patient", id)];
        }
        gateway.write_down(vec![event]).await.map_err(Failure::other)
    }
}
