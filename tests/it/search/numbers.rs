//! number (R4 §3.1.1.4.6), quantity (§3.1.1.4.13) and composite (§3.1.1.4.15).

use super::{check, check_refused};

#[test]
fn numbers() {
    check(&[
        ("RiskAssessment?probability=0.8", "k1"),
        ("RiskAssessment?probability=0.80", "k1"),
        // 1 means 0.5 to 1.5.
        ("RiskAssessment?probability=1", "k1 k2"),
        ("RiskAssessment?probability=0.7", "k2"),
        ("RiskAssessment?probability=0.9", ""),
        ("RiskAssessment?probability=gt0.75", "k1"),
        ("RiskAssessment?probability=ge0.7", "k1 k2"),
        ("RiskAssessment?probability=lt0.5", "k2"),
        ("RiskAssessment?probability=le0.25", "k2"),
        ("RiskAssessment?probability=8e-1", "k1"),
        ("RiskAssessment?probability=0.8,0.25", "k1 k2"),
        ("RiskAssessment?probability=gt0.2&probability=lt0.3", "k2"),
        ("RiskAssessment?probability=ap0.75", "k1 k2"),
        ("RiskAssessment?probability=ne0.8", "k2"),
        ("RiskAssessment?probability=sa0.75", "k1"),
        ("RiskAssessment?probability=eb0.3", "k2"),
    ]);
}

#[test]
fn quantities() {
    check(&[
        ("Observation?value-quantity=72", "b1"),
        ("Observation?value-quantity=72.0", "b1"),
        ("Observation?value-quantity=72.4", ""),
        ("Observation?value-quantity=5.4", "b4"),
        ("Observation?value-quantity=5.40", "b4"),
        ("Observation?value-quantity=5", "b4"),
        ("Observation?value-quantity=5.3", ""),
        ("Observation?value-quantity=72|http://unitsofmeasure.org|/min", "b1"),
        ("Observation?value-quantity=72||/min", "b1"),
        ("Observation?value-quantity=72||beats/minute", "b1"),
        ("Observation?value-quantity=72|http://unitsofmeasure.org|mg", ""),
        ("Observation?value-quantity=72|http://other.example|/min", ""),
        ("Observation?value-quantity=gt70", "b1"),
        ("Observation?value-quantity=lt100", "b1 b4"),
        ("Observation?value-quantity=lt100|http://unitsofmeasure.org|mg", "b4"),
        ("Observation?value-quantity=ge5.4&value-quantity=le72", "b1 b4"),
        ("Observation?value-quantity=ne72", "b4"),
        // More digits than a computer's number has.
        ("Observation?value-quantity=72.00000000000000000000", "b1"),
        ("Observation?component-value-quantity=120", "b2"),
        ("Observation?combo-value-quantity=gt75", "b2"),
    ]);
}

#[test]
fn composites_meet_within_one_element() {
    check(&[
        ("Observation?code-value-quantity=http://loinc.org|8867-4$gt70", "b1"),
        ("Observation?code-value-quantity=8867-4$lt70", "b4"),
        ("Observation?code-value-quantity=85354-9$120", ""),
        ("Observation?component-code-value-quantity=http://loinc.org|8480-6$gt110", "b2"),
        // The 80 belongs to the other component.
        ("Observation?component-code-value-quantity=http://loinc.org|8480-6$lt100", ""),
        ("Observation?component-code-value-quantity=8462-4$80||mm[Hg]", "b2"),
        ("Observation?combo-code-value-quantity=8462-4$lt100", "b2"),
        ("Observation?combo-code-value-quantity=8867-4$gt70", "b1"),
        ("Observation?combo-code-value-quantity=8480-6$80", ""),
        ("Observation?code-value-concept=88122-7$LA33-6", "b3"),
        ("Observation?code-value-concept=http://local.example|food-1$http://loinc.org|LA33-6", "b3"),
        ("Observation?code-value-concept=88122-7$LA32-8", ""),
        ("Observation?code-value-concept=88122-7$LA32-8,88122-7$LA33-6", "b3"),
        ("Observation?code-value-date=88122-7$2026", ""),
        ("Group?characteristic-value=plan$gold", "g1"),
        ("Group?characteristic-value=http://codes.example|area$north", "g1"),
        ("Group?characteristic-value=plan$north", ""),
        ("Group?characteristic=area", "g1"),
        ("Group?exclude=true", "g1"),
    ]);
}

#[test]
fn what_is_no_number_is_refused() {
    check_refused(&[
        ("RiskAssessment?probability=high", "probability"),
        ("RiskAssessment?probability=NaN", "probability"),
        ("RiskAssessment?probability=inf", "probability"),
        ("RiskAssessment?probability=1e999", "probability"),
        ("Observation?value-quantity=5|mg", "value-quantity"),
        ("Observation?value-quantity=|http://a.example|mg", "value-quantity"),
        ("Observation?code-value-quantity=8867-4", "code-value-quantity"),
        ("Observation?code-value-quantity=8867-4$1$2", "code-value-quantity"),
        ("Observation?code-value-quantity=8867-4$x", "code-value-quantity"),
    ]);
}
