//! Media types (BCP 13, RFC 6838).

use crate::terminology::Membership;

/// RFC 6838 §4.2. FHIR also lets servers say `json` for `application/fhir+json`: a word without slash is not judged.
pub(super) fn check(code: &str) -> Membership {
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let essence = code.split(';').next().unwrap_or_default().trim();
    match essence.split_once('/') {
        None if is_token(essence) => Membership::Unknown,
        None => Membership::NotMember,
        Some((kind, subtype)) => {
            let parameters = code.split(';').skip(1).map(str::trim).filter(|parameter| !parameter.is_empty());
            let has_form = |parameter: &str| {
                parameter
                    .split_once('=')
                    .is_some_and(|(name, value)| is_token(name.trim()) && !value.is_empty())
            };
            Membership::from(is_token(kind) && is_token(subtype) && parameters.clone().all(has_form))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        for (code, expected) in [
            ("text/plain", Membership::Member),
            ("application/fhir+json; fhirVersion=4.0", Membership::Member),
            ("text/plain;charset=UTF-8", Membership::Member),
            ("json", Membership::Unknown),
            ("text/", Membership::NotMember),
            ("text plain", Membership::NotMember),
            ("a/b/c", Membership::NotMember),
            ("text/plain; charset", Membership::NotMember),
        ] {
            assert_eq!(check(code), expected, "{code}");
        }
    }
}
