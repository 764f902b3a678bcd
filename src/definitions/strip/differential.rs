//! The differential of a StructureDefinition (R4 §5.1.0.4).

use serde_json::{Map, Value};

use super::structure::{self, number};
use super::{Malformed, objects, owned, required, texts};
use crate::definitions::StructureDefinition;
use crate::definitions::snapshot::{Differential, ElementChange};

/// `None` when there is no differential.
pub(super) fn strip(
    resource: &Map<String, Value>,
    structure: &StructureDefinition,
) -> Result<Option<Differential>, Malformed> {
    let Some(differential) = resource.get("differential").and_then(Value::as_object) else {
        return Ok(None);
    };
    let changes = objects(differential, "element").map(|source| change(source, &structure.url));
    Ok(Some(Differential { structure: structure.clone(), changes: changes.collect::<Result<_, _>>()? }))
}

fn change(source: &Map<String, Value>, stated_by: &str) -> Result<ElementChange, Malformed> {
    let flag = |name: &str| source.get(name).and_then(Value::as_bool);
    let constraints =
        objects(source, "constraint").map(|constraint| structure::constraint(constraint, stated_by));
    Ok(ElementChange {
        id: owned(source, "id"),
        path: required(source, "path")?,
        slice_name: owned(source, "sliceName"),
        slice_is_constraining: flag("sliceIsConstraining"),
        min: number(source, "min"),
        max: owned(source, "max"),
        types: objects(source, "type").filter_map(structure::element_type).collect(),
        content_reference: owned(source, "contentReference"),
        slicing: source.get("slicing").and_then(Value::as_object).map(structure::slicing).transpose()?,
        binding: source.get("binding").and_then(Value::as_object).map(structure::binding).transpose()?,
        constraints: constraints.collect::<Result<_, _>>()?,
        max_length: number(source, "maxLength"),
        must_support: flag("mustSupport"),
        is_modifier: flag("isModifier"),
        is_summary: flag("isSummary"),
        representation: texts(source, "representation"),
        values: structure::values(source),
    })
}
