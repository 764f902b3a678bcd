//! Which of a profile's must-support elements (R4 §5.1.0.7) a resource has. A report, not a rule: FHIR leaves to guides
//! what must-support means, and no element is wrong for not being there.

use serde_json::Value;

use super::Validator;
use super::around::{Around, Context};
use super::path::{self, Item, Step};
use super::rule::{Compiled, Content, Node, NodeId};
use super::slice::{Belongs, Slicing};
use super::walk::Walk;
use crate::definitions::TypeId;
use crate::fhir::Resource;

/// An element that senders and receivers must be able to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MustSupport {
    /// Its id in the profile: `Task.input:AdditionalContent.value[x]`.
    pub element: String,
    /// How many values of it the resource has.
    pub count: usize,
}

impl Validator {
    /// The must-support elements of a profile, in its order, and how many of each the resource has. Elements below one
    /// that is not there are left out. `None` when the profile is not at hand or cannot be used.
    pub fn must_support(
        &self,
        resource: &Resource,
        profile: &str,
        context: &Context<'_>,
    ) -> Option<Vec<MustSupport>> {
        let compiled = self.profile(profile)?.ok()?;
        let value = resource.as_value();
        let around = Around::new(self, *context, value);
        let mut walk = Walk::new(&around);
        walk.container = value;
        let root = Item { value: Some(value), type_id: Some(compiled.of_type), container: value };
        let mut report = Report { walk, of: compiled, open: Vec::new(), found: Vec::new() };
        let name = self.definitions.types()[compiled.of_type].name.clone();
        report.node(NodeId::ROOT, &[root], &name);
        Some(report.found)
    }
}

struct Report<'a> {
    walk: Walk<'a>,
    of: &'a Compiled,
    /// The nodes being looked at: contents that refer to themselves have no end.
    open: Vec<NodeId>,
    found: Vec<MustSupport>,
}

impl<'a> Report<'a> {
    fn node(&mut self, id: NodeId, items: &[Item<'a>], place: &str) {
        if self.open.contains(&id) {
            return;
        }
        self.open.push(id);
        let node: &'a Node = self.of.node(id);
        for child in &node.children {
            let element = format!("{place}.{}", child.name);
            let step = [Step::Property(child.name.trim_end_matches("[x]").into())];
            let mut values = Vec::new();
            for item in items {
                path::follow(&step, *item, self.walk.around, &mut |value| {
                    values.push(value);
                    true
                });
            }
            self.tell(child.must_support, &element, values.len());
            self.content(&child.content, &values, &element);
            if let Some(slicing) = &child.slicing {
                self.slices(slicing, &values, &element);
            }
        }
        self.open.pop();
    }

    fn slices(&mut self, slicing: &'a Slicing, values: &[Item<'a>], element: &str) {
        for slice in &slicing.slices {
            let belongs = |item: &&Item<'a>| self.walk.belongs(slice, **item) == Belongs::Yes;
            let own: Vec<Item<'a>> = values.iter().filter(belongs).copied().collect();
            let element = format!("{element}:{}", slice.name);
            self.tell(slice.must_support, &element, own.len());
            self.content(&slice.content, &own, &element);
            if let Some(inner) = &slice.slicing {
                self.slices(inner, &own, &element);
            }
        }
    }

    fn content(&mut self, content: &Content, values: &[Item<'a>], element: &str) {
        for (type_id, id) in &content.of_types {
            let own: Vec<Item<'a>> = values.iter().filter(|item| is_of(item, *type_id)).copied().collect();
            if !own.is_empty() {
                self.node(*id, &own, element);
            }
        }
    }

    fn tell(&mut self, must_support: bool, element: &str, count: usize) {
        if must_support {
            self.found.push(MustSupport { element: element.to_owned(), count });
        }
    }
}

fn is_of(item: &Item<'_>, type_id: TypeId) -> bool {
    item.type_id.is_none_or(|own| own == type_id) && item.value.is_some_and(Value::is_object)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::definitions::Definitions;

    #[test]
    fn reports() {
        let validator = Validator::new(Arc::new(Definitions::embedded().unwrap()));
        let resource = Resource::new(json!({
            "resourceType": "Task", "status": "requested", "intent": "order",
            "input": [
                {"type": {"coding": [{
                    "system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes",
                    "code": "additional-content",
                }]}, "valueReference": {"reference": "DocumentReference/1"}},
                {"type": {"text": "another"}, "valueString": "x"},
            ],
        }));
        let profile = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement|3.0.0";
        let report = validator.must_support(&resource.unwrap(), profile, &Context::default()).unwrap();
        let count =
            |element: &str| report.iter().find(|found| found.element == element).map(|found| found.count);
        for (element, expected) in [
            ("Task.status", Some(1)),
            ("Task.for", Some(0)),
            ("Task.authoredOn", Some(0)),
            ("Task.statusReason", Some(0)),
            ("Task.statusReason.text", None),
            ("Task.intent", None),
            ("Task.description", None),
        ] {
            assert_eq!(count(element), expected, "{element} in {report:#?}");
        }
        let unknown = Resource::new(json!({"resourceType": "Task"})).unwrap();
        assert_eq!(validator.must_support(&unknown, "http://nobody.example/p", &Context::default()), None);
    }
}
