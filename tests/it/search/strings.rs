//! string (R4 §3.1.1.4.9) and uri (§3.1.1.4.14).

use super::check;

#[test]
fn strings() {
    check(&[
        ("Patient?name=bramble", "p1 p2"),
        ("Patient?name=BRAM", "p1 p2"),
        ("Patient?name=ramble", ""),
        ("Patient?family=muller", "p3"),
        ("Patient?family=Müller", "p3"),
        ("Patient?given=zoe", "p1"),
        ("Patient?given=ada&given=ZOË", "p1"),
        ("Patient?given=ada,bert", "p1 p2"),
        ("Patient?name=dr.", "p3"),
        ("Patient?name=old", "p2"),
        ("Patient?family=old", ""),
        ("Patient?name=bramble&gender=female", "p1"),
        (r"Patient?family=O'Neil\, Dee", "p4"),
        ("Patient?family=O'Neil, Dee", "p4"),
        ("Patient?address=ashford", "p1"),
        ("Patient?address=12 mill", "p1"),
        ("Patient?address=97001", "p1"),
        ("Patient?address-city=ash", "p1"),
        ("Patient?address-state=or", "p1"),
        ("Patient?address-postalcode=97", "p1"),
        ("Organization?name=the corner", "o2"),
        ("Organization?name=corner", "o2"),
        ("Questionnaire?title=food", "q1"),
        ("Questionnaire?publisher=river", "q1"),
        ("Observation?value-string=quite", "b5"),
        ("Patient?name=%25", ""),
        ("Patient?name=_", ""),
    ]);
}

#[test]
fn exact_and_contains() {
    check(&[
        ("Patient?family:exact=Bramble", "p1"),
        ("Patient?family:exact=bramble", ""),
        ("Patient?family:exact=Bram", ""),
        ("Patient?family:exact=Müller", "p3"),
        ("Patient?family:exact=Muller", ""),
        ("Patient?family:exact=Bramble,Bramblewood", "p1 p2"),
        ("Patient?family:contains=ble", "p1 p2"),
        ("Patient?family:contains=WOOD", "p2"),
        ("Patient?family:contains=ulle", "p3"),
        ("Patient?name:contains=ert,leo", "p2 p3"),
        // Signs that mean something to a database mean nothing here.
        ("Patient?family:contains=%25", ""),
        ("Patient?family:contains=_", ""),
        (r"Patient?family:contains=\\", ""),
        ("Patient?family:contains='", "p4"),
        ("Patient?family:contains=bramble&name:contains=ada", "p1"),
    ]);
}

#[test]
fn uris_are_compared_whole() {
    check(&[
        ("Questionnaire?url=http://forms.example/food", "q1"),
        ("Questionnaire?url=http://forms.example/Food", "q3"),
        ("Questionnaire?url=http://forms.example/foo", ""),
        ("Questionnaire?url=http://forms.example/food,http://forms.example/food/more", "q1 q2"),
        ("Endpoint?connection-type=hl7-fhir-rest", "e1"),
    ]);
}
