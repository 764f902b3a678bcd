//! What needs more than a general consent, and how it is recognised: by security labels and by codes.

mod codes;
mod label;

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fhir::json::MAX_DEPTH;

use super::json::coding;

pub(super) use label::{Label, Level};

/// A kind of information that is disclosed only where a Consent names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// Use of alcohol and drugs, its disorders and their treatment: what 42 CFR part 2 protects.
    SubstanceUse,
    /// Abuse and violence, at home and otherwise.
    IntimatePartnerViolence,
    /// HIV and AIDS.
    Hiv,
    /// What a minor may keep to himself.
    Minors,
    /// Mental and behavioural health. Recognised by label; codes as configured.
    BehavioralHealth,
    /// Sexual and reproductive health. Recognised by label; codes as configured.
    SexualReproductive,
    /// Whatever else a security label sets apart: confidentiality R and V, other sensitivities of v3-ActCode, labels
    /// that we do not know.
    Restricted,
}

impl Sensitivity {
    /// All of them.
    pub const ALL: [Sensitivity; 7] = [
        Sensitivity::SubstanceUse,
        Sensitivity::IntimatePartnerViolence,
        Sensitivity::Hiv,
        Sensitivity::Minors,
        Sensitivity::BehavioralHealth,
        Sensitivity::SexualReproductive,
        Sensitivity::Restricted,
    ];
}

/// A set of [`Sensitivity`].
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct SensitivitySet(u8);

impl SensitivitySet {
    /// Whether it holds none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it holds this one.
    pub fn has(self, sensitivity: Sensitivity) -> bool {
        self.0 & (1 << sensitivity as u8) != 0
    }

    /// Those it holds, in order.
    pub fn iter(self) -> impl Iterator<Item = Sensitivity> {
        Sensitivity::ALL.into_iter().filter(move |sensitivity| self.has(*sensitivity))
    }

    pub(super) fn with(self, sensitivity: Sensitivity) -> SensitivitySet {
        SensitivitySet(self.0 | 1 << sensitivity as u8)
    }

    pub(super) fn or(self, other: SensitivitySet) -> SensitivitySet {
        SensitivitySet(self.0 | other.0)
    }

    pub(super) fn without(self, other: SensitivitySet) -> SensitivitySet {
        SensitivitySet(self.0 & !other.0)
    }
}

impl fmt::Debug for SensitivitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// How sensitive content is recognised: the built-in codes ([`Sensitivities::default`]) and what is configured. The
/// built-in security labels are always known.
#[derive(Debug, Clone)]
pub struct Sensitivities {
    /// By system, of which there are few.
    systems: Vec<(Box<str>, Codes)>,
    harmless: Vec<(Box<str>, Box<str>)>,
}

#[derive(Debug, Clone, Default)]
struct Codes {
    exact: HashMap<Box<str>, SensitivitySet>,
    /// Beginnings of codes, as ICD-10 has chapters: `F10`.
    beginnings: Vec<(Box<str>, SensitivitySet)>,
}

/// A configured code that is not written as `system|code` or `system|beginning*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code of sensitive content is written as system|code, or system|beginning*")]
pub struct NotACode;

impl Default for Sensitivities {
    /// A first set of codes of SDOHCC, ICD-10-CM, SNOMED CT and LOINC for substance use, violence and HIV. It finds the
    /// common ones; an organisation's counsel says what belongs to it.
    fn default() -> Self {
        let mut built_in = Sensitivities { systems: Vec::new(), harmless: Vec::new() };
        for (sensitivity, system, codes) in codes::BUILT_IN {
            for code in *codes {
                built_in.insert(*sensitivity, system, code);
            }
        }
        built_in
    }
}

