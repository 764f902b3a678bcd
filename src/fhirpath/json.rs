//! Looking things up in JSON objects, quickly.

use serde_json::{Map, Value};

/// Up to this many properties are looked through one by one, which is quicker than hashing the name.
const SMALL: usize = 10;

/// The property of that name.
pub fn get<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if map.len() <= SMALL {
        return map.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value);
    }
    map.get(name)
}
