//! date (R4 §3.1.1.4.7) with its prefixes, and `_lastUpdated`.

use super::{check, check_on, check_refused, people};
use crate::harness::on_both;

/// p1 was born on a day, p2 within a month, p3 within a year.
#[test]
fn prefixes_compare_ranges() {
    check(&[
        ("Patient?birthdate=1980-03-05", "p1"),
        ("Patient?birthdate=eq1980-03-05", "p1"),
        // Equal: the range asked for holds the whole of the resource's.
        ("Patient?birthdate=1980-03", "p1 p2"),
        ("Patient?birthdate=1980", "p1 p2"),
        ("Patient?birthdate=1975-06", ""),
        ("Patient?birthdate=1975,1980-03-05", "p1 p3"),
        ("Patient?birthdate=ne1980-03-05", "p2 p3"),
        ("Patient?birthdate=ne1980", "p3"),
        ("Patient?birthdate=gt1980-03-04", "p1 p2"),
        ("Patient?birthdate=gt1980-03-05", "p2"),
        ("Patient?birthdate=gt1980-03-31", ""),
        ("Patient?birthdate=lt1980-03-05", "p2 p3"),
        ("Patient?birthdate=lt1980-03-01", "p3"),
        ("Patient?birthdate=lt1975", ""),
        ("Patient?birthdate=ge1980-03-05", "p1 p2"),
        ("Patient?birthdate=ge1980", "p1 p2"),
        // The whole of a year is not after its last day begins.
        ("Patient?birthdate=ge1975-12-31", "p1 p2"),
        ("Patient?birthdate=le1980-03-05", "p1 p2 p3"),
        ("Patient?birthdate=le1975", "p3"),
        ("Patient?birthdate=sa1980-03-04", "p1"),
        ("Patient?birthdate=sa1980-03-05", ""),
        ("Patient?birthdate=sa1975", "p1 p2"),
        ("Patient?birthdate=eb1980-03", "p3"),
        ("Patient?birthdate=eb1980-03-06", "p1 p3"),
        ("Patient?birthdate=eb1980-04", "p1 p2 p3"),
        ("Patient?birthdate=ap1980-03-05", "p1 p2"),
        ("Patient?birthdate=ge1980&birthdate=lt1981", "p1 p2"),
        ("Patient?birthdate=ge1976&birthdate=lt1980-03-05", "p2"),
        ("Patient?death-date=ge2025", "p2"),
        ("Patient?death-date=2025-05-01", "p2"),
        ("Patient?death-date=2025-05-01T10:00", "p2"),
        ("Patient?death-date=2025-05-01T10:01", ""),
    ]);
}

/// b1 at 08:00 UTC on the 1st, b2 the 1st to the 3rd, b3 in May, b4 from 10 June on, b5 half a second after b1.
#[test]
fn times_and_periods() {
    check(&[
        ("Observation?date=2026-05-01", "b1 b5"),
        ("Observation?date=2026-05", "b1 b2 b3 b5"),
        ("Observation?date=2026", "b1 b2 b3 b5"),
        ("Observation?date=2026-05-01T08:00:00Z", "b1 b5"),
        ("Observation?date=2026-05-01T08:00:00.5Z", "b5"),
        ("Observation?date=2026-05-01T10:00:00%2B02:00", "b1 b5"),
        // A plus that was not escaped arrives as a space.
        ("Observation?date=2026-05-01T10:00:00+02:00", "b1 b5"),
        ("Observation?date=ge2026-05-01T10:00:00+02:00", "b1 b2 b3 b4 b5"),
        ("Observation?date=2026-05-01T10:00", ""),
        ("Observation?date=gt2026-05-01T08:00:01Z", "b2 b3 b4"),
        ("Observation?date=ge2026-06-10", "b4"),
        ("Observation?date=gt2099", "b4"),
        ("Observation?date=sa2026-05", "b4"),
        ("Observation?date=eb2026-05-04", "b1 b2 b5"),
        ("Observation?date=lt2026-05-01", ""),
        ("Observation?date=ap2026-05-02", "b2 b3"),
        ("Observation?date=ge2026-05-02&date=le2026-05-02", "b2 b3"),
        // A Timing stretches from its first moment to its last.
        ("ServiceRequest?occurrence=ge2026-05-10", "s1"),
        ("ServiceRequest?occurrence=2026-05", "s1"),
        ("ServiceRequest?occurrence=sa2026-05-10", ""),
        ("Task?authored-on=lt2026-05-02T00:00:00Z", "t1"),
        ("Task?authored-on=2026-05-02", "t2 t3"),
        ("QuestionnaireResponse?authored=gt2026-05-01", "r1"),
    ]);
}

