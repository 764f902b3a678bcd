//! Which status may follow which: the state machines of the Task (SDOHCC 3.0.0, referral Task state diagram).

use crate::fhir::Resource;

use super::Status;
use super::Status::{
    Accepted, Cancelled, Completed, Draft, EnteredInError, Failed, InProgress, OnHold, Ready, Received,
    Rejected, Requested,
};

/// What each status may be followed by. `entered-in-error` may follow all of them and is not written down.
type Diagram = &'static [(Status, &'static [Status])];

/// The referral, as the IG draws it. The arrow between in-progress and on-hold goes both ways.
const REFERRAL: Diagram = &[
    (Draft, &[Requested]),
    (Requested, &[Accepted, Rejected, Cancelled]),
    (Accepted, &[InProgress, OnHold, Completed, Failed, Cancelled]),
    (InProgress, &[OnHold, Completed, Failed, Cancelled]),
    (OnHold, &[InProgress, Completed, Failed, Cancelled]),
];

/// What a patient is asked to do.
const PATIENT: Diagram = &[
    (Ready, &[InProgress, OnHold, Completed, Failed, Cancelled]),
    (InProgress, &[OnHold, Completed, Failed, Cancelled]),
    (OnHold, &[InProgress, Completed, Failed, Cancelled]),
];

const PROFILES: &str = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/";
const TASK_CODE: &str = "http://hl7.org/fhir/CodeSystem/task-code";
const SDC_CODES: &str = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp";
/// The IG's temporary codes, as STU2 and later call them, and as STU1 did.
const SDOHCC_CODES: [&str; 2] = [
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes",
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/sdohcc-temporary-codes",
];

/// The set of rules a Task lives by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Machine {
    /// SDOHCC-TaskForReferralManagement, and its STU1 ancestor SDOHCC-Task.
    Referral,
    /// SDOHCC-TaskForPatient.
    Patient,
    /// Any other Task: every move is fine.
    Free,
}

/// What a machine says of a move from one status to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The status stays as it is.
    Unchanged,
    /// The diagram has this move.
    Allowed,
    /// The diagram does not have this move: reported, and refused under `enforce`.
    OffDiagram,
    /// Out of a terminal state, other than to entered-in-error: always refused, 409.
    LeavesTerminal,
}

impl Machine {
    /// The machine of a Task by the first profile in `meta.profile` that names one (any version), else by its code.
    pub fn of(task: &Resource) -> Machine {
        task.profiles().find_map(by_profile).or_else(|| by_code(task)).unwrap_or(Machine::Free)
    }

    /// The machine that judges an update: the one the Task had, so that nobody escapes the rules by dropping a code or
    /// a profile; the new one when the Task was free before.
    pub fn governing(before: &Resource, after: &Resource) -> Machine {
        match Machine::of(before) {
            Machine::Free => Machine::of(after),
            machine => machine,
        }
    }

    /// Judges a move. `None` is a status R4 does not have, or none at all: to get out of that is a repair and allowed,
    /// to get into it is off the diagram.
    pub fn judge(self, from: Option<Status>, to: Option<Status>) -> Verdict {
        if from == to {
            return Verdict::Unchanged;
        }
        if self == Machine::Free {
            return Verdict::Allowed;
        }
        let Some(from) = from else { return Verdict::Allowed };
        if from.is_terminal() {
            let correction = to == Some(EnteredInError);
            return if correction { Verdict::Allowed } else { Verdict::LeavesTerminal };
        }
        let Some(to) = to else { return Verdict::OffDiagram };
        let (near, far) = (self.nearest(from), self.nearest(to));
        if to == EnteredInError || near == far || self.moves_from(from).contains(&far) {
            Verdict::Allowed
        } else {
            Verdict::OffDiagram
        }
    }

    /// The status of the diagram a status stands for. In a referral `received`, which the reference servers write,
    /// behaves as `requested`; and `ready`, which says that acceptance is a given and nothing is done yet (R4
    /// task-status), as `accepted`. Every other status stands for itself, on the diagram or not.
    pub fn nearest(self, status: Status) -> Status {
        match (self, status) {
            (Machine::Referral, Received) => Requested,
            (Machine::Referral, Ready) => Accepted,
            _ => status,
        }
    }

