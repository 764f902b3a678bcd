use proptest::prelude::*;

use super::*;

#[test]
fn texts() {
    for text in [
        "system/Task.cruds",
        "system/Task.rs",
        "system/*.read",
        "user/Patient.write",
        "patient/Observation.*",
        "system/Observation.rs?category=laboratory",
        "system/Observation.s?category=a,b&status=final",
        "gateway/admin",
        "system/Task.c system/Patient.r gateway/admin",
    ] {
        assert_eq!(text.parse::<Scopes>().map(|scopes| scopes.to_string()), Ok(text.to_owned()));
    }
    for text in [
        "openid",
        "system",
        "system/",
        "system/Task",
        "system/Task.",
        "system/Task.sr",
        "system/Task.rr",
        "system/Task.x",
        "system/task.rs",
        "system/Task*.rs",
        "system/**.rs",
        "system/Task.rs?",
        "system/Task.rs?category",
        "system/Task.rs?category=",
        "system/Task.rs?=x",
        "system/Task.rs?a=b&",
        "system/Task.rs?_include=Task:owner",
        "system/Task.rs?_has:x:y:z=1",
        "system/Task.rs?owner.name=x",
        "system/Task.read?category=x",
        "admin/Task.rs",
        "gateway/Admin",
    ] {
        assert_eq!(text.parse::<Scopes>(), Err(ScopeError(text.to_owned())), "{text}");
        assert!(Scopes::known_in(text).is_empty(), "{text}");
    }
}

#[test]
fn what_is_granted() {
    for (asked, allowed, granted) in [
        ("system/Task.cruds", "system/Task.cruds", "system/Task.cruds"),
        ("system/Task.cruds", "system/Task.rs", "system/Task.rs"),
        ("system/Task.rs", "system/*.cruds", "system/Task.rs"),
        ("system/*.rs", "system/Task.cruds system/Patient.r", "system/Task.rs system/Patient.r"),
        ("system/*.*", "system/*.cruds", "system/*.*"),
        ("system/*.*", "system/*.read", "system/*.read"),
        ("system/*.read", "system/*.cruds", "system/*.read"),
        ("system/Task.*", "system/Task.cu", "system/Task.cu"),
        ("system/Task.write", "system/*.read", ""),
        ("system/Task.rs", "system/Patient.rs", ""),
        ("user/Task.rs", "system/Task.rs", ""),
        ("openid launch system/Task.rs fhirUser", "system/*.rs", "system/Task.rs"),
        ("system/Task.rs system/Task.rs", "system/*.rs system/Task.cruds", "system/Task.rs"),
        ("gateway/admin system/*.rs", "system/*.rs", "system/*.rs"),
        ("gateway/admin", "gateway/admin system/*.cruds", "gateway/admin"),
        ("system/*.cruds", "gateway/admin", ""),
        // Of a patient's own scopes nothing is known here.
        ("patient/*.rs", "patient/*.rs", ""),
        // Restrictions.
        ("system/Observation.rs?category=a", "system/*.rs", "system/Observation.rs?category=a"),
        (
            "system/Observation.cruds",
            "system/Observation.cruds?category=a",
            "system/Observation.rs?category=a",
        ),
        ("system/*.rs", "system/Observation.rs?category=a", "system/Observation.rs?category=a"),
        ("system/Observation.cud?category=a", "system/*.cruds", ""),
        ("system/*.rs?category=a", "system/*.rs", ""),
        (
            "system/Observation.rs?category=a",
            "system/Observation.rs?category=a",
            "system/Observation.rs?category=a",
        ),
        (
            "system/Observation.rs?category=a",
            "system/Observation.rs?status=b",
            "system/Observation.rs?category=a&status=b",
        ),
        (
            "system/Observation.rs?category=a system/Observation.rs?category=b system/Observation.rs?status=c",
            "system/*.rs",
            "system/Observation.rs?category=a system/Observation.rs?category=b",
        ),
    ] {
        let reduced = Scopes::known_in(asked).within(&allowed.parse().unwrap());
        assert_eq!(reduced.to_string(), granted, "{asked} of {allowed}");
    }
}

