//! Which pattern an event has: its codes and the parts that client and server play.

use super::super::{Event, Kind};
use super::codes::{Code, REST};

/// A pattern.
pub(super) struct Shape {
    /// `type`.
    pub(super) kind: Code,
    /// `subtype`.
    pub(super) subtype: Option<Code>,
    /// `action`.
    pub(super) action: &'static str,
    /// The profile that says so.
    pub(super) profile: Option<Profile>,
    /// Who took part, and as what.
    pub(super) cast: Cast,
    /// What is told of resources.
    pub(super) matter: Matter,
}

/// A profile of BALP, by the end of its name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Profile {
    /// There is one with a Patient, whose name begins with that word, and one without.
    WithOrWithoutPatient(&'static str),
    /// There has to be a Patient.
    WithPatient(&'static str),
}

/// The agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cast {
    /// A client, a server, and for whom the client acts, each by its role.
    Exchange { client: Code, server: Code, user: Code },
    /// Data goes from the gateway to a recipient.
    Disclosure,
    /// The gateway decides on what a client asks for.
    Decision,
    /// Somebody proves to the gateway who they are.
    Login,
    /// One party alone.
    Alone,
}

/// The entities beside Patient and request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matter {
    /// The one resource.
    Resource,
    /// What was asked, and what was shown.
    Query,
    /// What was given.
    Contents,
}

const REST_TYPE: Code =
    Code::new("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", "RESTful Operation");
const SOURCE: Code = Code::dicom("110153", "Source Role ID");
const DESTINATION: Code = Code::dicom("110152", "Destination Role ID");
pub(super) const APPLICATION: Code = Code::dicom("110150", "Application");
const CUSTODIAN: Code =
    Code::new("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian", "Custodian");
pub(super) const RECIPIENT: Code =
    Code::new("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient");
const AUTHOR: Code =
    Code::new("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "AUT", "author (originator)");

/// Data flows from client to server; so do the parameters of a search.
const SENT: Cast = Cast::Exchange { client: SOURCE, server: DESTINATION, user: AUTHOR };
const ASKED: Cast = Cast::Exchange { client: SOURCE, server: DESTINATION, user: RECIPIENT };
const FETCHED: Cast = Cast::Exchange { client: DESTINATION, server: SOURCE, user: RECIPIENT };
const REMOVED: Cast = Cast::Exchange { client: APPLICATION, server: CUSTODIAN, user: AUTHOR };

/// The pattern of an event.
pub(super) fn shape_of(event: &Event) -> Shape {
    let rest = |code: &'static str, action, name: Option<&'static str>, cast, matter| Shape {
        kind: REST_TYPE,
        subtype: Some(Code::new(REST, code, code)),
        action,
        profile: name.map(Profile::WithOrWithoutPatient),
        cast,
        matter,
    };
    let dicom = |code, display, subtype: Option<(&'static str, &'static str)>, action| Shape {
        kind: Code::dicom(code, display),
        subtype: subtype.map(|(code, display)| Code::dicom(code, display)),
        action,
        profile: None,
        cast: Cast::Alone,
        matter: Matter::Contents,
    };
    match &event.kind {
        Kind::Create => rest("create", "C", Some("Create"), SENT, Matter::Resource),
        Kind::Update => rest("update", "U", Some("Update"), SENT, Matter::Resource),
        Kind::Patch => rest("patch", "U", Some("Update"), SENT, Matter::Resource),
        Kind::Delete => rest("delete", "D", Some("Delete"), REMOVED, Matter::Resource),
        Kind::Read => rest("read", "R", Some("Read"), FETCHED, Matter::Resource),
        Kind::VersionRead => rest("vread", "R", Some("Read"), FETCHED, Matter::Resource),
        Kind::Search => rest("search-type", "E", Some("Query"), ASKED, Matter::Query),
        Kind::SystemSearch => rest("search-system", "E", Some("Query"), ASKED, Matter::Query),
        Kind::InstanceHistory => rest("history-instance", "R", None, FETCHED, Matter::Query),
        Kind::TypeHistory => rest("history-type", "R", None, FETCHED, Matter::Query),
        Kind::SystemHistory => rest("history-system", "R", None, FETCHED, Matter::Query),
        Kind::Operation => rest("operation", "E", None, ASKED, Matter::Query),
        Kind::Bundle => rest("transaction", "E", None, SENT, Matter::Query),
        Kind::Export => {
            let export = dicom("110106", "Export", None, "R");
            Shape { cast: FETCHED, matter: Matter::Query, ..export }
        }
        Kind::Import => {
            let import = dicom("110107", "Import", None, "C");
            Shape { cast: SENT, matter: Matter::Query, ..import }
        }
        Kind::Disclosure => Shape {
            subtype: Some(Code::new(
                "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle",
                "disclose",
                "Disclose Record Lifecycle Event",
            )),
            profile: Some(Profile::WithPatient("PrivacyDisclosure.Source")),
            cast: Cast::Disclosure,
            ..dicom("110106", "Export", None, "R")
        },
        Kind::Decision => Shape {
            subtype: Some(Code::new(
                "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType",
                "AuthZ-Consent",
                "Authorization Decision using Roles and Consent",
            )),
            cast: Cast::Decision,
            ..dicom("110113", "Security Alert", None, "E")
        },
        Kind::Login => {
            let login = dicom("110114", "User Authentication", Some(("110122", "Login")), "E");
            Shape { cast: Cast::Login, ..login }
        }
        Kind::Configuration => {
            dicom("110113", "Security Alert", Some(("110129", "Security Configuration")), "E")
        }
        Kind::AuditUse => dicom("110101", "Audit Log Used", None, "R"),
        Kind::Start(_) => dicom("110100", "Application Activity", Some(("110120", "Application Start")), "E"),
        Kind::Stop => dicom("110100", "Application Activity", Some(("110121", "Application Stop")), "E"),
    }
}
