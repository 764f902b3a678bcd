//! The rules that a value itself must meet.

use std::ops::Range;

use serde_json::Value;

use super::binding::{self, Verdict};
use super::compare;
use super::path::Item;
use super::place::Place;
use super::rule::{Bound, Compiled, Invariant, ProfileRef, Rule};
use super::walk::{Active, Walk};
use crate::definitions::{Property, TypeId};
use crate::fhir::{Issue, IssueCode, Severity};
use crate::fhirpath::{Element, Expression, Node};

impl<'a> Walk<'a> {
    /// Adds the roots of profiles that a value must meet to the nodes from `from` on; where one of several would do,
    /// tries them.
    pub(super) fn profiles(&mut self, type_id: TypeId, item: Item<'a>, from: usize, place: &Place<'_>) {
        let mut index = from;
        while let Some(active) = self.nodes.get(index).copied() {
            index += 1;
            for rule in &active.node.rules {
                if let Rule::Profiles(types) = rule
                    && let Some((_, profiles)) = types.iter().find(|(id, _)| self.is_a(type_id, *id))
                {
                    self.one_of(profiles, item, active.of, from, place);
                }
            }
        }
    }

    fn one_of(
        &mut self,
        profiles: &'a [ProfileRef],
        item: Item<'a>,
        of: &'a Compiled,
        from: usize,
        place: &Place<'_>,
    ) {
        let validator = self.around.validator;
        if let [profile] = profiles {
            match validator.profile_of(profile) {
                Some(compiled) => self.add_root(compiled, from),
                None => self.not_at_hand(profile, place),
            }
            return;
        }
        let Some(value) = item.value else { return };
        for profile in profiles {
            match validator.profile_of(profile) {
                Some(compiled) if self.value_conforms(value, item, compiled, profile.number) => return,
                Some(_) => {}
                None => return self.not_at_hand(profile, place),
            }
        }
        let names: Vec<&str> = profiles.iter().map(|profile| profile.canonical.as_str()).collect();
        let issue = Issue::error(IssueCode::Structure, format!("meets none of {}", names.join(", ")));
        self.add(issue.at(place.to_string()).by("profile", &of.canonical));
    }

    pub(super) fn not_at_hand(&mut self, profile: &ProfileRef, place: &Place<'_>) {
        let text = format!("not checked against {}, which is not at hand", profile.canonical);
        self.add(self.unknown_definition(text).at(place.to_string()).by("profile", &profile.canonical));
    }

    /// An issue about a definition that is named but not at hand.
    pub(super) fn unknown_definition(&self, text: impl Into<String>) -> Issue {
        match self.around.context.demands.definitions {
            true => Issue::error(IssueCode::NotFound, text),
            false => Issue::new(Severity::Information, IssueCode::Informational, text),
        }
    }

    /// Whether a value meets a definition; nothing of it is told.
    pub(super) fn value_conforms(
        &mut self,
        value: &'a Value,
        item: Item<'a>,
        compiled: &'a Compiled,
        number: Option<usize>,
    ) -> bool {
        let is_resource = value.get("resourceType").is_some();
        let key = number.filter(|_| is_resource);
        if let Some(known) = key.and_then(|number| self.around.verdict(value, number)) {
            return known;
        }
        if self.around.is_far() {
            return true;
        }
        if let Some(number) = key {
            self.around.set_verdict(value, number, true);
        }
        self.around.hops.set(self.around.hops.get() + 1);
        let mut inner = Walk::new(self.around);
        inner.environment = self.environment.clone();
        inner.container = item.container;
        let element = Element {
            value: Some(value),
            extra: None,
            type_id: item.type_id,
            property: None,
            container: Some(item.container),
        };
        let verdict = inner.conforms(&element, compiled);
        self.around.hops.set(self.around.hops.get() - 1);
        if let Some(number) = key {
            self.around.set_verdict(value, number, verdict);
        }
        verdict
    }

