//! What the clinic does: screen, refer, and see what came of it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::DemoError;
use super::party::{Party, address, print_issues, resource, text};

/// The clinic registers who takes part, and what it knows of the patient's need.
pub(super) async fn prepare(clinic: &Party) -> Result<(), DemoError> {
    clinic.act("connects, and records the patient, the screening, the need and the consent");
    clinic.get("metadata").await?;
    for file in [
        include_str!("../../fixtures/demo/clinic.json"),
        include_str!("../../fixtures/demo/pantry.json"),
        include_str!("../../fixtures/demo/practitioner.json"),
        include_str!("../../fixtures/demo/practitioner-role.json"),
        include_str!("../../fixtures/demo/patient.json"),
        include_str!("../../fixtures/demo/screening.json"),
        include_str!("../../fixtures/demo/condition.json"),
        include_str!("../../fixtures/demo/consent.json"),
    ] {
        clinic.put_new(&resource(file)).await?;
    }
    Ok(())
}

/// A referral with two mistakes: it says nowhere what is to be done, and its status is none.
pub(super) async fn refer_wrongly(clinic: &Party) -> Result<(), DemoError> {
    clinic.act("sends a referral with mistakes in it, and is told what they are");
    let mut task = resource(include_str!("../../fixtures/demo/task.json"));
    if let Value::Object(task) = &mut task {
        task.remove("focus");
    }
    task["status"] = json!("sent");
    let outcome = clinic.ask(Method::POST, "Task", Some(&task), StatusCode::UNPROCESSABLE_ENTITY).await?;
    print_issues(&outcome);
    Ok(())
}

/// The referral: the order and the Task that carries it. Gives the Task's address.
pub(super) async fn refer(clinic: &Party) -> Result<String, DemoError> {
    clinic.act("sends the referral: an order, and the Task that asks the pantry to fulfil it");
    let order = clinic.post(&resource(include_str!("../../fixtures/demo/service-request.json"))).await?;
    let mut task = resource(include_str!("../../fixtures/demo/task.json"));
    task["focus"] = json!({"reference": address(&order)});
    let task = clinic.post(&task).await?;
    Ok(address(&task))
}

/// The clinic looks again, and finds the loop closed.
pub(super) async fn see_it_closed(clinic: &Party, task: &str) -> Result<(), DemoError> {
    clinic.act("looks at its referrals, and finds out what happened");
    let found = clinic.get("Task?requester=PractitionerRole/dana-at-riverbend&_sort=-_lastUpdated&_include=Task:focus&_include=Task:output").await?;
    for entry in found["entry"].as_array().into_iter().flatten() {
        let found = &entry["resource"];
        println!("           {} is {}", address(found), text(found, "status"));
    }
    let timeline = clinic.get(&format!("{task}/$timeline")).await?;
    print_timeline(&timeline);
    let closed = found["entry"].as_array().into_iter().flatten().any(|entry| {
        text(&entry["resource"], "resourceType") == "ServiceRequest"
            && text(&entry["resource"], "status") == "completed"
    });
    println!(
        "\nThe loop is {}.",
        if closed {
            "closed: the order is completed, and the clinic sees when and with what outcome"
        } else {
            "open"
        }
    );
    match closed {
        true => Ok(()),
        false => Err(DemoError::Unexpected { party: "the clinic", request: "its order".into(), status: 200 }),
    }
}

/// Prints the steps of a timeline, and its summary.
fn print_timeline(timeline: &Value) {
    let parameters = || timeline["parameter"].as_array().into_iter().flatten();
    for step in parameters().filter(|parameter| text(parameter, "name") == "step") {
        let part = |name: &str| step["part"].as_array()?.iter().find(|part| text(part, "name") == name);
        let sentence = part("text").map_or("", |part| text(part, "valueString"));
        let when = part("when").map_or("", |part| text(part, "valueInstant"));
        println!("           {when:<27}  {sentence}");
    }
    for summary in parameters().filter(|parameter| text(parameter, "name") == "summary") {
        println!("           {}", text(summary, "valueString"));
    }
}
