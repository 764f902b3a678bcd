//! SearchParameter (R4 §2.43).

use serde_json::{Map, Value};

use super::{Malformed, objects, owned, part, required, text, texts};
use crate::definitions::search_parameter::{Component, SearchParameter};

/// `None` for one that has no base: a sketch that applies to no type.
pub(super) fn strip(resource: &Map<String, Value>) -> Result<Option<SearchParameter>, Malformed> {
    let base = texts(resource, "base");
    if base.is_empty() {
        return Ok(None);
    }
    let component = objects(resource, "component").map(|component| {
        Ok(Component {
            definition: required(component, "definition")?,
            expression: required(component, "expression")?,
        })
    });
    Ok(Some(SearchParameter {
        url: required(resource, "url")?,
        version: text(resource, "version").unwrap_or_default().to_owned(),
        code: required(resource, "code")?,
        base,
        kind: part(resource, "type")?,
        expression: owned(resource, "expression"),
        target: texts(resource, "target"),
        component: component.collect::<Result<_, Malformed>>()?,
    }))
}