#[test]
fn last_updated() {
    on_both(async |server| {
        // A patient an hour, from nine.
        for person in people().into_iter().filter(|person| person["resourceType"] == "Patient") {
            server.store(&person).await;
            server.clock.advance(3600);
        }
        check_on(
            server,
            &[
                ("Patient?_lastUpdated=2026-11-22", "p1 p2 p3 p4"),
                ("Patient?_lastUpdated=2026-11-22T10:00:00Z", "p2"),
                ("Patient?_lastUpdated=2026-11-22T10:00", "p2"),
                ("Patient?_lastUpdated=gt2026-11-22T10:00:00Z", "p3 p4"),
                ("Patient?_lastUpdated=gt2026-11-22T12:00:00%2B02:00", "p3 p4"),
                ("Patient?_lastUpdated=gt2026-11-22T12:00:00+02:00", "p3 p4"),
                ("Patient?_lastUpdated=ge2026-11-22T10:00:00Z", "p2 p3 p4"),
                ("Patient?_lastUpdated=lt2026-11-22T10:00:00Z", "p1"),
                ("Patient?_lastUpdated=le2026-11-22T10:00:00Z", "p1 p2"),
                ("Patient?_lastUpdated=sa2026-11-22T10:00:00Z", "p3 p4"),
                ("Patient?_lastUpdated=eb2026-11-22T10:00:00Z", "p1"),
                ("Patient?_lastUpdated=ne2026-11-22T10:00:00Z", "p1 p3 p4"),
                ("Patient?_lastUpdated=ge2026-11-22T10:00:00Z&_lastUpdated=lt2026-11-22T12:00:00Z", "p2 p3"),
                ("Patient?_lastUpdated=2026-11-22T09:00:00Z,2026-11-22T12:00:00Z", "p1 p4"),
                // Real clients write it so.
                ("Patient?_lastupdated=gt2026-11-22T10:00:00Z", "p3 p4"),
                ("Patient?gender=male&_lastUpdated=gt2026-11-22T09:30:00Z", "p2"),
                ("Patient?gender=male&_lastUpdated=gt2026-11-22T10:30:00Z", ""),
            ],
        )
        .await;
        // A poll that goes on from where the last one stood misses nothing and sees nothing twice.
        let stood = server.search("Patient").await.bundle["meta"]["lastUpdated"].as_str().unwrap().to_owned();
        server.finds(&format!("Patient?_lastUpdated=gt{stood}"), "").await;
        server.store(&people().into_iter().find(|person| person["id"] == "p2").unwrap()).await;
        server.finds(&format!("Patient?_lastUpdated=gt{stood}"), "p2").await;
    });
}

#[test]
fn what_is_no_date_is_refused() {
    check_refused(&[
        ("Patient?birthdate=yesterday", "birthdate"),
        ("Patient?birthdate=1980-13", "birthdate"),
        ("Patient?birthdate=xx1980", "birthdate"),
        ("Patient?birthdate=gt", "birthdate"),
        ("Patient?birthdate=1980,", "birthdate"),
        ("Patient?_lastUpdated=soon", "_lastUpdated"),
    ]);
}
