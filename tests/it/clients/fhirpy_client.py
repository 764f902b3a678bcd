"""A referral by fhirpy: python fhirpy_client.py BASE. Prints a line a step, and ends at the first wrong answer."""

import sys

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

SDOHCC = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-"
CODES = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
SNOMED = "http://snomed.info/sct"


def step(what, got, expected=True):
    """One step: what the client has got is what it has to be."""
    if got != expected:
        sys.exit(f"WRONG {what}: {got!r}, expected {expected!r}")
    print(f"ok {what}")


def fails(what, error, call):
    """One step: the client is refused, and understands how."""
    try:
        got = call()
    except error:
        return step(what, True)
    sys.exit(f"WRONG {what}: {got!r}, expected {error.__name__}")


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def profile(name):
    return {"profile": [SDOHCC + name]}


def ids(resources):
    return [resource["id"] for resource in resources]


base = sys.argv[1]
clinic = SyncFHIRClient(base)
pantry = SyncFHIRClient(base)


def seed():
    for name, title in [("clinic", "Riverside Clinic"), ("pantry", "Corner Pantry"), ("shelter", "Safe Harbour")]:
        clinic.resource("Organization", id=name, active=True, name=title).save()
    doctor = clinic.resource("Practitioner", id="doctor", name=[{"family": "Fernsby"}])
    doctor.save()
    organization = clinic.reference("Organization", "clinic")
    clinic.resource("PractitionerRole", id="role", practitioner=doctor.to_reference(), organization=organization).save()
    number = {"system": "http://ids.example", "value": "ada"}
    name = {"family": "Bramble", "given": ["Ada"]}
    ada = clinic.resource("Patient", id="ada", identifier=[number], name=[name], gender="female")
    ada["birthDate"] = "1980-02-29"
    ada.save()
    clinic.resource("Consent", id="consent", status="active", patient=ada.to_reference()).save()
    hunger = clinic.resource("Condition", id="hunger", meta=profile("Condition"), subject=ada.to_reference())
    hunger["code"] = {"text": "Food insecurity"}
    hunger.save()
    step("seeded", ada["meta"]["versionId"], "1")


def look_around():
    """§4.1, 1-9: what the clinic shows before it refers."""
    step("the server speaks R4", clinic.execute("metadata", "get")["fhirVersion"][0], "4")
    step("practitioners", ids(clinic.resources("Practitioner").fetch()), ["doctor"])
    step("role of a bare id", ids(clinic.resources("PractitionerRole").search(practitioner="doctor").fetch()), ["role"])
    step("no questionnaires yet", clinic.resources("Questionnaire").sort("title").fetch(), [])
    conditions = clinic.resources("Condition").search(subject="ada").sort("-_lastUpdated")
    step("conditions", ids(conditions.fetch()), ["hunger"])
    organizations = clinic.resources("Organization").sort("name").limit(1)
    step("organisations, page after page", ids(organizations.fetch_all()), ["pantry", "clinic", "shelter"])
    step("how many", clinic.resources("Organization").count(), 3)
    step("by a part of the name", ids(clinic.resources("Patient").search(family__contains="ramb").fetch()), ["ada"])
    step("born before", ids(clinic.resources("Patient").search(birthdate__lt="1980-03").fetch()), ["ada"])
    consent = clinic.resources("Consent").search(patient="Patient/ada").first()
    step("consent and whose it is", consent["patient"].to_resource()["name"][0]["family"], "Bramble")


def refer():
    """§4.1, 11-12: order and Task, by two requests. Gives both."""
    order = clinic.resource(
        "ServiceRequest",
        meta=profile("ServiceRequest"),
        status="active",
        intent="order",
        category=[concept(SNOMED, "410606002"), concept(CODES, "food-insecurity")],
        priority="asap",
        code=concept(SNOMED, "710925007"),
        subject={"reference": "Patient/ada", "display": "Ada Bramble"},
        reasonReference=[{"reference": "Condition/hunger"}],
        supportingInfo=[{"reference": "Consent/consent"}],
    )
    step("the order is valid", order.is_valid())
    order.save()
    task = clinic.resource(
        "Task",
        meta=profile("TaskForReferralManagement"),
        status="requested",
        intent="order",
        code=concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
        focus=order.to_reference(),
        authoredOn="2026-11-22T09:00:00.123Z",
        requester={"reference": "PractitionerRole/role"},
        owner={"reference": "Organization/pantry"},
        **{"for": {"reference": "Patient/ada"}},
    )
    task.save()
    step("referred", (order["meta"]["versionId"], task["meta"]["versionId"]), ("1", "1"))
    return order, task


def referrals(client, **criteria):
    found = client.resources("Task").search(_profile=SDOHCC + "TaskForReferralManagement", **criteria)
    return found.sort("-_lastUpdated")


def seen_by_the_clinic():
    """§4.2: the clinic polls. Gives the newest Task."""
    return referrals(clinic, requester="PractitionerRole/role", subject="ada").first()


def change(task, **changes):
    """Puts the Task back, changed."""
    for name, value in changes.items():
        task[name] = value
    version = int(task["meta"]["versionId"])
    task.save()
    step(task["status"], task["meta"]["versionId"], str(version + 1))


