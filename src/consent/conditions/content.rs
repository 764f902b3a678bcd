//! What information a rule is about: class, code, security label, time and particular resources (R4 Consent.provision).

use serde_json::Value;

use crate::consent::Content;
use crate::consent::address::Address;
use crate::consent::json::{Malformed, coding, codings, is_modified, list, text};
use crate::consent::matching::Match;
use crate::consent::period::Validity;
use crate::consent::sensitivity::{Label, Level, Sensitivities, Sensitivity, SensitivitySet};

/// What a provision says about the information.
#[derive(Debug)]
pub(super) struct ContentConditions {
    classes: Vec<Class>,
    codes: Vec<Code>,
    labels: Vec<Label>,
    data_period: Validity,
    data: Vec<Data>,
}

/// A class of information.
#[derive(Debug)]
enum Class {
    /// A resource type.
    Type(Box<str>),
    /// A profile that the resource claims.
    Profile(Box<str>),
    /// What an attachment is made of.
    Media(Box<str>),
    Unknown,
}

/// Codes that mean the same; none when it is text only.
#[derive(Debug)]
struct Code(Vec<(Box<str>, Box<str>, SensitivitySet)>);

/// Particular resources.
#[derive(Debug)]
struct Data {
    meaning: Meaning,
    /// `None` when the reference cannot be followed.
    address: Option<Address>,
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    Instance,
    Related,
    Dependents,
    AuthoredBy,
    Unknown,
}

