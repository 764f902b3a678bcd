//! The rules an element has beyond those of its type.

use std::sync::Arc;

use serde_json::Value;

use super::{CompileError, Compiling};
use crate::definitions::structure::{Binding, Constraint, ElementType};
use crate::definitions::{Type, TypeId};
use crate::fhir::Severity;
use crate::fhirpath::Expression;
use crate::terminology::CodeSet;
use crate::validator::rule::{BindingRule, Bound, Invariant, ProfileRef, Rule, Targets, Usage, severity_of};
use crate::validator::{errata, intent};

/// Invariants of all elements and resources, which are checked without their expressions: at every element or, in the
/// case of dom-3, in more time than a large resource should take.
const BUILT_IN: [&str; 11] =
    ["ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "txt-1", "txt-2", "ref-1", "bdl-7"];

const TYPES: &str = "http://hl7.org/fhir/StructureDefinition/";

impl Compiling<'_> {
    /// The rules of a value of the element.
    pub(super) fn rules(
        &self,
        index: usize,
        types: &[(String, TypeId)],
        owner: &Type,
        property: usize,
    ) -> Result<Vec<Rule>, CompileError> {
        let element = self.element(index);
        let known: Vec<_> = self.known_elements(index).collect();
        let mut rules = Vec::new();
        let allowed = owner.properties.get(property).map_or(&[][..], |property| &property.types);
        let is_narrower =
            types.len() < allowed.len() || types.iter().map(|t| t.1).ne(allowed.iter().map(|t| t.1));
        if !self.structure.is_type() && is_narrower && !types.is_empty() {
            rules.push(Rule::Types(types.to_vec()));
        }
        if known.iter().all(|known| known.types != element.types) {
            rules.extend(self.profiles(&element.types));
            rules.extend(self.targets(&element.types));
        }
        if let Some(binding) = &element.binding
            && known.iter().all(|known| known.binding.as_ref() != Some(binding))
        {
            self.bindings(binding, &mut rules);
        }
        for (name, value) in &element.values {
            if known.iter().any(|known| known.values.get(name) == Some(value)) {
                continue;
            }
            if name.starts_with("fixed") {
                rules.push(Rule::Fixed(Value::clone(value)));
            } else if name.starts_with("pattern") {
                rules.push(Rule::Pattern(Value::clone(value)));
            } else {
                rules.extend(bound(name, value).map(|bound| Rule::Bound(Box::new(bound))));
            }
        }
        let is_known_length = known.iter().any(|known| known.max_length == element.max_length);
        rules.extend(element.max_length.filter(|_| !is_known_length).map(Rule::MaxLength));
        let is_known = |constraint: &&Constraint| {
            let same =
                |other: &Constraint| other.key == constraint.key && other.expression == constraint.expression;
            !known.iter().any(|known| known.constraints.iter().any(same))
        };
        for constraint in element.constraints.iter().filter(is_known) {
            rules.extend(self.invariant(constraint)?);
        }
        Ok(rules)
    }

    /// The rules of the whole: invariants, and what the gateway itself states.
    pub(super) fn root_rules(&self, index: usize, of_type: TypeId) -> Result<Vec<Rule>, CompileError> {
        // The rules of a backbone element are those of the property it is the content of.
        if index > 0 {
            return Ok(Vec::new());
        }
        let mut rules = self.root_invariants()?;
        let element = self.element(0);
        for (name, value) in &element.values {
            if name.starts_with("pattern") {
                rules.push(Rule::Pattern(Value::clone(value)));
            } else if name.starts_with("fixed") {
                rules.push(Rule::Fixed(Value::clone(value)));
            }
        }
        // A profile on a datatype may bind or bound the whole.
        if !self.structure.is_type() {
            let of_type = self.validator.definitions.type_definition(&self.type_of(of_type).name);
            let known = of_type.and_then(|of_type| of_type.elements.first()?.binding.as_ref());
            if let Some(binding) = element.binding.as_ref().filter(|binding| known != Some(*binding)) {
                self.bindings(binding, &mut rules);
            }
        }
        for stated in intent::of(&self.structure.url) {
            rules.push(Rule::Invariant(self.validator.intern(stated)));
        }
        Ok(rules)
    }

    pub(super) fn root_invariants(&self) -> Result<Vec<Rule>, CompileError> {
        let known = match self.structure.is_type() {
            true => None,
            false => self.validator.definitions.inherited(self.structure, 0),
        };
        let mut rules = Vec::new();
        for constraint in self.structure.elements.first().into_iter().flat_map(|root| &root.constraints) {
            let same =
                |other: &Constraint| other.key == constraint.key && other.expression == constraint.expression;
            if !known.is_some_and(|known| known.constraints.iter().any(same)) {
                rules.extend(self.invariant(constraint)?);
            }
        }
        Ok(rules)
    }

    fn invariant(&self, constraint: &Constraint) -> Result<Option<Rule>, CompileError> {
        let Some(text) = constraint.expression.as_deref() else { return Ok(None) };
        if BUILT_IN.contains(&constraint.key.as_str()) {
            return Ok(None);
        }
        let failed = |error: crate::fhirpath::ParseError| {
            CompileError::Invariant(constraint.key.clone(), error.to_string())
        };
        let severity = match constraint.severity.as_str() {
            // What would be nice to have must not drown what is wrong.
            _ if constraint.best_practice => Severity::Information,
            "error" => Severity::Error,
            _ => Severity::Warning,
        };
        let expression = Expression::parse(errata::expression(text)).map_err(failed)?;
        let invariant = Invariant::new(constraint.key.clone(), severity, expression, None);
        Ok(Some(Rule::Invariant(self.validator.intern(invariant))))
    }

    /// The profiles the values must meet. Those that only name the type again ask for nothing.
    fn profiles(&self, types: &[ElementType]) -> Option<Rule> {
        let of_type = |of_type: &ElementType| {
            let id = self.validator.definitions.types().find(&of_type.code)?;
            let is_of_use = |profile: &&String| profile.strip_prefix(TYPES) != Some(of_type.code.as_str());
            let profiles: Vec<ProfileRef> =
                of_type.profile.iter().filter(is_of_use).map(|profile| self.profile_ref(profile)).collect();
            (!profiles.is_empty()).then_some((id, profiles))
        };
        let profiles: Vec<_> = types.iter().filter_map(of_type).collect();
        (!profiles.is_empty()).then_some(Rule::Profiles(profiles))
    }

    /// What references may lead to.
    fn targets(&self, types: &[ElementType]) -> Option<Rule> {
        let graph = self.validator.definitions.types();
        let reference = types.iter().filter(|of_type| of_type.code == "Reference");
        let mut allowed = Vec::new();
        let mut aggregation: Vec<String> = Vec::new();
        for of_type in reference {
            aggregation.extend(of_type.aggregation.iter().cloned());
            for target in &of_type.target_profile {
                match target.strip_prefix(TYPES).and_then(|name| graph.find(name)) {
                    Some(id) if graph[id].is_abstract => return self.only_aggregation(aggregation),
                    Some(id) => allowed.push((id, None)),
                    None => {
                        let profile = self.profile_ref(target);
                        let structure = self.validator.definitions.structure(&profile.canonical);
                        let id = structure.and_then(|structure| graph.find(&structure.type_name));
                        // What a profile that is not at hand is about cannot be told.
                        allowed.push((id.or_else(|| graph.find("Resource"))?, Some(profile)));
                    }
                }
            }
        }
        if allowed.is_empty() {
            return self.only_aggregation(aggregation);
        }
        Some(Rule::Targets(Targets { allowed, aggregation }))
    }

    fn only_aggregation(&self, aggregation: Vec<String>) -> Option<Rule> {
        (!aggregation.is_empty()).then(|| Rule::Targets(Targets { allowed: Vec::new(), aggregation }))
    }

    fn bindings(&self, binding: &Binding, rules: &mut Vec<Rule>) {
        let (severity, strength) = severity_of(binding.strength);
        let is_binding = binding.strength != crate::definitions::structure::BindingStrength::Example;
        if let Some(value_set) = binding.value_set.as_ref().filter(|_| is_binding) {
            rules.push(self.binding(value_set, severity, strength, Vec::new()));
        }
        if let Some(value_set) = &binding.max_value_set {
            rules.push(self.binding(value_set, Severity::Error, "maximum", Vec::new()));
        }
        for additional in &binding.additional {
            let text = |name: &str| additional.get(name).and_then(Value::as_str);
            let (severity, purpose) = match text("purpose") {
                Some("maximum") => (Severity::Error, "maximum"),
                Some("required") => (Severity::Error, "additional required"),
                Some("extensible") => (Severity::Warning, "additional extensible"),
                // Old records may have other codes.
                Some("current") => (Severity::Warning, "current"),
                Some("preferred") => (Severity::Information, "additional preferred"),
                _ => continue,
            };
            if let Some(value_set) = text("valueSet") {
                rules.push(self.binding(value_set, severity, purpose, usage(additional)));
            }
        }
    }

    /// The codes of a value set as this structure means it.
    pub(super) fn codes(&self, value_set: &str) -> Option<Arc<CodeSet>> {
        let terminology = &self.validator.terminology;
        match self.validator.definitions.value_set_number_for(value_set, self.structure) {
            Some(number) => terminology.set_of_number(number).cloned(),
            None => terminology.set(value_set).cloned(),
        }
    }

    fn binding(
        &self,
        value_set: &str,
        severity: Severity,
        strength: &'static str,
        usage: Vec<Usage>,
    ) -> Rule {
        let codes = self.codes(value_set);
        Rule::Binding(Box::new(BindingRule {
            value_set: value_set.to_owned(),
            severity,
            strength,
            codes,
            usage,
        }))
    }
}

