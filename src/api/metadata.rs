//! capabilities (R4 §3.1.0.10): what this server does, no more and no less.

use std::sync::PoisonError;

use serde_json::{Value, json};

use crate::definitions::SearchKind;
use crate::gateway::{Gateway, Space};
use crate::search::ParameterKey;

use super::request::Request;
use super::terminology::{OPERATIONS, terminology_capabilities};
use super::{Answer, Api};

/// When this software last changed what it can do.
const CAPABILITIES_DATE: &str = "2026-11-22";

/// The definitions of `$docref` and `$validate`.
const DOCREF: &str = "http://hl7.org/fhir/us/core/OperationDefinition/docref";
const VALIDATE: &str = "http://hl7.org/fhir/OperationDefinition/Resource-validate";

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
    let resources: Vec<Value> = types.resources().map(|id| resource(gateway, &types[id].name)).collect();
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
            "interaction": [{"code": "transaction"}, {"code": "batch"}, {"code": "history-system"}],
            "operation": exports(None),
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

/// `$export` where it is on this type, or on none.
fn exports(on: Option<&str>) -> Vec<Value> {
    let here = super::export::OPERATIONS.iter().filter(|(type_name, _)| *type_name == on);
    here.map(|(_, definition)| json!({"name": "export", "definition": definition})).collect()
}

fn resource(gateway: &Gateway, type_name: &str) -> Value {
    let registry = gateway.registry();
    let mut keys: Vec<ParameterKey> = registry.of_type(type_name).collect();
    keys.sort_by(|a, b| registry[*a].code.cmp(&registry[*b].code));
    let parameters: Vec<&_> = keys
        .iter()
        .map(|key| &registry[*key])
        // Not those derived from others.
        .filter(|parameter| *parameter.code == *parameter.definition.code)
        .collect();
    let mut search: Vec<Value> = vec![
        json!({"name": "_id", "definition": "http://hl7.org/fhir/SearchParameter/Resource-id", "type": "token"}),
        json!({"name": "_lastUpdated", "definition": "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated", "type": "date"}),
    ];
    search.extend(parameters.iter().map(|parameter| {
        json!({"name": &*parameter.code, "definition": parameter.definition.url, "type": parameter.kind})
    }));
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
        "searchParam": search,
    });
    let own = OPERATIONS.iter().filter(|(own_type, ..)| *own_type == type_name).map(|(own_type, name, _)| {
        let definition = format!("http://hl7.org/fhir/OperationDefinition/{own_type}-{name}");
        json!({"name": name, "definition": definition})
    });
    let validate = json!({"name": "validate", "definition": VALIDATE});
    let docref = (type_name == "DocumentReference").then(|| json!({"name": "docref", "definition": DOCREF}));
    resource["operation"] = own.chain(docref).chain([validate]).chain(exports(Some(type_name))).collect();
    if !profiles.is_empty() {
        resource["supportedProfile"] = profiles.into();
    }
    resource
}