impl Sensitivities {
    /// Adds codes: `system|code`, or `system|F10*` for all codes that begin so. They are looked for among all codings of
    /// a resource and among its security labels.
    pub fn add<'a>(
        &mut self,
        sensitivity: Sensitivity,
        codes: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), NotACode> {
        for code in codes {
            let (system, code) = split(code)?;
            self.insert(sensitivity, system, code);
        }
        Ok(())
    }

    /// Lets a security label, `system|code`, that we do not know restrict nothing.
    pub fn add_harmless_label(&mut self, label: &str) -> Result<(), NotACode> {
        let (system, code) = split(label)?;
        self.harmless.push((system.into(), code.into()));
        Ok(())
    }

    fn insert(&mut self, sensitivity: Sensitivity, system: &str, code: &str) {
        let at = self.systems.iter().position(|(known, _)| **known == *system);
        let at = at.unwrap_or_else(|| {
            self.systems.push((system.into(), Codes::default()));
            self.systems.len() - 1
        });
        let Some((_, codes)) = self.systems.get_mut(at) else { return };
        match code.strip_suffix('*') {
            Some(beginning) => {
                let set = SensitivitySet::default().with(sensitivity);
                codes.beginnings.push((beginning.into(), set));
            }
            None => {
                let set = codes.exact.entry(code.into()).or_default();
                *set = set.with(sensitivity);
            }
        }
    }

    /// What a code says of the content it is found in.
    pub(super) fn of_code(&self, system: &str, code: &str) -> SensitivitySet {
        let Some((_, codes)) = self.systems.iter().find(|(known, _)| **known == *system) else {
            return SensitivitySet::default();
        };
        let exact = codes.exact.get(code).copied().unwrap_or_default();
        codes
            .beginnings
            .iter()
            .filter(|(beginning, _)| code.starts_with(&**beginning))
            .fold(exact, |all, (_, set)| all.or(*set))
    }

    /// What all the codings within a resource say, and the questions of a QuestionnaireResponse, of which LOINC's are
    /// known by their `linkId` only (`/76501-6`).
    pub(super) fn of_codes_within(&self, resource: &Value) -> SensitivitySet {
        let mut found = SensitivitySet::default();
        self.look_within(resource, 0, &mut found);
        found
    }

    fn look_within(&self, value: &Value, depth: usize, found: &mut SensitivitySet) {
        match value {
            Value::Object(map) if depth <= MAX_DEPTH => {
                let (mut system, mut code) = (None, None);
                for (name, member) in map {
                    match (name.as_str(), member) {
                        ("system", Value::String(text)) => system = Some(text),
                        ("code", Value::String(text)) => code = Some(text),
                        ("linkId", Value::String(text)) => {
                            let question = text.rsplit('/').next().unwrap_or(text);
                            *found = found.or(self.of_code(codes::LOINC, question));
                        }
                        _ => self.look_within(member, depth + 1, found),
                    }
                }
                if let (Some(system), Some(code)) = (system, code) {
                    *found = found.or(self.of_code(system, code));
                }
            }
            Value::Array(items) if depth <= MAX_DEPTH => {
                items.iter().for_each(|item| self.look_within(item, depth + 1, found));
            }
            _ => {}
        }
    }

    /// What a security label means.
    pub(super) fn label(&self, value: &Value) -> Label {
        let Some((system, code)) = coding(value) else { return Label::unknown("", "") };
        let configured = self.of_code(system, code);
        if let Some(sensitivity) = configured.iter().next() {
            return Label::whole(sensitivity, system, code);
        }
        if self.harmless.iter().any(|(s, c)| **s == *system && **c == *code) {
            return Label::Harmless;
        }
        Label::read(system, code)
    }
}

fn split(code: &str) -> Result<(&str, &str), NotACode> {
    code.split_once('|').filter(|(system, code)| !system.is_empty() && !code.is_empty()).ok_or(NotACode)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(set: SensitivitySet) -> String {
        set.iter()
            .map(|one| serde_json::to_value(one).unwrap().as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn codes_within() {
        let mut sensitivities = Sensitivities::default();
        sensitivities
            .add(Sensitivity::BehavioralHealth, ["http://a.example|X*", "http://a.example|X1"])
            .unwrap();
        sensitivities.add(Sensitivity::Hiv, ["http://a.example|X1"]).unwrap();
        for (resource, expected) in [
            (json!({}), ""),
            (json!({"code": {"coding": [{"system": codes::ICD_10_CM, "code": "F10.20"}]}}), "substance-use"),
            (json!({"code": {"coding": [{"system": codes::ICD_10_CM, "code": "F1020"}]}}), "substance-use"),
            // Nicotine.
            (json!({"code": {"coding": [{"system": codes::ICD_10_CM, "code": "F17.210"}]}}), ""),
            (json!({"code": {"coding": [{"system": "http://other.example", "code": "F10.20"}]}}), ""),
            (
                json!({"contained": [{"code": {"coding": [{"system": codes::ICD_10_CM, "code": "B20"}]}}]}),
                "hiv",
            ),
            (
                json!({"category": [{"coding": [{"system": codes::SDOHCC, "code": "intimate-partner-violence"}]}]}),
                "intimate-partner-violence",
            ),
            (json!({"category": [{"coding": [{"system": codes::SDOHCC, "code": "food-insecurity"}]}]}), ""),
            (json!({"item": [{"item": [{"linkId": "/93025-5/76501-6"}]}]}), "intimate-partner-violence"),
            (json!({"item": [{"linkId": "76501-6"}]}), "intimate-partner-violence"),
            (json!({"a": {"system": "http://a.example", "code": "X1"}}), "hiv behavioral-health"),
            (json!({"a": {"system": "http://a.example", "code": "X2"}}), "behavioral-health"),
            (json!({"a": {"system": "http://a.example", "code": "Y"}}), ""),
            (json!({"a": {"system": 1, "code": ["X1"]}}), ""),
        ] {
            assert_eq!(named(sensitivities.of_codes_within(&resource)), expected, "{resource}");
        }
    }

    #[test]
    fn configured() {
        let mut sensitivities = Sensitivities::default();
        for bad in ["", "F10", "|F10", "http://a.example|"] {
            assert_eq!(sensitivities.add(Sensitivity::Hiv, [bad]), Err(NotACode), "{bad}");
        }
        let label = json!({"system": "http://a.example", "code": "inhouse"});
        assert!(matches!(sensitivities.label(&label), Label::Sensitive(..)));
        sensitivities.add_harmless_label("http://a.example|inhouse").unwrap();
        assert!(matches!(sensitivities.label(&label), Label::Harmless));
    }
}
