//! `_include` and `_revinclude` (R4 §3.1.1.5.4).

use super::people;
use crate::harness::on_both;

#[test]
fn includes() {
    on_both(async |server| {
        server.store_all(&people()).await;
        for (query, matches, included) in [
            ("Task?_id=t1&_include=Task:focus", "t1", "ServiceRequest/s1"),
            ("Task?_id=t1&_include=Task:owner", "t1", "Organization/o2"),
            (
                "Task?_id=t1&_include=Task:focus&_include=Task:owner&_include=Task:requester",
                "t1",
                "Organization/o2 PractitionerRole/x1 ServiceRequest/s1",
            ),
            ("Task?_id=t1&_include=Task:subject&_include=Task:patient", "t1", "Patient/p1"),
            ("Task?_id=t1&_include=Task:owner:Organization", "t1", "Organization/o2"),
            ("Task?_id=t1&_include=Task:owner:Practitioner", "t1", ""),
            (
                "Task?_id=t1&_include=*",
                "t1",
                "Organization/o2 Patient/p1 PractitionerRole/x1 ServiceRequest/s1",
            ),
            (
                "Task?_id=t1&_include=Task:*",
                "t1",
                "Organization/o2 Patient/p1 PractitionerRole/x1 ServiceRequest/s1",
            ),
            // What is on another server, gone, or only named by an identifier cannot be included.
            ("Task?_id=t3,t4,t5&_include=Task:owner&_include=Task:requester", "t3 t4 t5", ""),
            // Each once, and no match a second time.
            (
                "Task?owner=o1,o2&_include=Task:part-of&_include=Task:owner",
                "t1 t2 t5",
                "Organization/o1 Organization/o2",
            ),
            ("Task?_id=t2&_include=Task:part-of", "t2", "Task/t1"),
            ("ServiceRequest?_id=s1&_include=ServiceRequest:supporting-info", "s1", "Consent/c1"),
            ("ServiceRequest?_id=s1&_include=ServiceRequest:subject", "s1", "Patient/p1"),
            ("HealthcareService?_id=h1&_include=HealthcareService:location", "h1", "Location/l1"),
            // The IG spells it so.
            ("HealthcareService?_id=h1&_include=HealthCareService:location", "h1", "Location/l1"),
            ("CareTeam?_include=CareTeam:participant:Practitioner", "m1", "Practitioner/d1"),
            ("CareTeam?_include=CareTeam:participant:PractitionerRole", "m1", "PractitionerRole/x1"),
            ("CareTeam?_include=CareTeam:participant:Patient", "m1", "Patient/p2"),
            (
                "CareTeam?_include=CareTeam:participant",
                "m1",
                "Patient/p2 Practitioner/d1 PractitionerRole/x1",
            ),
            ("Group?_id=g1&_include=Group:member", "g1", "Patient/p1 Patient/p2"),
            ("Group?_id=none&_include=Group:member", "", ""),
        ] {
            let found = server.search(query).await;
            assert_eq!(found.ids().join(" "), matches, "{query}");
            assert_eq!(found.included.join(" "), included, "{query}");
            assert_eq!(found.outcomes, Vec::<serde_json::Value>::new(), "{query}");
            assert_eq!(
                found.total,
                Some(found.matches.len() as u64),
                "{query}: what is included does not count"
            );
        }
    });
}

