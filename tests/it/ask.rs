//! From what a resource is found by back to the searches that have to find it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sdoh_gateway::definitions::SearchKind;
use sdoh_gateway::fhir::time::{BEGINNING, END};
use sdoh_gateway::search::{Entries, ParameterKey, Registry};

/// One search parameter with one value that must find the resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// Name with modifier.
    pub name: String,
    /// Value, escaped as a search value but not as a URL. Those of dates are two, to be asked at once.
    pub values: Vec<String>,
}

impl Ask {
    /// As part of a query string.
    pub fn query(&self) -> String {
        let pairs = self.values.iter().map(|value| format!("{}={}", self.name, url(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// A value as it stands in a URL.
pub fn url(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

/// A text as it stands within a search value.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | ',' | '|' | '$') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The searches that must find a resource with these entries, each once.
pub fn asks(registry: &Registry, entries: &Entries) -> Vec<Ask> {
    let mut plain = Vec::new();
    let mut parts = Vec::new();
    let mut add = |parameter: ParameterKey, part: u32, values: Vec<String>| {
        let code = &registry[parameter].code;
        match part {
            0 => plain.push(Ask { name: name(registry, parameter), values }),
            _ => parts.push((part, parameter, code.split('$').next().unwrap().to_owned(), values)),
        }
    };
    for entry in &entries.tokens {
        let (code, system) = (&entry.value.code, &entry.value.system);
        let value = match registry[entry.parameter].kind {
            SearchKind::Uri => escape(code),
            // Any code of a system.
            _ if system.is_empty() && code.ends_with('|') => {
                format!("{}|", escape(code.trim_end_matches('|')))
            }
            _ if system.is_empty() => escape(code),
            _ => format!("{}|{}", escape(system), escape(code)),
        };
        add(entry.parameter, entry.part, vec![value]);
    }
    // What is contained is not searched for.
    for entry in entries.references.iter().filter(|entry| !entry.value.id.starts_with('#')) {
        let target = &entry.value;
        let version = match (target.version.as_str(), target.type_name.as_str()) {
            ("", _) => String::new(),
            // After a canonical, not part of it.
            (version, "") => format!("|{}", escape(version)),
            (version, _) => format!("/_history/{version}"),
        };
        let value = match (target.base.as_str(), target.type_name.as_str()) {
            ("", "") => format!("{}{version}", escape(&target.id)),
            ("", type_name) => format!("{type_name}/{}{version}", target.id),
            (base, type_name) => format!("{}/{type_name}/{}{version}", escape(base), target.id),
        };
        add(entry.parameter, entry.part, vec![value]);
    }
    for entry in &entries.dates {
        let (low, high) = (entry.value.low, entry.value.high);
        let from = (low != BEGINNING).then(|| format!("ge{}", low.to_fhir()));
        let to = (high != END).then(|| format!("le{}", high.to_fhir()));
        add(entry.parameter, entry.part, from.into_iter().chain(to).collect());
    }
    for entry in &entries.strings {
        add(entry.parameter, entry.part, vec![escape(&entry.value.exact)]);
    }
    for entry in &entries.numbers {
        let quantity = &entry.value;
        let number = match quantity.low == quantity.high {
            true => format!("{}", quantity.low),
            false if quantity.high != f64::MAX => format!("ge{}", quantity.high),
            false => format!("le{}", quantity.low),
        };
        let value = match (quantity.system.as_str(), quantity.unit.as_str()) {
            ("", "") => number,
            (system, unit) => format!("{number}|{}|{}", escape(system), escape(unit)),
        };
        add(entry.parameter, entry.part, vec![value]);
    }
    plain.extend(composites(registry, parts));
    plain.sort();
    plain.dedup();
    plain
}

/// A string is asked for exactly.
fn name(registry: &Registry, parameter: ParameterKey) -> String {
    let registered = &registry[parameter];
    match registered.kind {
        SearchKind::String => format!("{}:exact", registered.code),
        _ => registered.code.to_string(),
    }
}

/// One search for each repetition that has all parts: its number, the part's parameter, the composite's name, values.
fn composites(registry: &Registry, mut found: Vec<(u32, ParameterKey, String, Vec<String>)>) -> Vec<Ask> {
    found.sort_by(|a, b| (&a.2, a.0, a.1).cmp(&(&b.2, b.0, b.1)));
    let mut asks = Vec::new();
    for same in found.chunk_by(|a, b| (&a.2, a.0) == (&b.2, b.0)) {
        let (_, part, name, _) = &same[0];
        let composite = registry.find(&registry[*part].type_name, name).unwrap();
        // A date as a part can only be given whole; it is left out.
        let value_of = |part: &ParameterKey| match &same.iter().find(|found| found.1 == *part)?.3[..] {
            [value] => Some(value.clone()),
            _ => None,
        };
        if let Some(values) = registry[composite].parts.iter().map(value_of).collect::<Option<Vec<String>>>()
        {
            asks.push(Ask { name: name.clone(), values: vec![values.join("$")] });
        }
    }
    asks
}
