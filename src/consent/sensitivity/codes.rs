//! Codes by which sensitive content is recognised unless more are configured.

use super::Sensitivity::{self, Hiv, IntimatePartnerViolence, SubstanceUse};

pub(super) const ICD_10_CM: &str = "http://hl7.org/fhir/sid/icd-10-cm";
pub(super) const LOINC: &str = "http://loinc.org";
pub(super) const SDOHCC: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";
const SNOMED_CT: &str = "http://snomed.info/sct";

/// By system; a star stands for any end.
pub(super) const BUILT_IN: &[(Sensitivity, &str, &[&str])] = &[
    // Disorders by substance, nicotine (F17) left out; counselling; in pregnancy.
    (
        SubstanceUse,
        ICD_10_CM,
        &[
            "F10*", "F11*", "F12*", "F13*", "F14*", "F15*", "F16*", "F18*", "F19*", "Z71.41", "Z71.51",
            "O99.31*", "O99.32*",
        ],
    ),
    // Abuse of and dependence on alcohol, drugs, opioids, cocaine.
    (
        SubstanceUse,
        SNOMED_CT,
        &["66214007", "26416006", "15167005", "7200002", "191816009", "75544000", "5602001", "31956009"],
    ),
    // AUDIT, AUDIT-C, DAST, DAST-10: panels, questions of AUDIT-C, scores.
    (
        SubstanceUse,
        LOINC,
        &[
            "72110-0", "75624-7", "72109-2", "68518-0", "68519-8", "68520-6", "75626-2", "82665-1",
            "82666-9", "82667-7",
        ],
    ),
    (IntimatePartnerViolence, SDOHCC, &["intimate-partner-violence", "elder-abuse"]),
    // Abuse, confirmed and suspected; perpetrators; care for victims; history.
    (IntimatePartnerViolence, ICD_10_CM, &["T74*", "T76*", "Y07*", "Z69*", "Z62.81*", "Z91.41*"]),
    // Victim of intimate partner abuse.
    (IntimatePartnerViolence, SNOMED_CT, &["706892001"]),
    // HARK and HITS: panels, questions, scores.
    (
        IntimatePartnerViolence,
        LOINC,
        &[
            "76499-3", "76500-8", "76501-6", "76502-4", "76503-2", "76504-0", "95619-3", "95618-5",
            "95617-7", "95616-9", "95615-1", "95614-4",
        ],
    ),
    (Hiv, ICD_10_CM, &["B20", "B97.35", "Z21", "R75", "O98.7*", "Z20.6", "Z11.4", "Z71.7"]),
    (Hiv, SNOMED_CT, &["86406008", "62479008", "165816005", "91947003"]),
    // Antibodies, viral load, the combined test.
    (Hiv, LOINC, &["7917-8", "20447-9", "25836-8", "56888-1", "75622-1"]),
];
