//! `_sort` (R4 §3.1.1.5.1).

use super::people;
use crate::harness::on_both;

#[test]
fn sorting() {
    on_both(async |server| {
        server.store_all(&people()).await;
        for (query, ids) in [
            ("Patient?_sort=_id", "p1 p2 p3 p4"),
            ("Patient?_sort=-_id", "p4 p3 p2 p1"),
            ("Patient?_sort=family", "p1 p2 p3 p4"),
            ("Patient?_sort=-family", "p4 p3 p2 p1"),
            // Those without a value come last, whichever way it goes.
            ("Patient?_sort=birthdate", "p3 p2 p1 p4"),
            ("Patient?_sort=-birthdate", "p2 p1 p3 p4"),
            ("Questionnaire?_sort=title", "q1 q2 q3"),
            ("Questionnaire?_sort=-title", "q2 q1 q3"),
            ("Questionnaire?_sort=version", "q1 q2 q3"),
            ("Task?_sort=authored-on,_id", "t1 t2 t3 t4 t5"),
            ("Task?_sort=-authored-on,_id", "t2 t3 t1 t4 t5"),
            ("Task?_sort=-authored-on,-_id", "t3 t2 t1 t5 t4"),
            ("Task?_sort=intent,-_id", "t5 t4 t2 t1 t3"),
            ("Task?_sort=-intent,status", "t3 t2 t5 t4 t1"),
            ("Task?_sort=owner,_id", "t2 t1 t4 t5 t3"),
            // Of several values the least counts, or when descending the greatest.
            ("RiskAssessment?_sort=probability", "k2 k1"),
            ("RiskAssessment?_sort=-probability", "k1 k2"),
            ("Observation?_sort=value-quantity,_id", "b4 b1 b2 b3 b5"),
            ("Observation?_sort=-value-quantity,_id", "b1 b4 b2 b3 b5"),
            ("Observation?code=8867-4&_sort=-date", "b4 b1"),
            ("Task?status=requested,accepted,draft&_sort=status", "t2 t5 t1"),
            ("Task?owner:Organization.type=cbo,prov&_sort=-_id", "t2 t1"),
            ("Task?_id=t3,t1,t2&_sort=_id", "t1 t2 t3"),
        ] {
            server.finds_in_order(query, ids).await;
        }
    });
}

#[test]
fn sorting_by_last_updated() {
    on_both(async |server| {
        server.store_all(&people()).await;
        server.finds_in_order("Task?_sort=_lastUpdated", "t1 t2 t3 t4 t5").await;
        server.finds_in_order("Task?_sort=-_lastUpdated", "t5 t4 t3 t2 t1").await;
        server.finds_in_order("Task?_sort=-_lastupdated", "t5 t4 t3 t2 t1").await;
        let t2 = people().into_iter().find(|person| person["id"] == "t2").unwrap();
        server.store(&t2).await;
        for (query, ids) in [
            ("Task?_sort=-_lastUpdated", "t2 t5 t4 t3 t1"),
            ("Task?_sort=_lastUpdated", "t1 t3 t4 t5 t2"),
            ("Task?owner=o1,o2&_sort=-_lastUpdated", "t2 t5 t1"),
            ("Task?intent=order&owner:Organization.type=cbo,prov&_sort=-_lastUpdated", "t2 t1"),
            ("Task?authored-on=ge2026&_sort=-_lastUpdated", "t2 t3 t1"),
            ("Task?intent=order&_sort=intent,-_lastUpdated", "t2 t5 t4 t1"),
        ] {
            server.finds_in_order(query, ids).await;
        }
    });
}

#[test]
fn what_cannot_be_sorted_by_is_passed_over_or_refused() {
    on_both(async |server| {
        server.store_all(&people()).await;
        for sort in ["nothing", "-nothing", "code-value-quantity", "", "-"] {
            let query = format!("Observation?_sort={sort}");
            let found = server.search(&query).await;
            assert_eq!(
                (found.matches.len(), found.outcomes.len()),
                (5, usize::from(!sort.is_empty())),
                "{query}"
            );
            let strict = server.get_with(&query, &[("Prefer", "handling=strict")]).await;
            assert_eq!(strict.status, if sort.is_empty() { 200 } else { 400 }, "{query}");
        }
    });
}