#[test]
fn what_is_permitted() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let scopes: Scopes = "system/Task.cruds system/Patient.read system/Observation.rs?category=a \
                          system/Observation.rs?category=b system/Condition.s?category=x&code=y"
        .parse()
        .unwrap();
    for (type_name, right, expected) in [
        ("Task", Right::Create, Permit::Yes),
        ("Task", Right::Delete, Permit::Yes),
        ("Patient", Right::Read, Permit::Yes),
        ("Patient", Right::Search, Permit::Yes),
        ("Patient", Right::Update, Permit::No),
        ("Observation", Right::Search, Permit::Where(vec![pair("category", "a,b")])),
        ("Observation", Right::Create, Permit::No),
        ("Condition", Right::Search, Permit::Where(vec![pair("category", "x"), pair("code", "y")])),
        ("Condition", Right::Read, Permit::No),
        ("Consent", Right::Read, Permit::No),
    ] {
        assert_eq!(scopes.permit(type_name, right), expected, "{type_name} {right:?}");
    }
    for (type_name, expected) in
        [("Task", true), ("Patient", true), ("Observation", false), ("Consent", false)]
    {
        assert_eq!(scopes.may_read(type_name), expected, "{type_name}");
    }
    for (text, expected) in [
        ("system/*.rs", true),
        ("system/*.cruds", true),
        ("system/*.cud", false),
        ("system/Task.rs", false),
        ("gateway/admin", false),
    ] {
        assert_eq!(text.parse::<Scopes>().unwrap().permit_all(Right::Search), expected, "{text}");
    }
}

fn scope() -> impl Strategy<Value = String> {
    let rights = prop_oneof![
        "c?r?u?d?s".prop_map(String::from),
        Just("read".to_owned()),
        Just("write".to_owned()),
        Just("*".to_owned())
    ];
    ("(system|user)", "(Task|Patient|\\*)", rights, "(\\?a=[xy]|\\?b=x)?").prop_filter_map(
        "a scope",
        |(level, name, rights, restriction)| {
            let text = format!("{level}/{name}.{rights}{restriction}");
            text.parse::<Scope>().is_ok().then_some(text)
        },
    )
}

fn scopes() -> impl Strategy<Value = String> {
    prop::collection::vec(scope(), 0..5).prop_map(|scopes| scopes.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_a_scope_or_not(text in ".{0,60}") {
        if let Ok(scopes) = text.parse::<Scopes>() {
            prop_assert_eq!(scopes.to_string().parse::<Scopes>().unwrap().to_string(), scopes.to_string());
        }
    }

    /// Nothing is granted that was not both asked for and allowed.
    #[test]
    fn a_grant_is_within_both(asked in scopes(), allowed in scopes()) {
        let (asked, allowed): (Scopes, Scopes) = (asked.parse().unwrap(), allowed.parse().unwrap());
        let granted = asked.within(&allowed);
        for name in ["Task", "Patient", "Basic"] {
            for (_, right) in LETTERS {
                let is_in = |scopes: &Scopes| scopes.permit(name, right) != Permit::No;
                prop_assert!(!is_in(&granted) || is_in(&asked) && is_in(&allowed));
                if granted.permit(name, right) == Permit::Yes {
                    prop_assert_eq!(asked.permit(name, right), Permit::Yes);
                    prop_assert_eq!(allowed.permit(name, right), Permit::Yes);
                }
            }
        }
        let again = granted.within(&allowed);
        for name in ["Task", "Patient", "Basic"] {
            for (_, right) in LETTERS {
                // Which of several restrictions is kept may differ; never is there more.
                let (before, after) = (granted.permit(name, right), again.permit(name, right));
                prop_assert!(after == Permit::No || before != Permit::No, "{} {:?}", name, right);
                prop_assert!(after != Permit::Yes || before == Permit::Yes, "{} {:?}", name, right);
            }
        }
        prop_assert_eq!(granted.to_string().parse::<Scopes>().unwrap().to_string(), granted.to_string());
    }
}