    /// What the diagram lets follow a status, entered-in-error aside. Empty for a status that is not on it.
    pub fn moves_from(self, status: Status) -> &'static [Status] {
        let diagram = match self {
            Machine::Referral => REFERRAL,
            Machine::Patient => PATIENT,
            Machine::Free => &[],
        };
        let near = self.nearest(status);
        diagram.iter().find(|(from, _)| *from == near).map_or(&[], |(_, to)| to)
    }

    /// Whether the IG asks for a reason with this status ("should": `Task.statusReason`).
    pub fn wants_reason(self, status: Status) -> bool {
        match self {
            Machine::Referral => matches!(status, Rejected | Cancelled | OnHold | Failed),
            Machine::Patient => status == Cancelled,
            Machine::Free => false,
        }
    }

    /// What a reader would call such a Task.
    pub fn noun(self) -> &'static str {
        match self {
            Machine::Referral => "referral Task",
            Machine::Patient => "patient's Task",
            Machine::Free => "Task",
        }
    }
}

fn by_profile(canonical: &str) -> Option<Machine> {
    let url = canonical.split_once('|').map_or(canonical, |(url, _version)| url);
    match url.strip_prefix(PROFILES)? {
        "SDOHCC-TaskForReferralManagement" | "SDOHCC-Task" => Some(Machine::Referral),
        "SDOHCC-TaskForPatient" => Some(Machine::Patient),
        _ => None,
    }
}

