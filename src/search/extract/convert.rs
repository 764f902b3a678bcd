//! From FHIR values to entries, by the kind of parameter (R4 §3.1.1.4, the tables of types).

use serde_json::Value;

use crate::definitions::{SearchKind, TypeGraph};
use crate::fhir::Reference;
use crate::fhir::time::{BEGINNING, END, Period};
use crate::fhirpath::{Element, Node, System};
use crate::search::entry::{Entries, Entry, Quantity, Target, Text, Token};
use crate::search::{ParameterKey, fold};
use crate::terminology::Terminology;

/// The system under which booleans are tokens (R4 §3.1.1.5.10).
const BOOLEAN_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/special-values";

/// Collects entries.
pub(super) struct Converter<'c> {
    pub(super) types: &'c TypeGraph,
    pub(super) terminology: &'c Terminology,
    pub(super) own_base: &'c str,
    pub(super) entries: &'c mut Entries,
}

/// Where an entry belongs.
#[derive(Clone, Copy)]
struct Place {
    parameter: ParameterKey,
    part: u32,
}

impl Place {
    fn entry<T>(self, value: T) -> Entry<T> {
        Entry { parameter: self.parameter, part: self.part, value }
    }
}

impl Converter<'_> {
    /// Adds what one value yields. A value of a type the kind has no rule for yields nothing.
    pub(super) fn add(
        &mut self,
        parameter: ParameterKey,
        part: u32,
        kind: SearchKind,
        identifier: Option<ParameterKey>,
        node: &Node<'_>,
    ) {
        let place = Place { parameter, part };
        let Some(element) = node.element() else { return self.add_system(place, kind, node) };
        let Some(value) = element.value else { return };
        let type_name = element.type_name(self.types).unwrap_or_default();
        match kind {
            SearchKind::Token => self.token(place, element, type_name, value),
            SearchKind::Uri => self.uri(place, value),
            SearchKind::Reference => self.reference(place, identifier, type_name, value),
            SearchKind::Date => self.date(place, type_name, value),
            SearchKind::String => self.string(place, value),
            SearchKind::Number => self.number(place, value),
            SearchKind::Quantity => self.quantity(place, type_name, value),
            SearchKind::Composite | SearchKind::Special => {}
        }
    }

    /// Adds a value that the expression made itself, such as `Patient.deceased.exists()`.
    fn add_system(&mut self, place: Place, kind: SearchKind, node: &Node<'_>) {
        let Some(value) = node.system(self.types) else { return };
        match (kind, value) {
            (SearchKind::Token, System::Boolean(value)) => {
                self.code(place, BOOLEAN_SYSTEM, if value { "true" } else { "false" });
            }
            (SearchKind::Token, value) => self.code(place, "", &value.into_text()),
            (SearchKind::Uri, value) => self.plain(place, &value.into_text()),
            (SearchKind::String, value) => self.text(place, &value.into_text()),
            _ => {}
        }
    }

    /// Leaves each entry once.
    pub(super) fn finish(self) {
        fn once<T: Ord>(entries: &mut Vec<Entry<T>>) {
            entries.sort_unstable();
            entries.dedup();
        }
        once(&mut self.entries.tokens);
        once(&mut self.entries.references);
        once(&mut self.entries.strings);
        self.entries.dates.sort_unstable_by_key(|e| (e.parameter, e.part, e.value.low, e.value.high));
        self.entries.dates.dedup();
        self.entries.numbers.dedup();
    }

    fn token(&mut self, place: Place, element: &Element<'_>, type_name: &str, value: &Value) {
        match type_name {
            "Coding" => self.coding(place, value),
            "CodeableConcept" => {
                for coding in items(value, "coding") {
                    self.coding(place, coding);
                }
            }
            "Identifier" => self.code(place, text(value, "system"), text(value, "value")),
            "ContactPoint" => self.code(place, text(value, "system"), text(value, "value")),
            "boolean" => self.code(place, BOOLEAN_SYSTEM, &primitive(value)),
            "code" => {
                let code = primitive(value);
                let value_set =
                    element.property.and_then(|property| property.binding.as_ref()?.value_set.as_deref());
                let system = value_set.and_then(|canonical| self.terminology.system_of(canonical, &code));
                self.code(place, system.unwrap_or_default(), &code);
            }
            _ if value.is_object() => {}
            _ => self.code(place, "", &primitive(value)),
        }
    }

    fn coding(&mut self, place: Place, coding: &Value) {
        self.code(place, text(coding, "system"), text(coding, "code"));
    }

    fn code(&mut self, place: Place, system: &str, code: &str) {
        if !code.is_empty() {
            let token = Token { code: clean(code).to_lowercase(), system: clean(system) };
            self.entries.tokens.push(place.entry(token));
        }
        if !system.is_empty() {
            self.entries.tokens.push(place.entry(Token::any_of(&clean(system))));
        }
    }

    /// A URI as a token without system: it is compared exactly.
    fn uri(&mut self, place: Place, value: &Value) {
        let uri = primitive(value);
        self.plain(place, &uri);
        // A canonical may name a version; a search may leave it out.
        if let Some((url, _)) = uri.split_once('|') {
            self.plain(place, url);
        }
    }

    fn plain(&mut self, place: Place, uri: &str) {
        if !uri.is_empty() {
            self.entries.tokens.push(place.entry(Token { code: clean(uri), system: String::new() }));
        }
    }

    fn reference(&mut self, place: Place, identifier: Option<ParameterKey>, type_name: &str, value: &Value) {
        if let (Some(parameter), Some(held)) = (identifier, value.get("identifier")) {
            self.code(Place { parameter, part: 0 }, text(held, "system"), text(held, "value"));
        }
        let literal = match (type_name, value) {
            (_, Value::String(url)) => url.as_str(),
            (_, value) if value.get("resourceType").is_some() => {
                // A resource within the resource, as in a document: it is meant itself.
                let (type_name, id) = (text(value, "resourceType"), text(value, "id"));
                if !id.is_empty() {
                    self.target(place, id, type_name, "", "");
                }
                return;
            }
            _ => text(value, "reference"),
        };
        if type_name == "canonical" || type_name == "uri" {
            let (url, version) = literal.split_once('|').unwrap_or((literal, ""));
            // Clients also write where a definition is to be read, as if that were its canonical.
            if let Some((type_name, id)) = Reference::parse(url).local(self.own_base) {
                self.target(place, id, type_name, "", version);
            }
            return self.target(place, url, "", "", version);
        }
        let reference = Reference::parse(literal);
        match reference {
            Reference::Relative { type_name, id, version } => {
                self.target(place, id, type_name, "", version.unwrap_or_default());
            }
            Reference::Absolute { base, type_name, id, version } => {
                let base = if reference.local(self.own_base).is_some() { "" } else { base };
                self.target(place, id, type_name, base, version.unwrap_or_default());
            }
            Reference::Urn(url) | Reference::Other(url) => self.target(place, url, "", "", ""),
            // What is contained can be reached through its container only; yet the reference is not missing.
            Reference::Contained(_) => self.target(place, literal, "", "", ""),
        }
    }

    fn target(&mut self, place: Place, id: &str, type_name: &str, base: &str, version: &str) {
        if !id.is_empty() {
            let target = Target {
                id: clean(id),
                type_name: clean(type_name),
                base: clean(base),
                version: clean(version),
            };
            self.entries.references.push(place.entry(target));
        }
    }

    fn date(&mut self, place: Place, type_name: &str, value: &Value) {
        let period = match (type_name, value) {
            (_, Value::String(text)) => Period::parse(text),
            ("Timing", timing) => timing_period(timing),
            (_, period) => whole_period(period),
        };
        if let Some(period) = period {
            self.entries.dates.push(place.entry(period));
        }
    }

    /// A text, or all texts in a name or address.
    fn string(&mut self, place: Place, value: &Value) {
        match value {
            Value::Object(map) => {
                // Codes such as `use`, and periods, are no part of a name.
                for (name, value) in map {
                    if !matches!(name.as_str(), "use" | "type" | "period" | "id" | "extension")
                        && !name.starts_with('_')
                    {
                        self.string(place, value);
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.string(place, value)),
            Value::String(text) => self.text(place, text),
            Value::Number(number) => self.text(place, number.as_str()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn text(&mut self, place: Place, text: &str) {
        let exact = clean(text);
        if !exact.is_empty() {
            self.entries.strings.push(place.entry(Text { folded: fold(&exact), exact }));
        }
    }

    fn number(&mut self, place: Place, value: &Value) {
        let range = match value {
            Value::Object(range) => {
                let end = |name: &str| range.get(name).and_then(|end| decimal(end.get("value")?));
                (end("low").unwrap_or(f64::MIN), end("high").unwrap_or(f64::MAX))
            }
            value => match decimal(value) {
                Some(number) => (number, number),
                None => return,
            },
        };
        let quantity = Quantity { low: range.0, high: range.1, system: String::new(), unit: String::new() };
        self.entries.numbers.push(place.entry(quantity));
    }

    fn quantity(&mut self, place: Place, type_name: &str, value: &Value) {
        if type_name == "Range" {
            let (low, high) = (value.get("low"), value.get("high"));
            let end = |end: Option<&Value>| end.and_then(|end| decimal(end.get("value")?));
            let Some(unit) = low.or(high) else { return };
            return self.range(place, end(low).unwrap_or(f64::MIN), end(high).unwrap_or(f64::MAX), unit);
        }
        let Some(number) = value.get("value").and_then(decimal) else { return };
        if type_name == "Money" {
            let unit = text(value, "currency");
            let quantity = Quantity {
                low: number,
                high: number,
                system: "urn:iso:std:iso:4217".into(),
                unit: clean(unit),
            };
            return self.entries.numbers.push(place.entry(quantity));
        }
        // "less than 5" may be anything up to 5.
        let (low, high) = match text(value, "comparator") {
            "<" | "<=" => (f64::MIN, number),
            ">" | ">=" => (number, f64::MAX),
            _ => (number, number),
        };
        self.range(place, low, high, value);
    }

    fn range(&mut self, place: Place, low: f64, high: f64, of: &Value) {
        let (system, code, unit) = (text(of, "system"), text(of, "code"), text(of, "unit"));
        let first = if code.is_empty() { unit } else { code };
        self.entries.numbers.push(place.entry(Quantity {
            low,
            high,
            system: clean(system),
            unit: clean(first),
        }));
        // The unit as people write it may be asked for as well, without a system.
        if !code.is_empty() && !unit.is_empty() && unit != code {
            self.entries.numbers.push(place.entry(Quantity {
                low,
                high,
                system: String::new(),
                unit: clean(unit),
            }));
        }
    }
}

/// PostgreSQL's texts cannot hold a NUL, nor has FHIR any use for one.
fn clean(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text.to_owned() }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn primitive(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.as_str().to_owned(),
        _ => String::new(),
    }
}

fn decimal(value: &Value) -> Option<f64> {
    value.as_number()?.as_str().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A FHIR Period; an end that is not given is open.
fn whole_period(period: &Value) -> Option<Period> {
    let (start, end) = (text(period, "start"), text(period, "end"));
    if start.is_empty() && end.is_empty() {
        return None;
    }
    let low = if start.is_empty() { BEGINNING } else { Period::parse(start)?.low };
    let high = if end.is_empty() { END } else { Period::parse(end)?.high };
    Some(Period { low, high })
}

/// From the first to the last moment a Timing names.
fn timing_period(timing: &Value) -> Option<Period> {
    let events = items(timing, "event").filter_map(Value::as_str).filter_map(Period::parse);
    let bounds = timing.get("repeat").and_then(|repeat| whole_period(repeat.get("boundsPeriod")?));
    events.chain(bounds).reduce(|a, b| Period { low: a.low.min(b.low), high: a.high.max(b.high) })
}