    /// Whether an element meets a definition.
    pub(super) fn conforms(mut self, element: &Element<'a>, compiled: &'a Compiled) -> bool {
        let Some(value) = element.value else { return false };
        self.only_asked = true;
        self.nodes.push(Active { node: compiled.root(), of: compiled });
        let place = Place::root("");
        match (value, element.type_id) {
            (Value::Object(object), _) if object.contains_key("resourceType") => {
                self.resource(value, &place, super::walk::Standing::Own, 0);
            }
            (_, Some(type_id)) => {
                let item = Item { value: Some(value), type_id: Some(type_id), container: self.container };
                self.profiles(type_id, item, 0, &place);
                let nodes = 0..self.nodes.len();
                self.rules(type_id, element.property, Some(value), element.extra, nodes, &place);
                if let Value::Object(object) = value {
                    let spot =
                        super::walk::Spot { type_id, property: None, place: &place, is_logical: false };
                    self.object(spot, object, 0);
                }
            }
            _ => return false,
        }
        !self.issues.iter().any(Issue::is_error)
    }

    /// The rules of some nodes.
    pub(super) fn rules(
        &mut self,
        type_id: TypeId,
        property: Option<&'a Property>,
        value: Option<&'a Value>,
        extra: Option<&'a Value>,
        range: Range<usize>,
        place: &Place<'_>,
    ) {
        let from = range.start;
        let container = Some(self.container);
        let element = Element { value, extra, type_id: Some(type_id), property, container };
        for index in range {
            let Some(active) = self.nodes.get(index).copied() else { continue };
            for rule in &active.node.rules {
                if let Rule::Invariant(invariant) = rule {
                    let is_known = |known: &Rule| matches!(known, Rule::Invariant(other) if std::sync::Arc::ptr_eq(other, invariant));
                    let before = self.nodes.get(from..index).unwrap_or_default();
                    if !before.iter().any(|active| active.node.rules.iter().any(is_known)) {
                        self.invariant(invariant, element, active.of, place);
                    }
                } else if let Rule::Targets(targets) = rule {
                    if let Some(Value::Object(reference)) = value {
                        self.targets(targets, reference, active.of, place);
                    }
                } else if let Some(value) = value {
                    self.plain(rule, element, value, active.of, from, place);
                }
            }
        }
    }

    /// A rule on a value alone.
    fn plain(
        &mut self,
        rule: &'a Rule,
        element: Element<'a>,
        value: &'a Value,
        of: &Compiled,
        from: usize,
        place: &Place<'_>,
    ) {
        let types = self.around.validator.definitions.types();
        let type_name = element.type_name(types).unwrap_or_default();
        let (name, issue) = match rule {
            Rule::Types(allowed) => {
                if element.type_id.is_some_and(|own| allowed.iter().any(|(_, id)| types.is_a(own, *id))) {
                    return;
                }
                let names: Vec<&str> = allowed.iter().map(|(_, id)| types[*id].name.as_str()).collect();
                let text = format!("is of type {type_name}; allowed here: {}", names.join(", "));
                ("type", Issue::error(IssueCode::Structure, text))
            }
            Rule::Binding(rule) => {
                if !rule.usage.is_empty() && !self.is_usage(&rule.usage) {
                    return;
                }
                match binding::check(rule, type_name, value, self.around) {
                    Verdict::Fine => return,
                    Verdict::Wrong(_) if self.is_prescribed(value, from) => return,
                    Verdict::Wrong(text) => {
                        ("binding", Issue::new(rule.severity, IssueCode::CodeInvalid, text))
                    }
                    Verdict::Unknown if rule.severity < Severity::Warning => return,
                    Verdict::Unknown => {
                        let text =
                            format!("not checked: the codes of {} are not all at hand", rule.value_set);
                        ("binding", Issue::new(Severity::Information, IssueCode::Informational, text))
                    }
                }
            }
            Rule::Fixed(fixed) => return self.differences(("fixed", fixed, true), value, of, place),
            Rule::Pattern(pattern) => return self.differences(("pattern", pattern, false), value, of, place),
            Rule::Bound(bound) => match self.beyond(bound, element) {
                Some(text) => ("bound", Issue::error(IssueCode::Value, text)),
                None => return,
            },
            Rule::MaxLength(most)
                if value.as_str().is_some_and(|text| text.chars().count() > *most as usize) =>
            {
                (
                    "length",
                    Issue::error(IssueCode::TooLong, format!("must not be longer than {most} characters")),
                )
            }
            _ => return,
        };
        self.add(issue.at(place.to_string()).by(name, &of.canonical));
    }