impl ContentConditions {
    pub(super) fn read(
        provision: &Value,
        own_base: &str,
        sensitivities: &Sensitivities,
    ) -> Result<ContentConditions, Malformed> {
        let labels = list(provision, "securityLabel")?.iter();
        Ok(ContentConditions {
            classes: list(provision, "class")?.iter().map(Class::read).collect(),
            codes: list(provision, "code")?.iter().map(|code| Code::read(code, sensitivities)).collect(),
            labels: labels.map(|label| sensitivities.label(label)).collect(),
            data_period: Validity::read(provision, "dataPeriod"),
            data: list(provision, "data")?.iter().map(|data| Data::read(data, own_base)).collect(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.classes.is_empty()
            && self.codes.is_empty()
            && self.labels.is_empty()
            && self.data_period == Validity::Always
            && self.data.is_empty()
    }

    pub(super) fn stand_to(&self, content: &Content) -> Match {
        let date = if self.data_period == Validity::Always { None } else { content.date() };
        Match::any_if_given(&self.classes, |class| class.is_of(content))
            .min(Match::any_if_given(&self.codes, |code| code.is_of(content)))
            .min(self.labels_stand_to(content))
            .min(self.data_period.of_data(date))
            .min(Match::any_if_given(&self.data, |data| data.is(content)))
    }

    /// The labels of a provision make up one (R4 Consent.provision.securityLabel): how confidential, the high-water mark,
    /// and about what. Where content has only one of the two, nobody can tell.
    fn labels_stand_to(&self, content: &Content) -> Match {
        let mark = self.labels.iter().filter_map(|label| match label {
            Label::Confidentiality(level) => Some(*level),
            _ => None,
        });
        // What is above the mark is not under the label; yet who forbids what is below hardly means to permit it.
        let mark = mark.max().map(|mark| if content.level() <= mark { Match::Yes } else { Match::Unknown });
        let mut sensitive = None;
        let mut other = None;
        for label in &self.labels {
            match label {
                Label::Sensitive(rule) => {
                    let named = content.sensitive_by_code().has(rule.sensitivity);
                    let by_label = content
                        .labels()
                        .iter()
                        .any(|label| matches!(label, Label::Sensitive(label) if rule.covers(label)));
                    let is = if by_label || named && rule.names(rule.sensitivity) {
                        Match::Yes
                    } else if content.sensitivities().has(rule.sensitivity) && !rule.is_apart() {
                        Match::Unknown
                    } else {
                        Match::No
                    };
                    sensitive = sensitive.max(Some(is));
                }
                Label::Purpose(_) => other = Some(Match::Unknown),
                _ => {}
            }
        }
        let given = || [mark, sensitive, other].into_iter().flatten();
        match (given().min(), given().max()) {
            (Some(least), Some(most)) if least == most => least,
            (Some(_), Some(_)) => Match::Unknown,
            _ => Match::Yes,
        }
    }

    /// The sensitivities of the content that are named: by a label that reaches each label that the content has for it,
    /// or by a code that is in the content.
    pub(super) fn names(&self, content: &Content) -> SensitivitySet {
        content
            .sensitivities()
            .iter()
            .filter(|sensitivity| self.names_one(*sensitivity, content))
            .fold(SensitivitySet::default(), SensitivitySet::with)
    }

    fn names_one(&self, sensitivity: Sensitivity, content: &Content) -> bool {
        let by_code = self.codes.iter().any(|code| code.names(sensitivity, content));
        let own = || {
            self.labels.iter().filter_map(|label| match label {
                Label::Sensitive(label) => Some(label),
                _ => None,
            })
        };
        let labels_named = content.labels().iter().all(|label| match label {
            Label::Sensitive(label) if label.sensitivity == sensitivity => {
                by_code && !label.is_apart() || own().any(|own| own.covers(label))
            }
            _ => true,
        });
        let codes_named = !content.sensitive_by_code().has(sensitivity)
            || by_code
            || own().any(|own| own.names(sensitivity));
        labels_named
            && codes_named
            && (sensitivity != Sensitivity::Restricted || self.reaches(content.level()))
    }

    /// Whether a label of the provision goes up to this level; all reach what is normal.
    fn reaches(&self, level: Level) -> bool {
        level <= Level::Normal
            || self.labels.iter().any(|label| matches!(label, Label::Confidentiality(mark) if level <= *mark))
    }

    pub(super) fn forbid_redisclosure(&self) -> bool {
        self.labels.contains(&Label::NoRedisclosure)
    }
}

impl Class {
    fn read(class: &Value) -> Class {
        match coding(class) {
            Some(("http://hl7.org/fhir/resource-types" | "http://hl7.org/fhir/fhir-types", code)) => {
                Class::Type(code.into())
            }
            Some(("urn:ietf:rfc:3986", code)) => Class::Profile(code.into()),
            Some(("urn:ietf:bcp:13", code)) => Class::Media(code.into()),
            _ => Class::Unknown,
        }
    }

    fn is_of(&self, content: &Content) -> Match {
        let type_name = content.resource().type_name();
        match self {
            Class::Type(name) => {
                Match::of(**name == *type_name || matches!(&**name, "Resource" | "DomainResource"))
            }
            Class::Profile(url) => {
                let base = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/");
                let claims = content
                    .resource()
                    .profiles()
                    .any(|profile| profile == &**url || profile.split('|').next() == Some(&**url));
                Match::of(claims || base == Some(type_name))
            }
            Class::Media(media_type) if content.has_media_type(media_type) => Match::Yes,
            Class::Media(_) if matches!(type_name, "Binary" | "DocumentReference") => Match::Unknown,
            Class::Media(_) => Match::No,
            Class::Unknown => Match::Unknown,
        }
    }
}

impl Code {
    fn read(concept: &Value, sensitivities: &Sensitivities) -> Code {
        let code =
            |(system, code): (&str, &str)| (system.into(), code.into(), sensitivities.of_code(system, code));
        Code(codings(concept).map(code).collect())
    }

    /// A code for something sensitive may speak of other codes for the same.
    fn is_of(&self, content: &Content) -> Match {
        if self.0.is_empty() {
            return Match::Unknown;
        }
        Match::any(self.0.iter().map(|(system, code, set)| {
            if content.has_code(system, code) {
                Match::Yes
            } else if set.iter().any(|sensitivity| content.sensitivities().has(sensitivity)) {
                Match::Unknown
            } else {
                Match::No
            }
        }))
    }

    fn names(&self, sensitivity: Sensitivity, content: &Content) -> bool {
        self.0.iter().any(|(system, code, set)| set.has(sensitivity) && content.has_code(system, code))
    }
}

impl Data {
    fn read(data: &Value, own_base: &str) -> Data {
        let meaning = match text(data, "meaning") {
            _ if is_modified(data) => Meaning::Unknown,
            Some("instance") => Meaning::Instance,
            Some("related") => Meaning::Related,
            Some("dependents") => Meaning::Dependents,
            Some("authoredby") => Meaning::AuthoredBy,
            _ => Meaning::Unknown,
        };
        let address = data.get("reference").and_then(|reference| Address::read(reference, own_base));
        Data { meaning, address }
    }

    fn is(&self, content: &Content) -> Match {
        let Some(address) = &self.address else { return Match::Unknown };
        match self.meaning {
            Meaning::Instance => Match::of(content.is(address)),
            // What something else refers to we know of the referral only.
            Meaning::Related if content.is(address) => Match::Yes,
            Meaning::Related => match content.referral() {
                Some(referral) if referral.is(address) && content.is_of_referral() => Match::Yes,
                _ => Match::Unknown,
            },
            Meaning::Dependents => Match::of(content.is(address) || content.refers_to(address)),
            Meaning::AuthoredBy => content.is_authored_by(address),
            Meaning::Unknown => Match::Unknown,
        }
    }
}