#[test]
fn reverse_includes() {
    on_both(async |server| {
        server.store_all(&people()).await;
        for (query, included) in [
            ("ServiceRequest?_id=s1&_revinclude=Task:focus", "Task/t1"),
            ("Task?_id=t1&_revinclude=Task:part-of", "Task/t2"),
            ("QuestionnaireResponse?_revinclude=Observation:derived-from", "Observation/b3"),
            ("Patient?_id=p1&_revinclude=Observation:subject", "Observation/b1 Observation/b2"),
            (
                "Patient?_id=p1&_revinclude=Observation:patient&_revinclude=Consent:patient",
                "Consent/c1 Observation/b1 Observation/b2",
            ),
            ("Organization?_id=o2&_revinclude=Task:owner", "Task/t1"),
            ("Organization?_id=o2&_revinclude=Task:owner:Organization", "Task/t1"),
            ("Organization?_id=o2&_revinclude=Task:owner:Practitioner", ""),
            ("Patient?_id=p1&_revinclude=Provenance:target", ""),
            ("Location?_id=l1&_revinclude=*", "HealthcareService/h1"),
            ("Location?_id=l1&_revinclude=HealthcareService:*", "HealthcareService/h1"),
            ("Task?_id=t2&_include=Task:owner&_revinclude=Task:part-of", "Organization/o1 Task/t4"),
        ] {
            let found = server.search(query).await;
            assert_eq!(found.included.join(" "), included, "{query}");
            assert_eq!(found.outcomes, Vec::<serde_json::Value>::new(), "{query}");
        }
    });
}

#[test]
fn iterated_includes() {
    on_both(async |server| {
        server.store_all(&people()).await;
        for (query, included) in [
            (
                "Task?_id=t2&_include=Task:owner&_include:iterate=Organization:endpoint",
                "Endpoint/e1 Organization/o1",
            ),
            (
                "Task?_id=t2&_include=Task:owner&_include:recurse=Organization:endpoint",
                "Endpoint/e1 Organization/o1",
            ),
            ("Task?_id=t2&_include=Task:owner&_include=Organization:endpoint", "Organization/o1"),
            (
                "Task?_id=t1&_include=Task:owner&_include:iterate=Organization:partof",
                "Organization/o2 Organization/o3",
            ),
            ("Task?_id=t4&_include:iterate=Task:part-of", "Task/t1 Task/t2"),
            ("Task?_id=t4&_include=Task:part-of", "Task/t2"),
            ("Task?_id=t1&_revinclude:iterate=Task:part-of", "Task/t2 Task/t4"),
            (
                "Task?_id=t1&_revinclude=Task:part-of&_include:iterate=Task:owner",
                "Organization/o1 Organization/o2 Task/t2",
            ),
            (
                "Task?_id=t1&_revinclude=Task:part-of&_include:iterate=Task:focus",
                "ServiceRequest/s1 ServiceRequest/s2 Task/t2",
            ),
            (
                "Organization?_id=o1&_revinclude=PractitionerRole:organization&_include:iterate=PractitionerRole:practitioner",
                "Practitioner/d1 PractitionerRole/x1",
            ),
        ] {
            let found = server.search(query).await;
            assert_eq!(found.included.join(" "), included, "{query}");
        }
    });
}

#[test]
fn includes_that_name_nothing_are_passed_over_or_refused() {
    on_both(async |server| {
        server.store_all(&people()).await;
        for query in [
            "Task?_include=Task:nothing",
            "Task?_include=Nothing:owner",
            "Task?_include=Task:status",
            "Task?_include=owner",
            "Task?_include=Task:owner:Nothing",
            "Task?_revinclude=Task:nothing",
            "Task?_include=a:b:c:d",
        ] {
            let found = server.search(query).await;
            assert_eq!((found.matches.len(), found.outcomes.len()), (5, 1), "{query}");
            server.get_with(query, &[("Prefer", "handling=strict")]).await.expect(400);
        }
        server.get("Task?_include:nonsense=Task:owner").await.expect(400);
    });
}

#[test]
fn includes_go_with_their_page() {
    on_both(async |server| {
        server.store_all(&people()).await;
        let first = server.search("Task?owner=o1,o2&_sort=_id&_count=1&_include=Task:owner").await;
        assert_eq!(
            (first.ids().join(" "), first.included.join(" ")),
            ("t1".into(), "Organization/o2".into())
        );
        let second = server.search(&first.next.unwrap()).await;
        assert_eq!(
            (second.ids().join(" "), second.included.join(" ")),
            ("t2".into(), "Organization/o1".into())
        );
    });
}
