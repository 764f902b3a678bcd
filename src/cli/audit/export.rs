//! `audit export`.

use std::io::{BufWriter, Write as _};

use clap::Args;

use super::super::{Failure, Settings};
use super::{Extent, Reading, patient_id};

/// Options of `audit export`.
#[derive(Debug, Args)]
pub(in super::super) struct Export {
    /// Only what concerns this patient, in the default space unless --space names one.
    #[arg(long, value_name = "PATIENT", value_parser = patient_id)]
    patient: Option<String>,
    #[command(flatten)]
    extent: Extent,
    #[command(flatten)]
    settings: Settings,
}

impl Export {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let gateway = self.settings.gateway().await?;
        let space = self.extent.space.as_deref().unwrap_or_default();
        let patient = self.patient.as_deref().map(|id| (space, id));
        let reading = Reading { extent: &self.extent, patient };
        let mut out = BufWriter::new(std::io::stdout().lock());
        let written = reading.each(&gateway, "audit export", |_, resources| {
            for resource in resources {
                let is_meant = self.patient.as_deref().is_none_or(|id| names_patient(&resource, id));
                if is_meant {
                    writeln!(out, "{}", resource.to_json()).map_err(Failure::other)?;
                }
            }
            Ok(())
        });
        written.await?;
        out.flush().map_err(Failure::other)?;
        gateway.close().await;
        Ok(())
    }
}

/// Whether an AuditEvent is that of this Patient: an event that concerns several comes to one for each.
fn names_patient(resource: &crate::fhir::Resource, id: &str) -> bool {
    let reference = format!("Patient/{id}");
    let entities = resource.get("entity").and_then(serde_json::Value::as_array).into_iter().flatten();
    entities.into_iter().any(|entity| entity["what"]["reference"] == *reference)
}
