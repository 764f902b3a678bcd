//! `audit patient`.

use std::io::{BufWriter, Write as _};

use clap::Args;

use crate::audit::{Actor, Event, Outcome};

use super::super::{Failure, Settings};
use super::{Extent, Reading, patient_id};

/// Options of `audit patient`.
#[derive(Debug, Args)]
pub(in super::super) struct Patient {
    /// Whom it concerns: Patient/1
    #[arg(value_name = "PATIENT", value_parser = patient_id)]
    patient: String,
    #[command(flatten)]
    extent: Extent,
    #[command(flatten)]
    settings: Settings,
}

impl Patient {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let gateway = self.settings.gateway().await?;
        let space = self.extent.space.as_deref().unwrap_or_default();
        let reading = Reading { extent: &self.extent, patient: Some((space, &self.patient)) };
        let mut out = BufWriter::new(std::io::stdout().lock());
        let written = reading.each(&gateway, "audit patient", |event, _| {
            writeln!(out, "{}", line(event, &self.patient)).map_err(Failure::other)
        });
        written.await?;
        out.flush().map_err(Failure::other)?;
        gateway.close().await;
        Ok(())
    }
}

/// When, who, what, of which resources, from where, by which request; tabs between them.
fn line(event: &Event, patient: &str) -> String {
    let concerns = |id: &String| id == patient;
    let resources = event.entities.iter().filter(|entity| entity.patients.iter().any(concerns));
    let resources: Vec<String> = resources.map(|e| format!("{}/{}", e.type_name, e.id)).collect();
    let address = event.origin.address.map_or_else(String::new, |address| address.to_string());
    [event.at.to_fhir(), who(event), what(event), resources.join(" "), address, event.origin.request.clone()]
        .join("\t")
}

fn who(event: &Event) -> String {
    match &event.actor {
        Actor::Anyone => "anyone".to_owned(),
        Actor::Client { id, organization: Some(organization) } => format!("{id} for {organization}"),
        Actor::Client { id, organization: None } => id.clone(),
        Actor::Gateway => "the gateway".to_owned(),
        Actor::Operator => "an operator".to_owned(),
    }
}

fn what(event: &Event) -> String {
    let kind = serde_json::to_value(&event.kind).unwrap_or_default();
    let kind = kind.as_str().unwrap_or("start").replace('-', " ");
    let outcome = match event.outcome {
        Outcome::Success => "",
        Outcome::Refused => ", refused",
        Outcome::Failed => ", failed",
    };
    format!("{kind}{outcome}")
}