    fn differences(
        &mut self,
        (rule, wanted, is_exact): (&str, &Value, bool),
        value: &Value,
        of: &Compiled,
        place: &Place<'_>,
    ) {
        let is_same = if is_exact { compare::is_fixed(value, wanted) } else { compare::fits(value, wanted) };
        if is_same {
            return;
        }
        for difference in compare::differences(value, wanted, is_exact) {
            let at = match difference.path.as_str() {
                "" => place.to_string(),
                path => format!("{place}.{path}"),
            };
            self.add(Issue::error(IssueCode::Value, difference.wanted).at(at).by(rule, &of.canonical));
        }
    }

    /// Whether a definition beside the value fixes its very code: then a binding that forbids it is the publisher's slip.
    fn is_prescribed(&self, value: &Value, from: usize) -> bool {
        let Some(code) = value.get("code") else { return false };
        let fixes = |active: &Active<'_>| {
            let child = active.node.children.iter().find(|child| child.name == "code");
            let rules = child.map_or(&[][..], |child| &active.of.node(child.content.node).rules);
            rules.iter().any(|rule| matches!(rule, Rule::Fixed(fixed) if fixed == code))
        };
        self.nodes.get(from..).unwrap_or_default().iter().any(fixes)
    }

    fn beyond(&self, bound: &'a Bound, element: Element<'a>) -> Option<String> {
        if bound.is_timely && self.around.context.now.is_none() {
            return None;
        }
        let within = bound.expression.evaluate_bool(&Node::Element(element), &self.environment);
        let is_beyond = matches!(within, Ok(Some(false)));
        is_beyond.then(|| format!("is beyond {} {}", bound.name, bound.value))
    }

    /// An invariant. One that failed for want of knowledge (a reference nobody could resolve, a value set nobody
    /// knows) is not broken.
    fn invariant(
        &mut self,
        invariant: &'a Invariant,
        element: Element<'a>,
        of: &Compiled,
        place: &Place<'_>,
    ) {
        if invariant.is_timely && self.around.context.now.is_none() {
            return;
        }
        let (holds, is_unsure) = self.around.watch(|| self.evaluate(&invariant.expression, element));
        let issue = match holds {
            Ok(true) => return,
            Ok(false) | Err(_) if is_unsure => {
                let text = format!("not checked: {} asks for what is not at hand", invariant.key);
                Issue::new(Severity::Information, IssueCode::Informational, text)
            }
            Ok(false) => {
                let text = match invariant.meaning {
                    Some(meaning) => meaning.to_owned(),
                    None => format!("must hold: {}", invariant.expression.text()),
                };
                Issue::new(invariant.severity, IssueCode::Invariant, text)
            }
            Err(error) => {
                let text = format!("{} could not be evaluated: {error}", invariant.key);
                Issue::warning(IssueCode::Exception, text)
            }
        };
        self.add(issue.at(place.to_string()).by(&invariant.key, &of.canonical));
    }

    /// An invariant holds when it is true; nothing counts as false.
    fn evaluate(
        &self,
        expression: &'a Expression,
        element: Element<'a>,
    ) -> Result<bool, crate::fhirpath::EvaluationError> {
        let holds = expression.evaluate_bool(&Node::Element(element), &self.environment)?;
        Ok(holds.unwrap_or(false))
    }
}
