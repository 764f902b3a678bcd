//! Slips in R4 as published, put right. Each makes R4's own examples wrong, was mended in later versions of FHIR, and is
//! passed over by the reference validator in the same way.

/// Expressions of invariants: as published, and as meant.
const EXPRESSIONS: [(&str, &str); 3] = [
    // bdl-8: an entry need not have a fullUrl.
    ("fullUrl.contains('/_history/').not()", "fullUrl.empty() or fullUrl.contains('/_history/').not()"),
    // ras-2: a probability may be a range, or not be there.
    (
        "probability is decimal implies (probability as decimal) <= 100",
        "probability.empty() or ((probability is decimal) implies ((probability as decimal) <= 100))",
    ),
    // que-12: two conditions are more than one.
    (
        "enableWhen.count() > 2 implies enableBehavior.exists()",
        "enableWhen.count() > 1 implies enableBehavior.exists()",
    ),
];

/// Extensions by the last part of their URL, and where they may stand besides what their definitions say: R4 itself
/// puts them there.
const CONTEXTS: [(&str, &[&str]); 3] = [
    ("structuredefinition-fhir-type", &["ElementDefinition.type"]),
    ("regex", &["ElementDefinition.type", "ElementDefinition.type.code"]),
    (
        "structuredefinition-normative-version",
        &[
            "ElementDefinition",
            "CodeSystem",
            "ValueSet",
            "OperationDefinition",
            "CapabilityStatement",
            "SearchParameter",
        ],
    ),
];

const TYPES: &str = "http://hl7.org/fhir/StructureDefinition/";

/// The expression that is meant.
pub(super) fn expression(published: &str) -> &str {
    EXPRESSIONS.iter().find(|(slip, _)| *slip == published).map_or(published, |(_, meant)| meant)
}

/// Further places where an extension may stand.
pub(super) fn contexts(url: &str) -> &'static [&'static str] {
    let name = url.strip_prefix(TYPES).unwrap_or_default();
    CONTEXTS.iter().find(|(own, _)| *own == name).map_or(&[], |(_, places)| places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhirpath::Expression;

    #[test]
    fn what_is_meant_can_be_read() {
        for (published, meant) in EXPRESSIONS {
            assert_eq!(expression(published), meant);
            assert!(Expression::parse(meant).is_ok(), "{meant}");
        }
        assert_eq!(expression("a = b"), "a = b");
        assert_eq!(contexts("http://hl7.org/fhir/StructureDefinition/regex").len(), 2);
        assert!(contexts("http://example.org/regex").is_empty());
    }
}
