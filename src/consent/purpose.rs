//! Why information is asked for (v3 PurposeOfUse).

use std::fmt;

/// A purpose of use: a code of v3-ActReason below PurposeOfUse (HL7 terminology 7.2.0).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Purpose(u8);

impl Purpose {
    /// `TREAT`: treatment.
    pub const TREATMENT: Purpose = Purpose::known("TREAT");
    /// `COC`: coordination of care, a kind of treatment. The purpose of a referral, and the default: HIPAA counts the
    /// coordination of care with a third party among treatment (45 CFR 164.501).
    pub const COORDINATION_OF_CARE: Purpose = Purpose::known("COC");
    /// `ETREAT`: emergency treatment.
    pub const EMERGENCY_TREATMENT: Purpose = Purpose::known("ETREAT");
    /// `HPAYMT`: healthcare payment.
    pub const PAYMENT: Purpose = Purpose::known("HPAYMT");
    /// `HOPERAT`: healthcare operations.
    pub const OPERATIONS: Purpose = Purpose::known("HOPERAT");

    /// Reads a code; `None` when it is none of the code system's.
    pub fn parse(code: &str) -> Option<Purpose> {
        TABLE.iter().position(|row| row.1 == code).and_then(|at| u8::try_from(at).ok()).map(Purpose)
    }

    /// The code.
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// What the code is called.
    pub fn display(self) -> &'static str {
        self.row().2
    }

    /// Whether this is `other` or a kind of it.
    pub fn is_a(self, other: Purpose) -> bool {
        let (at, top) = (usize::from(self.0), usize::from(other.0));
        // The kinds of a purpose are the rows after it that stand deeper.
        let kinds = TABLE.get(top + 1..=at);
        at == top || kinds.is_some_and(|rows| at > top && rows.iter().all(|row| row.0 > other.row().0))
    }

    fn row(self) -> &'static (u8, &'static str, &'static str) {
        &TABLE[usize::from(self.0)]
    }

    /// Finds a code of the table, while compiling; the tests tell whether it is there.
    const fn known(code: &str) -> Purpose {
        let mut at = 0;
        while at < TABLE.len() - 1 && !same(TABLE[at].1.as_bytes(), code.as_bytes()) {
            at += 1;
        }
        Purpose(at as u8)
    }
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

impl Default for Purpose {
    fn default() -> Self {
        Purpose::COORDINATION_OF_CARE
    }
}

impl fmt::Display for Purpose {
    /// The code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Depth, code and display; the kinds of a purpose come right after it, deeper.
const TABLE: &[(u8, &str, &str); 62] = &[
    (0, "HMARKT", "healthcare marketing"),
    (0, "HOPERAT", "healthcare operations"),
    (1, "CAREMGT", "care management"),
    (1, "DONAT", "donation"),
    (1, "FRAUD", "fraud"),
    (1, "GOV", "government"),
    (1, "HACCRED", "health accreditation"),
    (1, "HCOMPL", "health compliance"),
    (1, "HDECD", "decedent"),
    (1, "HDIRECT", "directory"),
    (1, "HDM", "healthcare delivery management"),
    (1, "HLEGAL", "legal"),
    (1, "HOUTCOMS", "health outcome measure"),
    (1, "HPRGRP", "health program reporting"),
    (1, "HQUALIMP", "health quality improvement"),
    (1, "HSYSADMIN", "health system administration"),
    (2, "LABELING", "labeling"),
    (2, "METAMGT", "metadata management"),
    (1, "MEMADMIN", "member administration"),
    (1, "MILCDM", "military command"),
    (1, "PATADMIN", "patient administration"),
    (1, "PATSFTY", "patient safety"),
    (1, "PERFMSR", "performance measure"),
    (1, "RECORDMGT", "records management"),
    (1, "SYSDEV", "system development"),
    (2, "HTEST", "test health data"),
    (1, "TRAIN", "training"),
    (1, "MLTRAINING", "machine learning training"),
    (0, "HPAYMT", "healthcare payment"),
    (1, "CLMATTCH", "claim attachment"),
    (1, "COVAUTH", "coverage authorization"),
    (1, "COVERAGE", "coverage under policy or program"),
    (2, "ELIGDTRM", "eligibility determination"),
    (2, "ELIGVER", "eligibility verification"),
    (2, "ENROLLM", "enrollment"),
    (2, "MILDCRG", "military discharge"),
    (1, "REMITADV", "remittance advice"),
    (1, "PMTDS", "decision support assisted payment decision"),
    (0, "HRESCH", "healthcare research"),
    (1, "BIORCH", "biomedical research"),
    (1, "CLINTRCH", "clinical trial research"),
    (2, "CLINTRCHNPC", "clinical trial research without patient care"),
    (2, "CLINTRCHPC", "clinical trial research with patient care"),
    (2, "PRECLINTRCH", "preclinical trial research"),
    (1, "DSRCH", "disease specific healthcare research"),
    (1, "POARCH", "population origins or ancestry healthcare research"),
    (1, "TRANSRCH", "translational healthcare research"),
    (0, "PATRQT", "patient requested"),
    (1, "FAMRQT", "family requested"),
    (1, "PWATRNY", "power of attorney"),
    (1, "SUPNWK", "support network"),
    (0, "PUBHLTH", "public health"),
    (1, "DISASTER", "disaster"),
    (1, "THREAT", "threat"),
    (0, "TREAT", "treatment"),
    (1, "CLINTRL", "clinical trial"),
    (1, "COC", "coordination of care"),
    (1, "ETREAT", "emergency treatment"),
    (2, "BTG", "break the glass"),
    (2, "ERTREAT", "emergency room treatment"),
    (1, "POPHLTH", "population health"),
    (1, "TREATDS", "decision support assisted treatment decision"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (depth, code, display) in *TABLE {
            let purpose = Purpose::parse(code).unwrap();
            assert_eq!((purpose.row().0, purpose.code(), purpose.display()), (depth, code, display));
        }
        for (purpose, code) in [
            (Purpose::TREATMENT, "TREAT"),
            (Purpose::default(), "COC"),
            (Purpose::EMERGENCY_TREATMENT, "ETREAT"),
            (Purpose::PAYMENT, "HPAYMT"),
            (Purpose::OPERATIONS, "HOPERAT"),
        ] {
            assert_eq!(purpose.code(), code);
        }
        for unknown in ["", "treat", "PurposeOfUse", "X"] {
            assert_eq!(Purpose::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn kinds() {
        for (code, of, expected) in [
            ("COC", "TREAT", true),
            ("COC", "COC", true),
            ("TREAT", "COC", false),
            ("BTG", "TREAT", true),
            ("BTG", "ETREAT", true),
            ("BTG", "COC", false),
            ("POPHLTH", "ETREAT", false),
            ("HMARKT", "TREAT", false),
            ("TREAT", "HMARKT", false),
            ("CAREMGT", "HOPERAT", true),
            ("HPAYMT", "HOPERAT", false),
            ("MILDCRG", "COVERAGE", true),
        ] {
            let (purpose, other) = (Purpose::parse(code).unwrap(), Purpose::parse(of).unwrap());
            assert_eq!(purpose.is_a(other), expected, "{code} of {of}");
        }
    }
}
