//! Security labels (R4 §6.1.1): what the ones we know mean, on content and in a provision.
//!
//! What a label sets apart that is not in these tables is restricted: only a provision with that very label reaches it.

use crate::consent::Purpose;

use super::Sensitivity::{self, BehavioralHealth, Hiv, IntimatePartnerViolence, Minors, Restricted};
use super::Sensitivity::{SexualReproductive, SubstanceUse};

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const ACT_US_PRIVACY_LAW: &str = "http://terminology.hl7.org/CodeSystem/v3-ActUSPrivacyLaw";
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const OBSERVATION_VALUE: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";

/// A level of confidentiality, each above the one before it (v3-Confidentiality).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(in crate::consent) enum Level {
    /// `U`
    Unrestricted,
    /// `L`
    Low,
    /// `M`
    Moderate,
    /// `N`; also of what carries no such label.
    #[default]
    Normal,
    /// `R`
    Restricted,
    /// `V`
    VeryRestricted,
}

/// What a security label means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::consent) enum Label {
    /// How confidential it is.
    Confidentiality(Level),
    /// What it is about.
    Sensitive(Sensitive),
    /// What it may be used for.
    Purpose(Purpose),
    /// It may not be passed on.
    NoRedisclosure,
    /// It may not be disclosed without consent, be it to whom it may.
    ConsentNeeded,
    /// Nothing that restricts disclosure, or what the exchange does anyway, as encryption.
    Harmless,
}

/// A label that tells what something is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::consent) struct Sensitive {
    pub sensitivity: Sensitivity,
    reach: Reach,
    system: Box<str>,
    code: Box<str>,
}

/// What else a label in a provision reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It stands for the whole sensitivity: what carries another label of it too, but those kept apart.
    Whole,
    /// Only what carries itself; what names the whole reaches it.
    Part,
    /// Only what carries itself, and only by itself.
    Apart,
}

impl Sensitive {
    /// Whether a provision with this label speaks of content with that one.
    pub(in crate::consent) fn covers(&self, content: &Sensitive) -> bool {
        let same = self.system == content.system && self.code == content.code;
        same || self.names(content.sensitivity) && content.reach != Reach::Apart
    }

    /// Whether it stands for a sensitivity as a whole.
    pub(in crate::consent) fn names(&self, sensitivity: Sensitivity) -> bool {
        self.sensitivity == sensitivity && self.reach == Reach::Whole
    }

    /// Whether only a provision with this very label reaches it.
    pub(in crate::consent) fn is_apart(&self) -> bool {
        self.reach == Reach::Apart
    }
}

impl Label {
    /// What a label means that is not configured.
    pub(super) fn read(system: &str, code: &str) -> Label {
        use Reach::{Part, Whole};
        let sensitive = |sensitivity, reach| Label::sensitive(sensitivity, reach, system, code);
        match (system, code) {
            (CONFIDENTIALITY, "U") => Label::Confidentiality(Level::Unrestricted),
            (CONFIDENTIALITY, "L") => Label::Confidentiality(Level::Low),
            (CONFIDENTIALITY, "M") => Label::Confidentiality(Level::Moderate),
            (CONFIDENTIALITY, "N") => Label::Confidentiality(Level::Normal),
            (CONFIDENTIALITY, "R") => Label::Confidentiality(Level::Restricted),
            (CONFIDENTIALITY, "V") => Label::Confidentiality(Level::VeryRestricted),
            (ACT_CODE, "SUD" | "ETH" | "42CFRPart2" | "42CFRPart2CD")
            | (ACT_US_PRIVACY_LAW, "42CFRPart2")
            | (CONFIDENTIALITY, "ETH") => sensitive(SubstanceUse, Whole),
            (ACT_CODE, "ETHUD" | "OPIOIDUD") => sensitive(SubstanceUse, Part),
            (ACT_CODE | CONFIDENTIALITY, "SDV") | (ACT_CODE, "VIO") => {
                sensitive(IntimatePartnerViolence, Whole)
            }
            (ACT_CODE, "MST") => sensitive(IntimatePartnerViolence, Part),
            (ACT_CODE | CONFIDENTIALITY, "HIV") => sensitive(Hiv, Whole),
            (ACT_CODE, "ADOL") => sensitive(Minors, Whole),
            (ACT_CODE | CONFIDENTIALITY, "PSY") | (ACT_CODE, "BH" | "MH") => {
                sensitive(BehavioralHealth, Whole)
            }
            (ACT_CODE, "COGN" | "DVD" | "EMOTDIS") => sensitive(BehavioralHealth, Part),
            // Psychotherapy notes need an authorisation of their own (45 CFR 164.508(a)(2)).
            (ACT_CODE, "PSYTHPN") | (ACT_US_PRIVACY_LAW, "HIPAAPsyNotes") => {
                sensitive(BehavioralHealth, Reach::Apart)
            }
            (ACT_CODE, "SEX") => sensitive(SexualReproductive, Whole),
            (ACT_CODE, "STD" | "PREGNANT" | "GENDER") => sensitive(SexualReproductive, Part),
            (ACT_CODE, "NORDSCLCD" | "NORDSLCD" | "NORDSCLCDS") => Label::NoRedisclosure,
            (ACT_CODE, "NODSCLCD" | "NODSCLCDS" | "NOAUTH") => Label::ConsentNeeded,
            (
                ACT_CODE,
                "AOD" | "AUDIT" | "AUDTR" | "CPLYCD" | "CPLYJPP" | "CPLYOPP" | "CPLYOSP" | "CPLYPOL"
                | "ENCRYPT" | "ENCRYPTR" | "ENCRYPTT" | "ENCRYPTU" | "LABEL" | "MINEC" | "PERSISTLABEL"
                | "PRIVMARK",
            )
            | (ACT_REASON, "HTEST")
            | (ACT_US_PRIVACY_LAW, "HIPAANOPP")
            | (OBSERVATION_VALUE, _) => Label::Harmless,
            (ACT_REASON, _) => {
                Purpose::parse(code).map_or_else(|| Label::unknown(system, code), Label::Purpose)
            }
            _ => Label::unknown(system, code),
        }
    }

