//! From `_include=…` to an [`Include`] (R4 §3.1.1.5.4).

use crate::definitions::{Definitions, SearchKind};
use crate::search::registry::Registry;

use super::read::Refusal;
use super::{Include, IncludeTarget};

/// Reads one `_include` or `_revinclude`. `searched` is the type that `*` stands for, `None` where it is every one.
pub(super) fn include(
    definitions: &Definitions,
    registry: &Registry,
    searched: Option<&str>,
    name: &str,
    value: &str,
) -> Result<Include, Refusal> {
    let (stem, modifier) =
        name.split_once(':').map_or((name, None), |(stem, modifier)| (stem, Some(modifier)));
    let reverse = match stem {
        "_include" => false,
        "_revinclude" => true,
        _ => return Err(Refusal::PassedOver(format!("'{name}' is not a search parameter"))),
    };
    let iterate = match modifier {
        None => false,
        Some("iterate" | "recurse") => true,
        Some(modifier) => {
            return Err(Refusal::Wrong(format!("{stem} takes the modifier :iterate, not ':{modifier}'")));
        }
    };
    let unknown = || Refusal::PassedOver(format!("'{value}' names no reference to include"));
    // The IG itself writes HealthCareService.
    let type_named = |name: &str| {
        let types = definitions.types();
        let found = types
            .resource(name)
            .or_else(|| types.resources().find(|id| types[*id].name.eq_ignore_ascii_case(name)));
        found.map(|id| types[id].name.clone()).ok_or_else(unknown)
    };
    let parts: Vec<&str> = value.split(':').collect();
    let (source, code, target_type) = match *parts.as_slice() {
        ["*"] => (searched.filter(|_| !reverse).map(str::to_owned), "*", None),
        [source, code] => (Some(type_named(source)?), code, None),
        [source, code, target] => (Some(type_named(source)?), code, Some(type_named(target)?)),
        _ => return Err(unknown()),
    };
    let target = match (code, &source) {
        ("*", _) => IncludeTarget::All,
        (code, Some(source)) => match registry.find(source, code) {
            Some(key) if registry[key].kind == SearchKind::Reference => IncludeTarget::Parameter(key),
            _ => return Err(unknown()),
        },
        (_, None) => return Err(unknown()),
    };
    Ok(Include { reverse, iterate, source, target, target_type })
}