/// When an additional binding counts: only codes of properties of the resource are understood.
fn usage(additional: &Value) -> Vec<Usage> {
    let mut found = Vec::new();
    for usage in additional.get("usage").and_then(Value::as_array).into_iter().flatten() {
        let property = usage.get("code").and_then(Value::as_str).and_then(|path| path.split_once('.'));
        let codings = usage.pointer("/value/coding").and_then(Value::as_array).into_iter().flatten();
        for coding in codings {
            let text = |name: &str| Some(coding.get(name)?.as_str()?.to_owned());
            if let (Some((_, property)), Some(system), Some(code)) = (property, text("system"), text("code"))
            {
                found.push(Usage { property: property.to_owned(), system, code });
            }
        }
    }
    found
}

/// `minValueQuantity` and its like as an expression.
fn bound(name: &str, value: &Value) -> Option<Bound> {
    let (is_least, kind) = match name.strip_prefix("minValue") {
        Some(kind) => (true, kind),
        None => (false, name.strip_prefix("maxValue")?),
    };
    let operator = if is_least { ">=" } else { "<=" };
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let quantity = |unit: &str| Some(format!("{} {unit}", value.get("value")?));
    let limit = match (kind, value) {
        ("Date", Value::String(date)) => format!("@{date}"),
        ("DateTime" | "Instant", Value::String(time)) if time.contains('T') => format!("@{time}"),
        ("DateTime" | "Instant", Value::String(time)) => format!("@{time}T"),
        ("Time", Value::String(time)) => format!("@T{time}"),
        ("Duration", _) => {
            // How long ago, or how long from now.
            let unit = match text("code").or_else(|| text("unit"))? {
                "a" => "years",
                "mo" => "months",
                "wk" => "weeks",
                "d" => "days",
                "h" => "hours",
                "min" => "minutes",
                _ => return None,
            };
            format!("now() {} {}", if is_least { '-' } else { '+' }, quantity(unit)?)
        }
        ("Quantity", _) => quantity(&format!("'{}'", text("code").or_else(|| text("unit")).unwrap_or("1")))?,
        (_, Value::Number(number)) => number.to_string(),
        _ => return None,
    };
    let expression = Expression::parse(&format!("$this {operator} ({limit})")).ok()?;
    Some(Bound { name: name.to_owned(), value: value.clone(), expression, is_timely: kind == "Duration" })
}

impl Invariant {
    /// An invariant.
    pub(in crate::validator) fn new(
        key: String,
        severity: Severity,
        expression: Expression,
        meaning: Option<&'static str>,
    ) -> Invariant {
        let is_timely =
            ["now()", "today()", "timeOfDay()"].iter().any(|call| expression.text().contains(call));
        Invariant { key, severity, expression, is_timely, meaning }
    }
}