fn by_code(task: &Resource) -> Option<Machine> {
    let codings = task.get("code")?.get("coding")?.as_array()?;
    codings.iter().find_map(|coding| {
        let system = coding.get("system")?.as_str()?;
        match coding.get("code")?.as_str()? {
            "fulfill" if system == TASK_CODE => Some(Machine::Referral),
            "complete-questionnaire" if system == SDC_CODES => Some(Machine::Patient),
            "make-contact" | "review-material" | "general-information" if SDOHCC_CODES.contains(&system) => {
                Some(Machine::Patient)
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The whole table, read off the diagram by hand: a row is the status left, a column the one entered.
    /// `=` unchanged, `+` allowed, `-` off the diagram, `X` out of a terminal state.
    fn check(machine: Machine, table: &str) {
        let mut lines = table.lines().filter(|line| !line.trim().is_empty());
        let to: Vec<Status> =
            lines.next().unwrap().split_whitespace().map(|code| Status::parse(code).unwrap()).collect();
        let mut rows = 0;
        for line in lines {
            let (from, verdicts) = line.trim().split_once(' ').unwrap();
            let from = Status::parse(from).unwrap();
            let verdicts: Vec<&str> = verdicts.split_whitespace().collect();
            assert_eq!((verdicts.len(), to.len()), (12, 12), "{from}");
            for (to, verdict) in to.iter().zip(verdicts) {
                let expected = match verdict {
                    "=" => Verdict::Unchanged,
                    "+" => Verdict::Allowed,
                    "-" => Verdict::OffDiagram,
                    "X" => Verdict::LeavesTerminal,
                    other => panic!("{other}"),
                };
                assert_eq!(machine.judge(Some(from), Some(*to)), expected, "{machine:?}: {from} to {to}");
            }
            rows += 1;
        }
        assert_eq!(rows, 12);
    }

    #[test]
    fn referral() {
        check(
            Machine::Referral,
            "
                draft requested received accepted ready rejected in-progress on-hold cancelled completed failed entered-in-error
draft             =      +        +         -       -      -         -         -        -         -        -          +
requested         -      =        +         +       +      +         -         -        +         -        -          +
received          -      +        =         +       +      +         -         -        +         -        -          +
accepted          -      -        -         =       +      -         +         +        +         +        +          +
ready             -      -        -         +       =      -         +         +        +         +        +          +
rejected          X      X        X         X       X      =         X         X        X         X        X          +
in-progress       -      -        -         -       -      -         =         +        +         +        +          +
on-hold           -      -        -         -       -      -         +         =        +         +        +          +
cancelled         X      X        X         X       X      X         X         X        =         X        X          +
completed         X      X        X         X       X      X         X         X        X         =        X          +
failed            X      X        X         X       X      X         X         X        X         X        =          +
entered-in-error  X      X        X         X       X      X         X         X        X         X        X          =
",
        );
    }

    #[test]
    fn patient() {
        check(
            Machine::Patient,
            "
                ready in-progress on-hold cancelled completed failed entered-in-error draft requested received accepted rejected
ready             =        +         +        +         +       +          +           -       -        -         -        -
in-progress       -        =         +        +         +       +          +           -       -        -         -        -
on-hold           -        +         =        +         +       +          +           -       -        -         -        -
cancelled         X        X         X        =         X       X          +           X       X        X         X        X
completed         X        X         X        X         =       X          +           X       X        X         X        X
failed            X        X         X        X         X       =          +           X       X        X         X        X
entered-in-error  X        X         X        X         X       X          =           X       X        X         X        X
draft             -        -         -        -         -       -          +           =       -        -         -        -
requested         -        -         -        -         -       -          +           -       =        -         -        -
received          -        -         -        -         -       -          +           -       -        =         -        -
accepted          -        -         -        -         -       -          +           -       -        -         =        -
rejected          X        X         X        X         X       X          +           X       X        X         X        =
",
        );
    }

    #[test]
    fn free() {
        for from in Status::ALL {
            for to in Status::ALL {
                let expected = if from == to { Verdict::Unchanged } else { Verdict::Allowed };
                assert_eq!(Machine::Free.judge(Some(from), Some(to)), expected, "{from} to {to}");
            }
        }
    }

    #[test]
    fn statuses_nobody_knows() {
        for (from, to, expected) in [
            (None, None, Verdict::Unchanged),
            (None, Some(Completed), Verdict::Allowed),
            (Some(Accepted), None, Verdict::OffDiagram),
            (Some(Completed), None, Verdict::LeavesTerminal),
        ] {
            assert_eq!(Machine::Referral.judge(from, to), expected, "{from:?} to {to:?}");
        }
    }

    fn task(profiles: &[&str], system: &str, code: &str) -> Resource {
        let mut task = json!({"resourceType": "Task", "status": "requested"});
        if !profiles.is_empty() {
            task["meta"] = json!({ "profile": profiles });
        }
        if !code.is_empty() {
            task["code"] = json!({"coding": [{"code": "x"}, {"system": system, "code": code}]});
        }
        Resource::new(task).unwrap()
    }

    #[test]
    fn machines() {
        let referral =
            "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement";
        let stu1 = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Task";
        let patient = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForPatient";
        let versioned = format!("{referral}|2.2.0");
        let core = "http://hl7.org/fhir/StructureDefinition/Task";
        let other = "http://other.example/StructureDefinition/SDOHCC-TaskForPatient";
        let [tc, old_tc] = SDOHCC_CODES;
        for (profiles, system, code, expected) in [
            (vec![], "", "", Machine::Free),
            (vec![referral], "", "", Machine::Referral),
            (vec![versioned.as_str()], "", "", Machine::Referral),
            (vec![core, stu1], "", "", Machine::Referral),
            (vec![patient], "", "", Machine::Patient),
            (vec![patient], TASK_CODE, "fulfill", Machine::Patient),
            (vec![referral], tc, "make-contact", Machine::Referral),
            (vec![other], "", "", Machine::Free),
            (vec![], TASK_CODE, "fulfill", Machine::Referral),
            (vec![core], TASK_CODE, "fulfill", Machine::Referral),
            (vec![], TASK_CODE, "approve", Machine::Free),
            (vec![], "http://other.example", "fulfill", Machine::Free),
            (vec![], tc, "make-contact", Machine::Patient),
            (vec![], tc, "review-material", Machine::Patient),
            (vec![], tc, "general-information", Machine::Patient),
            (vec![], old_tc, "general-information", Machine::Patient),
            (vec![], SDC_CODES, "complete-questionnaire", Machine::Patient),
            (vec![], SDC_CODES, "make-contact", Machine::Free),
        ] {
            assert_eq!(Machine::of(&task(&profiles, system, code)), expected, "{profiles:?} {system}#{code}");
        }
    }

    #[test]
    fn odd_shapes_are_free() {
        for odd in
            [json!({"code": "fulfill"}), json!({"code": {"coding": {}}}), json!({"meta": {"profile": 1}})]
        {
            let Value::Object(mut map) = odd else { panic!() };
            map.insert("resourceType".into(), "Task".into());
            assert_eq!(Machine::of(&Resource::new(Value::Object(map)).unwrap()), Machine::Free);
        }
    }

    #[test]
    fn nobody_escapes_by_changing_the_machine() {
        let (referral, free) = (task(&[], TASK_CODE, "fulfill"), task(&[], "", ""));
        for (before, after, expected) in [
            (&referral, &free, Machine::Referral),
            (&free, &referral, Machine::Referral),
            (&free, &free, Machine::Free),
        ] {
            assert_eq!(Machine::governing(before, after), expected);
        }
    }
}
