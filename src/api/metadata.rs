//! capabilities (R4 §3.1.0.10): what this server does, no more and no less.

use std::sync::PoisonError;

use serde_json::{Value, json};

use crate::definitions::SearchKind;
use crate::gateway::{Gateway, Space};
use crate::search::RegisteredParameter;

use super::operation::{Operation, operations};
use super::request::Request;
use super::terminology::terminology_capabilities;
use super::{Answer, Api};

/// When this software last changed what it can do.
const CAPABILITIES_DATE: &str = "2026-11-22";

/// What can be done with the system as a whole.
const INTERACTIONS: [&str; 4] = ["transaction", "batch", "history-system", "search-system"];

/// `GET metadata`; with `mode=terminology` what is known of codes.
pub(super) fn metadata(api: &Api, request: &Request) -> Answer {
    if request.query.iter().any(|(name, value)| name == "mode" && value == "terminology") {
        let make =
            || terminology_capabilities(&api.gateway, &request.space, CAPABILITIES_DATE).to_string().into();
        let mut made = api.terminology_capabilities.lock().unwrap_or_else(PoisonError::into_inner);
        return Answer::resource(made.entry(request.space.name.clone()).or_insert_with(make).to_string());
    }
    let statement = api.capability_statements.get(&request.space.name);
    Answer::resource(statement.map_or("", |statement| statement))
}

/// The CapabilityStatement of a space. It claims none of the SDOHCC roles before a test has walked through their SHALLs.
pub fn capability_statement(gateway: &Gateway, space: &Space, wants_login: bool) -> Value {
    let types = gateway.definitions().types();
    let resources: Vec<Value> =
        types.resources().map(|id| resource(gateway, space, &types[id].name)).collect();
    let mut statement = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CAPABILITIES_DATE,
        "kind": "instance",
        "software": {"name": "sdoh-gateway", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Gateway for social-care referrals", "url": space.base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+xml", "json", "xml"],
        "patchFormat": super::patch::FORMATS,
        "rest": [{
            "mode": "server",
            "documentation": "Every write is validated; what is wrong is told and kept, and refused where so configured.",
            "resource": resources,
            "interaction": INTERACTIONS.map(|code| json!({"code": code})),
            "searchParam": common_parameters(gateway),
            "operation": capabilities(space, |operation| operation.resource.is_none()),
        }],
    });
    if wants_login {
        statement["rest"][0]["security"] = security();
    }
    statement
}

/// How clients log in; where, `.well-known/smart-configuration` says.
fn security() -> Value {
    json!({
        "service": [{"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
            "code": "SMART-on-FHIR",
            "display": "SMART-on-FHIR",
        }]}],
        "description": "Backend Services: tokens for assertions signed with RS384 or ES384; see .well-known/smart-configuration",
    })
}

/// Some of the operations, as the statement names them.
fn capabilities(space: &Space, are_meant: impl Fn(&Operation) -> bool) -> Vec<Value> {
    operations()
        .filter(|operation| are_meant(operation))
        .map(|operation| operation.to_capability(space))
        .collect()
}

/// The parameters of all resources, by which the system can be searched.
fn common_parameters(gateway: &Gateway) -> Vec<Value> {
    let all = parameters(gateway, "Basic");
    let common = all.into_iter().filter(|parameter| parameter.definition.base == ["Resource"]);
    search_parameters(common)
}

/// The search parameters of a type, by their codes.
fn parameters<'g>(gateway: &'g Gateway, type_name: &str) -> Vec<&'g RegisteredParameter> {
    let registry = gateway.registry();
    let mut parameters: Vec<_> = registry.of_type(type_name).map(|key| &registry[key]).collect();
    // Not those derived from others.
    parameters.retain(|parameter| *parameter.code == *parameter.definition.code);
    parameters.sort_by(|a, b| a.code.cmp(&b.code));
    parameters
}

/// As the statement names them, with those that the store knows without entries.
fn search_parameters<'g>(parameters: impl Iterator<Item = &'g RegisteredParameter>) -> Vec<Value> {
    let own = [
        json!({"name": "_id", "definition": "http://hl7.org/fhir/SearchParameter/Resource-id", "type": "token"}),
        json!({"name": "_lastUpdated", "definition": "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated", "type": "date"}),
    ];
    let others = parameters.map(|parameter| {
        json!({"name": &*parameter.code, "definition": parameter.definition.url, "type": parameter.kind})
    });
    own.into_iter().chain(others).collect()
}

fn resource(gateway: &Gateway, space: &Space, type_name: &str) -> Value {
    let parameters = parameters(gateway, type_name);
    let includes: Vec<String> = std::iter::once("*".to_owned())
        .chain(
            parameters
                .iter()
                .filter(|parameter| parameter.kind == SearchKind::Reference)
                .map(|parameter| format!("{type_name}:{}", parameter.code)),
        )
        .collect();
    let profiles: Vec<String> =
        gateway.definitions().profiles_of(type_name).map(|profile| profile.canonical()).collect();
    let interactions = [
        "read",
        "vread",
        "update",
        "patch",
        "delete",
        "history-instance",
        "history-type",
        "create",
        "search-type",
    ];
    let mut resource = json!({
        "type": type_name,
        "profile": format!("http://hl7.org/fhir/StructureDefinition/{type_name}"),
        "interaction": interactions.map(|code| json!({"code": code})),
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": true,
        "conditionalCreate": true,
        "conditionalRead": "full-support",
        "conditionalUpdate": true,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "local"],
        "searchInclude": includes,
        "searchRevInclude": ["*"],
        "searchParam": search_parameters(parameters.into_iter()),
    });
    let is_here = |own: &Operation| own.resource.is_some_and(|on| on == "Resource" || on == type_name);
    resource["operation"] = capabilities(space, is_here).into();
    if !profiles.is_empty() {
        resource["supportedProfile"] = profiles.into();
    }
    resource
}
