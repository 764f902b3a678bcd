//! Who took part.

use serde_json::{Value, json};

use super::super::{Actor, Event};
use super::Recorder;
use super::codes::Code;
use super::shape::{APPLICATION, Cast, RECIPIENT, Shape};

const PROVIDER: Code =
    Code::new("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV", "healthcare provider");
const AUTHORIZER: Code = Code::new(
    "http://terminology.hl7.org/CodeSystem/extra-security-role-type",
    "authserver",
    "Authorization Server",
);
const SOURCE: Code = Code::dicom("110153", "Source Role ID");
const DESTINATION: Code = Code::dicom("110152", "Destination Role ID");

/// The agents of an event. One of them is who asked for it.
pub(super) fn agents(event: &Event, shape: &Shape, recorder: Recorder<'_>) -> Vec<Value> {
    let organization = organization(event);
    let asks_itself = organization.is_none();
    let client = |role| agent(role, client(event, recorder), client_network(event, recorder), asks_itself);
    let server = |role| agent(role, gateway(recorder), Some(own_network(recorder)), false);
    let user = |role| organization.map(|reference| agent(role, json!({"reference": reference}), None, true));
    match shape.cast {
        Cast::Exchange { client: as_client, server: as_server, user: as_user } => {
            [client(as_client), server(as_server)].into_iter().chain(user(as_user)).collect()
        }
        Cast::Disclosure => {
            let recipient = event.recipient.as_deref().or(organization);
            let who = recipient.map_or_else(|| self::client(event, recorder), |to| json!({"reference": to}));
            let network = client_network(event, recorder).unwrap_or_else(|| own_network(recorder));
            vec![server(SOURCE), agent(DESTINATION, who, Some(network), true)]
        }
        Cast::Decision => {
            let recipient = event.recipient.as_deref().or(organization);
            let of_recipient = |role, asks| {
                recipient.map(|reference| agent(role, json!({"reference": reference}), None, asks))
            };
            let asking = recipient.is_none();
            let network = client_network(event, recorder);
            let mut agents = vec![agent(APPLICATION, self::client(event, recorder), network, asking)];
            agents.extend(of_recipient(RECIPIENT, true));
            agents.extend(of_recipient(PROVIDER, false));
            agents.push(agent(AUTHORIZER, gateway(recorder), None, false));
            agents
        }
        Cast::Login => [client(APPLICATION), server(AUTHORIZER)].into_iter().chain(user(RECIPIENT)).collect(),
        Cast::Alone => std::iter::once(client(APPLICATION)).chain(user(RECIPIENT)).collect(),
    }
}

/// Whether nothing is missing that the patterns want of agents: all are reached over a network.
pub(super) fn are_all_known(event: &Event) -> bool {
    event.origin.address.is_some() || event.actor == Actor::Gateway
}

/// The gateway, by where it is reached.
pub(super) fn gateway(recorder: Recorder<'_>) -> Value {
    json!({
        "type": "Device",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": recorder.base},
        "display": "sdoh-gateway",
    })
}

fn agent(role: Code, who: Value, network: Option<Value>, requestor: bool) -> Value {
    let mut agent = json!({"type": role.to_concept(), "who": who, "requestor": requestor});
    if let Some(network) = network {
        agent["network"] = network;
    }
    agent
}

fn client(event: &Event, recorder: Recorder<'_>) -> Value {
    match &event.actor {
        Actor::Anyone => json!({"display": "anyone who reaches the open gateway"}),
        Actor::Client { id, .. } => json!({"type": "Device", "identifier": {"value": id}, "display": id}),
        Actor::Gateway => gateway(recorder),
        Actor::Operator => json!({"display": "an operator, by a command on the machine"}),
    }
}

fn organization(event: &Event) -> Option<&str> {
    match &event.actor {
        Actor::Client { organization, .. } => organization.as_deref(),
        Actor::Anyone | Actor::Gateway | Actor::Operator => None,
    }
}

/// IP address (value set network-type, 2).
fn client_network(event: &Event, recorder: Recorder<'_>) -> Option<Value> {
    match (event.origin.address, &event.actor) {
        (_, Actor::Gateway) => Some(own_network(recorder)),
        (Some(address), _) => Some(json!({"address": address.to_string(), "type": "2"})),
        (None, _) => None,
    }
}

/// URI (value set network-type, 5).
fn own_network(recorder: Recorder<'_>) -> Value {
    json!({"address": recorder.base, "type": "5"})
}
