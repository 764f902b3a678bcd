//! The policy that a Consent rests on, and its provisions are exceptions to (R4 Consent.policyRule).
//!
//! `Consent.policy.uri` is for discovery only and says nothing about the rules (R4 Consent.policy).

use serde_json::Value;

use super::json::{codings, items};

/// What holds where no provision says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// `OPTIN`, `OPTINR`: the patient takes part, but for what the provisions except.
    OptIn,
    /// `OPTOUT`, `OPTOUTE`: he does not take part, but for what the provisions except.
    OptOut,
    /// `EMRGONLY`: he takes part where it is an emergency.
    EmergencyOnly,
    /// A signed authorisation to disclose: by its form, or by the document that is the Consent's source where no rule is
    /// given.
    Authorization,
    /// One that we do not know, or that permits nothing by itself (a notice, a restriction).
    Unknown,
}

impl Policy {
    /// Reads `policyRule`; of several codes the one that permits least counts.
    pub(super) fn read(consent: &Value) -> Policy {
        const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
        const CONSENT_POLICY: &str = "http://terminology.hl7.org/CodeSystem/consentpolicycodes";
        if consent.get("policyRule").is_none() {
            return Policy::Authorization;
        }
        let policy = |coding| match coding {
            (ACT_CODE, "OPTOUT" | "OPTOUTE") => Some((0, Policy::OptOut)),
            (ACT_CODE, "EMRGONLY") => Some((1, Policy::EmergencyOnly)),
            (CONSENT_POLICY, "hipaa-auth" | "mdhhs-5515" | "dch-3927" | "va-10-5345" | "squaxin") => {
                Some((2, Policy::Authorization))
            }
            (ACT_CODE, "OPTIN" | "OPTINR") => Some((3, Policy::OptIn)),
            _ => None,
        };
        items(consent, "policyRule")
            .iter()
            .flat_map(codings)
            .filter_map(policy)
            .min_by_key(|(order, _)| *order)
            .map_or(Policy::Unknown, |(_, policy)| policy)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules() {
        let act = |code| json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code});
        let form = |code| json!({"system": "http://terminology.hl7.org/CodeSystem/consentpolicycodes", "code": code});
        for (rule, expected) in [
            (json!({"coding": [act("OPTIN")]}), Policy::OptIn),
            (json!({"coding": [act("OPTINR")]}), Policy::OptIn),
            (json!({"coding": [act("OPTOUTE")]}), Policy::OptOut),
            (json!({"coding": [act("OPTIN"), act("OPTOUT")]}), Policy::OptOut),
            (json!({"coding": [act("EMRGONLY")]}), Policy::EmergencyOnly),
            (json!({"coding": [form("hipaa-auth")]}), Policy::Authorization),
            (json!({"coding": [form("hipaa-npp")]}), Policy::Unknown),
            (json!({"coding": [form("ssa-827")]}), Policy::Unknown),
            (json!({"coding": [act("NOCONSENT")]}), Policy::Unknown),
            (json!({"coding": [{"system": "http://a.example", "code": "OPTIN"}]}), Policy::Unknown),
            (json!({"text": "as agreed"}), Policy::Unknown),
            (json!("OPTIN"), Policy::Unknown),
        ] {
            assert_eq!(Policy::read(&json!({"policyRule": rule})), expected, "{rule}");
        }
        assert_eq!(Policy::read(&json!({"policy": [{"uri": "http://a.example"}]})), Policy::Authorization);
    }
}
