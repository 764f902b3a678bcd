//! What the pantry does: look for work, accept it, do it, and say what it did.

use serde_json::{Value, json};

use super::DemoError;
use super::party::{Party, address, resource, text};

/// The pantry polls, reads what the referral is about, and accepts.
pub(super) async fn accept(pantry: &Party, task: &str) -> Result<(), DemoError> {
    pantry.act("looks for new referrals, reads this one, and accepts it");
    let poll =
        "Task?owner=Organization/open-shelf-pantry&status=requested&_sort=-_lastUpdated&_include=Task:focus";
    let found = pantry.get(poll).await?;
    let entries = found["entry"].as_array().into_iter().flatten().map(|entry| &entry["resource"]);
    if let Some(order) = entries.into_iter().find(|found| text(found, "resourceType") == "ServiceRequest") {
        pantry.get(text(&order["subject"], "reference")).await?;
        pantry.get(text(&order["supportingInfo"][0], "reference")).await?;
    }
    set_status(pantry, task, "accepted").await
}

/// The pantry starts.
pub(super) async fn work(pantry: &Party, task: &str) -> Result<(), DemoError> {
    pantry.act("packs the groceries");
    set_status(pantry, task, "in-progress").await
}

/// The pantry records what it did, and completes the referral with it.
pub(super) async fn complete(pantry: &Party, task: &str) -> Result<(), DemoError> {
    pantry.act("records what it did, and completes the referral");
    let mut task = pantry.get(task).await?;
    let mut procedure = resource(include_str!("../../fixtures/demo/procedure.json"));
    procedure["basedOn"] = json!([task["focus"]]);
    let procedure = pantry.post(&procedure).await?;
    task["status"] = json!("completed");
    task["output"] = json!([{
        "type": {"coding": [{
            "system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes",
            "code": "resulting-activity",
        }]},
        "valueReference": {"reference": address(&procedure)},
    }]);
    pantry.put(&task).await?;
    Ok(())
}

async fn set_status(pantry: &Party, task: &str, status: &str) -> Result<(), DemoError> {
    let mut task: Value = pantry.get(task).await?;
    task["status"] = json!(status);
    pantry.put(&task).await?;
    Ok(())
}
