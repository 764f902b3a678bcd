//! TerminologyCapabilities (R4 §4.7.5): which code systems are here, and what can be done with them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::definitions::canonical::compare_versions;
use crate::definitions::code_system::Content;
use crate::gateway::{Gateway, Space};

/// The code systems that are wholly here, and the operations on them. What clients have stored is not listed: it changes.
pub(in crate::api) fn terminology_capabilities(gateway: &Gateway, space: &Space, date: &str) -> Value {
    let mut systems: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for system in gateway.definitions().code_systems().filter(|system| system.content == Content::Complete) {
        systems.entry(&system.url).or_default().push(&system.version);
    }
    let systems: Vec<Value> = systems
        .into_iter()
        .map(|(url, mut versions)| {
            versions.sort_by(|a, b| compare_versions(a, b));
            let newest = gateway.definitions().code_system(url).map(|system| system.version.as_str());
            let versions: Vec<Value> = versions
                .into_iter()
                .map(|version| json!({"code": version, "isDefault": Some(version) == newest}))
                .collect();
            json!({"uri": url, "version": versions, "subsumption": true})
        })
        .collect();
    let parameters = [
        "activeOnly",
        "count",
        "designation",
        "displayLanguage",
        "exclude-system",
        "filter",
        "includeDefinition",
        "includeDesignations",
        "offset",
    ];
    json!({
        "resourceType": "TerminologyCapabilities",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "sdoh-gateway", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Gateway for social-care referrals", "url": space.base},
        "codeSystem": systems,
        "expansion": {
            "hierarchical": false,
            "paging": true,
            "incomplete": false,
            "parameter": parameters.map(|name| json!({"name": name})),
            "textFilter": "every word must be in the code, its display or one of its designations",
        },
        "codeSearch": "explicit",
        "validateCode": {"translations": false},
        "translation": {"needsMap": true},
    })
}
