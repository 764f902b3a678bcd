//! What an operation is, as an OperationDefinition tells it (R4 §3.2).

use serde_json::{Map, Value, json};

use crate::gateway::Space;

/// An operation that the server answers.
#[derive(Debug)]
pub(in crate::api) struct Operation {
    /// Its name in a URL, without `$`.
    pub(in crate::api) code: &'static str,
    /// The type it is on; `Resource` for every type, `None` for the system.
    pub(in crate::api) resource: Option<&'static str>,
    pub(in crate::api) on_type: bool,
    pub(in crate::api) on_instance: bool,
    pub(in crate::api) definition: Definition,
    /// What it does, in a sentence.
    pub(in crate::api) description: &'static str,
    pub(in crate::api) parameters: &'static [Parameter],
}

/// Who has defined an operation. A server that does a part of what a definition says has one of its own, based on that
/// (R4 CapabilityStatement.rest.resource.operation.definition).
#[derive(Debug, Clone, Copy)]
pub(in crate::api) enum Definition {
    /// We.
    Own,
    /// It is done as this definition has it.
    Whole(&'static str),
    /// A part of this definition is.
    Part(&'static str),
}

/// A parameter of an operation.
#[derive(Debug)]
pub(in crate::api) struct Parameter {
    usage: &'static str,
    name: &'static str,
    min: u8,
    max: &'static str,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Type(&'static str),
    Parts(&'static [Parameter]),
}

impl Parameter {
    /// One that goes in.
    pub(in crate::api) const fn input(
        name: &'static str,
        min: u8,
        max: &'static str,
        kind: &'static str,
    ) -> Parameter {
        Parameter { usage: "in", name, min, max, kind: Kind::Type(kind) }
    }

    /// One that comes out.
    pub(in crate::api) const fn output(
        name: &'static str,
        min: u8,
        max: &'static str,
        kind: &'static str,
    ) -> Parameter {
        Parameter { usage: "out", name, min, max, kind: Kind::Type(kind) }
    }

    /// One of parts, used as they are; it may be there or not, and as often as it likes.
    pub(in crate::api) const fn group(
        usage: &'static str,
        name: &'static str,
        parts: &'static [Parameter],
    ) -> Parameter {
        Parameter { usage, name, min: 0, max: "*", kind: Kind::Parts(parts) }
    }

    fn to_value(&self) -> Value {
        let mut value = json!({"name": self.name, "use": self.usage, "min": self.min, "max": self.max});
        match self.kind {
            Kind::Type(kind) => value["type"] = kind.into(),
            Kind::Parts(parts) => value["part"] = parts.iter().map(Parameter::to_value).collect(),
        }
        value
    }
}

impl Operation {
    /// Whether this is the operation of that name on a type, one resource of it, or the system.
    pub(in crate::api) fn is(&self, name: &str, type_name: Option<&str>, on_instance: bool) -> bool {
        let is_on = match (self.resource, type_name) {
            (None, None) => true,
            (Some(own), Some(asked)) => {
                (own == "Resource" || own == asked)
                    && if on_instance { self.on_instance } else { self.on_type }
            }
            _ => false,
        };
        is_on && self.code == name
    }

    /// The logical id of its OperationDefinition.
    pub(in crate::api) fn id(&self) -> String {
        match self.resource {
            Some(resource) => format!("{resource}-{}", self.code),
            None => self.code.to_owned(),
        }
    }

    /// The canonical of its OperationDefinition; one of our own is where the space has it.
    pub(in crate::api) fn url(&self, space: &Space) -> String {
        match self.definition {
            Definition::Whole(official) => official.to_owned(),
            Definition::Own | Definition::Part(_) => {
                format!("{}/OperationDefinition/{}", space.base, self.id())
            }
        }
    }

    /// As a CapabilityStatement names it.
    pub(in crate::api) fn to_capability(&self, space: &Space) -> Value {
        json!({"name": self.code, "definition": self.url(space)})
    }

    /// Its OperationDefinition.
    pub(in crate::api) fn to_resource(&self, space: &Space) -> Value {
        let mut resource = json!({
            "resourceType": "OperationDefinition",
            "id": self.id(),
            "url": self.url(space),
            "name": computer_name(&self.id()),
            "status": "active",
            "kind": "operation",
            "description": self.description,
            "affectsState": false,
            "code": self.code,
        });
        let mut add = |name: &str, value: Value| {
            resource.as_object_mut().map(|map: &mut Map<_, _>| map.insert(name.to_owned(), value))
        };
        if let Definition::Part(official) = self.definition {
            add("base", official.into());
        }
        if let Some(type_name) = self.resource {
            add("resource", json!([type_name]));
        }
        add("system", self.resource.is_none().into());
        add("type", self.on_type.into());
        add("instance", self.on_instance.into());
        add("parameter", self.parameters.iter().map(Parameter::to_value).collect());
        resource
    }
}

/// `ValueSet-validate-code` as programs have names: `ValueSetValidateCode`.
fn computer_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for word in id.split('-') {
        let mut chars = word.chars();
        name.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(chars.as_str());
    }
    name
}
