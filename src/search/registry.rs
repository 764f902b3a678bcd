//! Every search parameter of every resource type, numbered.

use std::collections::HashMap;
use std::sync::Arc;

use crate::definitions::{Definitions, SearchKind, SearchParameter};

/// Number of a parameter of one resource type within a [`Registry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterKey(u32);

impl ParameterKey {
    /// The number as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A parameter of one resource type, under which entries are kept.
#[derive(Debug)]
pub struct RegisteredParameter {
    /// Resource type.
    pub type_name: Arc<str>,
    /// Name in a search URL; `owner:identifier` for the identifiers in a reference, `code-value-concept$1` for the
    /// second part of a composite.
    pub code: Arc<str>,
    /// How its values are compared.
    pub kind: SearchKind,
    /// The definition; of the composite or reference for derived parameters.
    pub definition: Arc<SearchParameter>,
    /// For a reference: where the identifiers it holds are kept.
    pub identifier: Option<ParameterKey>,
    /// For a composite: its parts.
    pub parts: Vec<ParameterKey>,
    /// Changes when entries made by an older definition are no longer right.
    pub fingerprint: String,
}

/// All parameters that entries are kept for. `_id` and `_lastUpdated` are not among them: the store knows those itself.
#[derive(Debug, Default)]
pub struct Registry {
    parameters: Vec<RegisteredParameter>,
    by_type: HashMap<Arc<str>, HashMap<Arc<str>, ParameterKey>>,
}

impl Registry {
    /// Numbers the parameters of all resource types.
    pub fn new(definitions: &Definitions) -> Registry {
        let mut registry = Registry::default();
        for type_id in definitions.types().resources() {
            let type_name: Arc<str> = definitions.types()[type_id].name.as_str().into();
            for definition in definitions.search_parameters(&type_name) {
                registry.add(definitions, &type_name, definition);
            }
        }
        registry
    }

    fn add(&mut self, definitions: &Definitions, type_name: &Arc<str>, definition: &Arc<SearchParameter>) {
        let Some(expression) = &definition.expression else { return };
        if matches!(definition.code.as_str(), "_id" | "_lastUpdated")
            || definition.kind == SearchKind::Special
        {
            return;
        }
        let (mut identifier, mut parts) = (None, Vec::new());
        if definition.kind == SearchKind::Reference {
            let code = format!("{}:identifier", definition.code);
            identifier = Some(self.push(type_name, &code, SearchKind::Token, definition, expression));
        }
        for (index, component) in definition.component.iter().enumerate() {
            let Some(part) = definitions.search_parameter_by_url(&component.definition) else { return };
            let code = format!("{}${index}", definition.code);
            let fingerprint = format!("{expression} $ {}", component.expression);
            parts.push(self.push(type_name, &code, part.kind, definition, &fingerprint));
        }
        let key = self.push(type_name, &definition.code, definition.kind, definition, expression);
        let added = &mut self.parameters[key.index()];
        (added.identifier, added.parts) = (identifier, parts);
    }

    fn push(
        &mut self,
        type_name: &Arc<str>,
        code: &str,
        kind: SearchKind,
        definition: &Arc<SearchParameter>,
        expression: &str,
    ) -> ParameterKey {
        let key = ParameterKey(self.parameters.len() as u32);
        let code: Arc<str> = code.into();
        self.by_type.entry(type_name.clone()).or_default().insert(code.clone(), key);
        self.parameters.push(RegisteredParameter {
            type_name: type_name.clone(),
            code,
            kind,
            definition: definition.clone(),
            identifier: None,
            parts: Vec::new(),
            fingerprint: format!("{kind:?} {expression}"),
        });
        key
    }

    /// All parameters, in the order of their keys.
    pub fn parameters(&self) -> &[RegisteredParameter] {
        &self.parameters
    }

    /// The parameter a resource type has under this name, in whatever case it is written: real clients send
    /// `_lastupdated`.
    pub fn find(&self, type_name: &str, code: &str) -> Option<ParameterKey> {
        let codes = self.by_type.get(type_name)?;
        codes
            .get(code)
            .copied()
            .or_else(|| codes.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, key)| *key))
    }

    /// The keys of all parameters.
    pub fn all(&self) -> impl Iterator<Item = ParameterKey> + use<> {
        (0..self.parameters.len() as u32).map(ParameterKey)
    }

    /// The parameters of one resource type, derived ones included, in no order.
    pub fn of_type(&self, type_name: &str) -> impl Iterator<Item = ParameterKey> + '_ {
        self.by_type.get(type_name).into_iter().flat_map(|codes| codes.values().copied())
    }
}

impl std::ops::Index<ParameterKey> for Registry {
    type Output = RegisteredParameter;

    fn index(&self, key: ParameterKey) -> &RegisteredParameter {
        &self.parameters[key.index()]
    }
}
