//! Whether the person may be contacted: an order can say that he must not be (SDOHCC 3.0.0, `orderDetail`).

use crate::fhir::Resource;

use super::json::{codings, items};

/// The code system of SDOHCC's temporary codes.
const SDOHCC: &str = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";

/// Whether nothing in a ServiceRequest's `orderDetail` forbids to contact its subject
/// (`contacting-subject-prohibited`). The code forbids without its system too.
pub fn may_contact_subject(order: &Resource) -> bool {
    !items(order.as_value(), "orderDetail")
        .iter()
        .flat_map(codings)
        .any(|coding| matches!(coding, (SDOHCC | "", "contacting-subject-prohibited")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn contact() {
        let prohibited = "contacting-subject-prohibited";
        for (detail, expected) in [
            (json!(null), true),
            (json!([]), true),
            (json!([{"text": prohibited}]), true),
            (json!([{"coding": [{"system": SDOHCC, "code": "make-contact"}]}]), true),
            (json!([{"coding": [{"system": "http://a.example", "code": prohibited}]}]), true),
            (json!([{"coding": [{"system": SDOHCC, "code": prohibited}]}]), false),
            (json!([{"coding": [{"code": prohibited}]}]), false),
            (
                json!([{"text": "x"}, {"coding": [{"code": "y"}, {"system": SDOHCC, "code": prohibited}]}]),
                false,
            ),
        ] {
            let order = json!({"resourceType": "ServiceRequest", "orderDetail": detail});
            assert_eq!(may_contact_subject(&Resource::new(order).unwrap()), expected, "{detail}");
        }
    }
}