def work(order, task):
    """§4.3: the pantry polls, accepts, works, completes."""
    step("the server speaks R4", pantry.execute("metadata", "get")["fhirVersion"][0], "4")
    found = referrals(pantry, owner="Organization/pantry")
    step("polled", ids(found.fetch()), [task["id"]])
    bundle = found.include("Task", "focus").include("Task", "patient").fetch_raw()
    modes = sorted((entry["resource"]["resourceType"], entry["search"]["mode"]) for entry in bundle["entry"])
    expected = [("Patient", "include"), ("ServiceRequest", "include"), ("Task", "match")]
    step("polled with order and patient", modes, expected)
    mine = found.first()
    step("read the requester", mine["requester"].to_resource()["practitioner"]["reference"], "Practitioner/doctor")
    change(mine, status="accepted")
    step("what it has is current", mine.refresh()["meta"]["versionId"], "2")
    step("seen by the clinic", seen_by_the_clinic()["status"], "accepted")
    change(mine, status="in-progress")
    asked = mine["focus"].to_resource()
    procedure = pantry.resource(
        "Procedure",
        meta=profile("Procedure"),
        basedOn=[asked.to_reference()],
        status="completed",
        category=asked["category"][0],
        code=asked["code"],
        subject=asked["subject"],
        performedDateTime="2026-11-22",
        reasonReference=asked["reasonReference"],
    )
    procedure.save()
    done = {"type": concept(CODES, "resulting-activity"), "valueReference": procedure.to_reference()}
    change(mine, status="completed", output=[done])
    fails("a terminal state stays", OperationOutcome, lambda: change(mine, status="no-such-state"))
    return procedure


def closed(order, procedure):
    """The clinic sees what came of it."""
    task = seen_by_the_clinic()
    step("completed", task["status"], "completed")
    outcome = task["output"][0]["valueReference"].to_resource()
    step("by this", outcome["id"], procedure["id"])
    step("for that", outcome["reasonReference"][0].to_resource()["id"], "hunger")
    step("the order is closed", order.refresh()["status"], "completed")
    history = clinic.execute(f"Task/{task['id']}/_history", "get")
    states = [entry["resource"]["status"] for entry in history["entry"]]
    step("its life", states, ["completed", "in-progress", "accepted", "requested"])
    timeline = {parameter["name"]: parameter for parameter in task.execute("$timeline", "get")["parameter"]}
    step("its timeline", timeline["closed"]["valueBoolean"])


def cancel(order, task):
    """§4.4: without a reason, and the order in a request of its own."""
    task = clinic.resources("Task").search(_id=task["id"]).get()
    change(task, status="cancelled")
    change(clinic.reference("ServiceRequest", order["id"]).to_resource(), status="revoked")
    step("seen by the pantry", referrals(pantry, owner="Organization/pantry", status="cancelled").count(), 1)
    step("nothing is open", referrals(pantry, status__not=["completed", "cancelled"]).count(), 0)


def odds():
    """What else R4 has that this client can say."""
    number = {"system": "http://ids.example", "value": "note"}
    note = {"resourceType": "Basic", "code": {"text": "note"}, "identifier": [number]}
    name = "urn:uuid:2f1c2a34-0000-4000-8000-000000000001"
    reply = {"resourceType": "Basic", "id": "reply", "code": {"text": "reply"}, "subject": {"reference": name}}
    entries = [
        {"fullUrl": name, "resource": note, "request": {"method": "POST", "url": "Basic"}},
        {"resource": reply, "request": {"method": "PUT", "url": "Basic/reply"}},
        {"request": {"method": "GET", "url": "Basic?_sort=_lastUpdated"}},
    ]
    answer = clinic.execute("", data={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    statuses = [entry["response"]["status"][:3] for entry in answer["entry"]]
    step("a transaction", statuses, ["201", "201", "200"])
    first = answer["entry"][0]["resource"]["id"]
    step("refers within", answer["entry"][1]["resource"]["subject"]["reference"], f"Basic/{first}")
    read = [entry["resource"] for entry in answer["entry"][2]["resource"]["entry"]]
    step("reads what it wrote", ids(read), [first, "reply"])
    ours = clinic.resources("Basic").search(identifier="http://ids.example|note")
    note.pop("resourceType")
    updated, created = ours.update(clinic.resource("Basic", **note))
    step("conditional update", (updated["id"], updated["meta"]["versionId"], created), (first, "2", False))
    operation = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "Basic.code.text"},
        {"name": "value", "valueString": "patched"},
    ]
    patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": operation}]}
    step("a patch", clinic.execute(f"Basic/{first}", "patch", data=patch)["code"]["text"], "patched")
    everything = clinic.resources("Basic").search(_lastUpdated__ge="2000")
    fails("a deletion of which one", MultipleResourcesFound, everything.delete)
    step("a conditional deletion", ours.delete()[1], 204)
    fails("is gone", ResourceNotFound, lambda: clinic.get("Basic", first))
    fails("never was", ResourceNotFound, lambda: clinic.get("Basic", "never"))
    fails("nonsense", OperationOutcome, clinic.resources("Task").search(_lastUpdated="yesterday").fetch)


seed()
look_around()
order, task = refer()
closed(order, work(order, task))
cancel(*refer())
odds()