    /// A label we do not know, or that no other reaches.
    pub(super) fn unknown(system: &str, code: &str) -> Label {
        Label::sensitive(Restricted, Reach::Apart, system, code)
    }

    /// A label that stands for a sensitivity.
    pub(super) fn whole(sensitivity: Sensitivity, system: &str, code: &str) -> Label {
        Label::sensitive(sensitivity, Reach::Whole, system, code)
    }

    fn sensitive(sensitivity: Sensitivity, reach: Reach, system: &str, code: &str) -> Label {
        Label::Sensitive(Sensitive { sensitivity, reach, system: system.into(), code: code.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reach() {
        for (provision, content, expected) in [
            ((ACT_CODE, "SUD"), (ACT_CODE, "SUD"), true),
            ((ACT_CODE, "SUD"), (ACT_CODE, "ETHUD"), true),
            ((ACT_CODE, "ETHUD"), (ACT_CODE, "SUD"), false),
            ((ACT_CODE, "ETHUD"), (ACT_CODE, "OPIOIDUD"), false),
            ((ACT_CODE, "ETHUD"), (ACT_CODE, "ETHUD"), true),
            ((ACT_US_PRIVACY_LAW, "42CFRPart2"), (ACT_CODE, "ETH"), true),
            ((ACT_CODE, "SUD"), (ACT_CODE, "HIV"), false),
            ((ACT_CODE, "BH"), (ACT_CODE, "PSY"), true),
            ((ACT_CODE, "PSY"), (ACT_CODE, "PSYTHPN"), false),
            ((ACT_CODE, "PSYTHPN"), (ACT_CODE, "PSYTHPN"), true),
            ((ACT_CODE, "PSYTHPN"), (ACT_CODE, "PSY"), false),
            // What protects especially does not name what it protects.
            ((ACT_CODE, "SPI"), (ACT_CODE, "SUD"), false),
            ((ACT_CODE, "SPI"), (ACT_CODE, "TBOO"), false),
            (("http://a.example", "x"), ("http://a.example", "x"), true),
            (("http://a.example", "x"), ("http://a.example", "y"), false),
        ] {
            let [Label::Sensitive(rule), Label::Sensitive(label)] =
                [provision, content].map(|(system, code)| Label::read(system, code))
            else {
                panic!("{provision:?} {content:?}");
            };
            assert_eq!(rule.covers(&label), expected, "{provision:?} {content:?}");
        }
    }

    #[test]
    fn others() {
        for (system, code, expected) in [
            (CONFIDENTIALITY, "R", Label::Confidentiality(Level::Restricted)),
            (ACT_REASON, "TREAT", Label::Purpose(Purpose::TREATMENT)),
            (ACT_REASON, "HTEST", Label::Harmless),
            (OBSERVATION_VALUE, "SUBSETTED", Label::Harmless),
            (ACT_CODE, "NORDSCLCD", Label::NoRedisclosure),
            (ACT_CODE, "NOAUTH", Label::ConsentNeeded),
            (ACT_CODE, "DEID", Label::unknown(ACT_CODE, "DEID")),
            (ACT_REASON, "nonsense", Label::unknown(ACT_REASON, "nonsense")),
            ("", "R", Label::unknown("", "R")),
        ] {
            assert_eq!(Label::read(system, code), expected, "{system} {code}");
        }
    }
}
