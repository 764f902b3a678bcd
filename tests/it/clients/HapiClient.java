// A referral by the HAPI FHIR client, in XML: java -cp CLASSPATH HapiClient.java BASE. Prints a line a step, and ends
// at the first wrong answer.

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.model.api.Include;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.PreferReturnEnum;
import ca.uhn.fhir.rest.api.SearchStyleEnum;
import ca.uhn.fhir.rest.api.SortOrderEnum;
import ca.uhn.fhir.rest.api.SortSpec;
import ca.uhn.fhir.rest.api.SummaryEnum;
import ca.uhn.fhir.rest.client.api.IClientInterceptor;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.api.IHttpRequest;
import ca.uhn.fhir.rest.client.api.IHttpResponse;
import ca.uhn.fhir.rest.gclient.IQuery;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.hl7.fhir.r4.model.*;

public class HapiClient {
    static final String SDOHCC = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-";
    static final String CODES = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";
    static final String SNOMED = "http://snomed.info/sct";

    static IGenericClient clinic;
    static IGenericClient pantry;

    public static void main(String[] arguments) {
        FhirContext context = FhirContext.forR4();
        clinic = client(context, arguments[0]);
        pantry = client(context, arguments[0]);
        seed();
        lookAround();
        Referral referral = refer();
        closed(referral, work(referral));
        cancel(refer());
        odds();
    }

    record Referral(ServiceRequest order, Task task) {}

    /** A client that speaks XML, and sees to it that it is answered in XML. */
    static IGenericClient client(FhirContext context, String base) {
        IGenericClient client = context.newRestfulGenericClient(base);
        client.setEncoding(EncodingEnum.XML);
        client.registerInterceptor(new IClientInterceptor() {
            @Override
            public void interceptRequest(IHttpRequest request) {}

            @Override
            public void interceptResponse(IHttpResponse response) {
                List<String> types = response.getHeaders("content-type");
                if (types != null && !types.isEmpty() && !types.get(0).startsWith("application/fhir+xml")) {
                    wrong("the answer is in XML: " + types);
                }
            }
        });
        return client;
    }

    static void wrong(String what) {
        System.err.println("WRONG " + what);
        System.exit(1);
    }

    /** One step: what the client has got is what it has to be. */
    static void step(String what, Object got, Object expected) {
        if (!Objects.equals(got, expected)) {
            wrong(what + ": " + got + ", expected " + expected);
        }
        System.out.println("ok " + what);
    }

    /** One step: the client is refused with this status, and understands the outcome. */
    static void fails(String what, int status, Runnable call) {
        try {
            call.run();
            wrong(what + ": not refused");
        } catch (BaseServerResponseException error) {
            OperationOutcome outcome = (OperationOutcome) error.getOperationOutcome();
            boolean isTold = outcome != null && outcome.getIssueFirstRep().hasDiagnostics();
            step(what, List.of(error.getStatusCode(), isTold), List.of(status, true));
        }
    }

    static CodeableConcept concept(String system, String code) {
        return new CodeableConcept(new Coding(system, code, null));
    }

    static Reference to(Resource resource) {
        return new Reference(resource.getIdElement().toUnqualifiedVersionless());
    }

    static <R extends Resource> R profiled(R resource, String name) {
        resource.getMeta().addProfile(SDOHCC + name);
        return resource;
    }

    static List<String> ids(Bundle bundle) {
        return bundle.getEntry().stream()
            .filter(entry -> entry.getSearch().getMode() == Bundle.SearchEntryMode.MATCH)
            .map(entry -> entry.getResource().getIdElement().getIdPart())
            .toList();
    }

    /** A resource as text: the id of the object may be a whole URL or not. */
    static String text(Resource resource) {
        return clinic.getFhirContext().newXmlParser().encodeResourceToString(resource);
    }

    static Bundle found(IQuery<?> query) {
        return query.returnBundle(Bundle.class).execute();
    }

    /** The clinic, the pantry, a doctor, a patient with a food problem who consents. */
    static void seed() {
        put(new Organization().setActive(true).setName("Riverside Clinic"), "clinic");
        put(new Organization().setActive(true).setName("Corner Pantry"), "pantry");
        put(new Organization().setActive(true).setName("Safe Harbour"), "shelter");
        Practitioner doctor = new Practitioner();
        doctor.addName().setFamily("Fernsby");
        put(doctor, "doctor");
        put(new PractitionerRole()
            .setPractitioner(new Reference("Practitioner/doctor"))
            .setOrganization(new Reference("Organization/clinic")), "role");
        Patient ada = new Patient();
        ada.addIdentifier().setSystem("http://ids.example").setValue("ada");
        ada.addName().setFamily("Bramble").addGiven("Ada");
        ada.setGender(Enumerations.AdministrativeGender.FEMALE).setBirthDateElement(new DateType("1980-02-29"));
        put(ada, "ada");
        Reference patient = new Reference("Patient/ada");
        put(new Consent().setStatus(Consent.ConsentState.ACTIVE).setPatient(patient), "consent");
        put(profiled(new Condition(), "Condition")
            .setSubject(patient)
            .setCode(new CodeableConcept().setText("Food insecurity")), "hunger");
    }

    static void put(Resource resource, String id) {
        resource.setId(id);
        MethodOutcome outcome = clinic.update().resource(resource).execute();
        step("seeded " + id, List.of(outcome.getCreated(), outcome.getId().getVersionIdPart()), List.of(true, "1"));
    }

    /** §4.1, 1-9: what the clinic shows before it refers. */
    static void lookAround() {
        CapabilityStatement statement = clinic.capabilities().ofType(CapabilityStatement.class).execute();
        step("the server speaks R4", statement.getFhirVersion(), Enumerations.FHIRVersion._4_0_1);
        step("practitioners", ids(found(clinic.search().forResource(Practitioner.class))), List.of("doctor"));
        step("role of a bare id", ids(found(clinic.search().forResource(PractitionerRole.class)
            .where(PractitionerRole.PRACTITIONER.hasId("doctor")))), List.of("role"));
        step("no questionnaires yet", ids(found(clinic.search().forResource(Questionnaire.class)
            .sort().ascending(Questionnaire.TITLE))), List.of());
        step("conditions", ids(found(clinic.search().forResource(Condition.class)
            .where(Condition.SUBJECT.hasId("Patient/ada"))
            .sort(new SortSpec("_lastUpdated", SortOrderEnum.DESC)))), List.of("hunger"));
        Bundle page = found(clinic.search().forResource(Organization.class)
            .sort().ascending(Organization.NAME).count(2));
        step("organisations", ids(page), List.of("pantry", "clinic"));
        page = clinic.loadPage().next(page).execute();
        step("the next page", ids(page), List.of("shelter"));
        step("the last one", page.getLink(Bundle.LINK_NEXT), null);
        step("born before", ids(found(clinic.search().forResource(Patient.class)
            .where(Patient.BIRTHDATE.before().day("1980-03-01")).and(Patient.FAMILY.contains().value("ramb"))
            .usingStyle(SearchStyleEnum.POST))), List.of("ada"));
        Bundle consents = found(clinic.search().forResource(Consent.class).where(Consent.PATIENT.hasId("ada")));
        step("consent", ids(consents), List.of("consent"));
    }

    /** §4.1, 11-12, as one transaction. */
    static Referral refer() {
        String name = "urn:uuid:5f1c2a34-0000-4000-8000-000000000001";
        Reference patient = new Reference("Patient/ada");
        ServiceRequest order = profiled(new ServiceRequest(), "ServiceRequest")
            .setStatus(ServiceRequest.ServiceRequestStatus.ACTIVE)
            .setIntent(ServiceRequest.ServiceRequestIntent.ORDER)
            .setPriority(ServiceRequest.ServiceRequestPriority.ASAP)
            .addCategory(concept(SNOMED, "410606002"))
            .addCategory(concept(CODES, "food-insecurity"))
            .setCode(concept(SNOMED, "710925007"))
            .setSubject(patient)
            .addReasonReference(new Reference("Condition/hunger"))
            .addSupportingInfo(new Reference("Consent/consent"));
        Task task = profiled(new Task(), "TaskForReferralManagement")
            .setStatus(Task.TaskStatus.REQUESTED)
            .setIntent(Task.TaskIntent.ORDER)
            .setCode(concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"))
            .setFocus(new Reference(name))
            .setFor(patient)
            .setAuthoredOnElement(new DateTimeType("2026-11-22T09:00:00.123Z"))
            .setRequester(new Reference("PractitionerRole/role"))
            .setOwner(new Reference("Organization/pantry"));
        OperationOutcome verdict = (OperationOutcome) clinic.validate().resource(order).execute().getOperationOutcome();
        long errors = verdict.getIssue().stream()
            .filter(issue -> issue.getSeverity() == OperationOutcome.IssueSeverity.ERROR).count();
        step("the order is valid", errors, 0L);
        Bundle bundle = new Bundle().setType(Bundle.BundleType.TRANSACTION);
        bundle.addEntry().setFullUrl(name).setResource(order)
            .getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("ServiceRequest");
        bundle.addEntry().setResource(task).getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("Task");
        List<Bundle.BundleEntryComponent> answers = clinic.transaction().withBundle(bundle).execute().getEntry();
        step("referred", answers.stream().map(answer -> answer.getResponse().getStatus()).toList(),
            List.of("201 Created", "201 Created"));
        IdType place = new IdType(answers.get(1).getResponse().getLocation());
        Task stored = clinic.read().resource(Task.class).withUrl(place).execute();
        step("the Task is for the order", stored.getFocus().getReference(),
            new IdType(answers.get(0).getResponse().getLocation()).toUnqualifiedVersionless().getValue());
        return new Referral((ServiceRequest) answers.get(0).getResource(), stored);
    }

    static IQuery<?> referrals(IGenericClient client) {
        return client.search().forResource(Task.class)
            .withProfile(SDOHCC + "TaskForReferralManagement")
            .sort(new SortSpec("_lastUpdated", SortOrderEnum.DESC));
    }

    /** §4.2: the clinic polls. Gives the newest Task. */
    static Task seenByTheClinic() {
        Bundle found = found(referrals(clinic)
            .where(Task.REQUESTER.hasId("PractitionerRole/role")).and(Task.SUBJECT.hasId("Patient/ada")));
        return (Task) found.getEntryFirstRep().getResource();
    }

    /** Puts the Task back, changed: its id has its version, so the client sends If-Match. Gives it as stored. */
    static Task change(IGenericClient client, Task task, Task.TaskStatus status) {
        long version = task.getIdElement().getVersionIdPartAsLong();
        MethodOutcome outcome = client.update().resource(task.setStatus(status)).execute();
        Task stored = (Task) outcome.getResource();
        step(status.toCode(), List.of(stored.getStatus(), outcome.getId().getVersionIdPartAsLong()),
            List.of(status, version + 1));
        return stored;
    }

    /** §4.3: the pantry polls, accepts, works, completes. Gives what was done. */
    static Procedure work(Referral referral) {
        Bundle found = found(referrals(pantry).where(Task.OWNER.hasId("Organization/pantry"))
            .include(Task.INCLUDE_FOCUS).include(new Include("Task:patient")));
        step("polled", ids(found), List.of(referral.task.getIdElement().getIdPart()));
        List<String> included = found.getEntry().stream()
            .filter(entry -> entry.getSearch().getMode() == Bundle.SearchEntryMode.INCLUDE)
            .map(entry -> entry.getResource().fhirType()).sorted().toList();
        step("with order and patient", included, List.of("Patient", "ServiceRequest"));
        Task task = (Task) found.getEntryFirstRep().getResource();
        ServiceRequest asked = (ServiceRequest) task.getFocus().getResource();
        step("the order was in it", text(asked), text(referral.order));
        PractitionerRole role = pantry.read().resource(PractitionerRole.class)
            .withId(task.getRequester().getReferenceElement().getIdPart()).execute();
        step("read the requester", role.getPractitioner().getReference(), "Practitioner/doctor");
        Task stale = task.copy();
        task = change(pantry, task, Task.TaskStatus.ACCEPTED);
        step("seen by the clinic", seenByTheClinic().getStatus(), Task.TaskStatus.ACCEPTED);
        fails("what is stale is not written", 412, () ->
            pantry.update().resource(stale.setStatus(Task.TaskStatus.REJECTED)).execute());
        task = (Task) pantry.patch()
            .withFhirPatch(patch("Task.status", new CodeType("in-progress")))
            .withId(task.getIdElement().toUnqualifiedVersionless()).execute().getResource();
        step("in-progress, by a patch", task.getStatus(), Task.TaskStatus.INPROGRESS);
        Procedure procedure = profiled(new Procedure(), "Procedure")
            .addBasedOn(to(asked))
            .setStatus(Procedure.ProcedureStatus.COMPLETED)
            .setCategory(asked.getCategoryFirstRep())
            .setCode(asked.getCode())
            .setSubject(asked.getSubject())
            .setPerformed(new DateTimeType("2026-11-22"))
            .setReasonReference(asked.getReasonReference());
        MethodOutcome done = pantry.create().resource(procedure).execute();
        step("done", List.of(done.getCreated(), done.getId().getVersionIdPart()), List.of(true, "1"));
        procedure = (Procedure) done.getResource();
        task.addOutput().setType(concept(CODES, "resulting-activity")).setValue(to(procedure));
        change(pantry, task, Task.TaskStatus.COMPLETED);
        return procedure;
    }

    /** A FHIRPath Patch that replaces one element. */
    static Parameters patch(String path, Type value) {
        Parameters patch = new Parameters();
        Parameters.ParametersParameterComponent operation = patch.addParameter().setName("operation");
        operation.addPart().setName("type").setValue(new CodeType("replace"));
        operation.addPart().setName("path").setValue(new StringType(path));
        operation.addPart().setName("value").setValue(value);
        return patch;
    }

    /** The clinic sees what came of it. */
    static void closed(Referral referral, Procedure procedure) {
        Task task = seenByTheClinic();
        step("completed", task.getStatus(), Task.TaskStatus.COMPLETED);
        String output = ((Reference) task.getOutputFirstRep().getValue()).getReference();
        Procedure outcome = clinic.read().resource(Procedure.class).withUrl(output).execute();
        step("by this", text(outcome), text(procedure));
        step("for that", outcome.getReasonReferenceFirstRep().getReference(), "Condition/hunger");
        ServiceRequest order = clinic.read().resource(ServiceRequest.class)
            .withId(referral.order.getIdElement().getIdPart()).execute();
        step("the order is closed", order.getStatus(), ServiceRequest.ServiceRequestStatus.COMPLETED);
        IdType id = task.getIdElement().toUnqualifiedVersionless();
        Bundle history = clinic.history().onInstance(id).returnBundle(Bundle.class).execute();
        List<String> states = history.getEntry().stream()
            .map(entry -> ((Task) entry.getResource()).getStatus().toCode()).toList();
        step("its life", states, List.of("completed", "in-progress", "accepted", "requested"));
        Task first = clinic.read().resource(Task.class).withIdAndVersion(id.getIdPart(), "1").execute();
        step("its beginning", first.getStatus(), Task.TaskStatus.REQUESTED);
        Parameters timeline = clinic.operation().onInstance(id).named("$timeline").withNoParameters(Parameters.class)
            .useHttpGet().execute();
        step("its timeline", timeline.getParameterBool("closed"), true);
    }

    /** §4.4: without a reason, and the order in a request of its own. */
    static void cancel(Referral referral) {
        change(clinic, referral.task, Task.TaskStatus.CANCELLED);
        MethodOutcome revoked = clinic.update()
            .resource(referral.order.setStatus(ServiceRequest.ServiceRequestStatus.REVOKED)).execute();
        step("revoked", revoked.getId().getVersionIdPart(), "2");
        Bundle cancelled = found(referrals(pantry)
            .where(Task.OWNER.hasId("Organization/pantry")).and(Task.STATUS.exactly().code("cancelled")));
        step("seen by the pantry", ids(cancelled), List.of(referral.task.getIdElement().getIdPart()));
        Bundle open = found(referrals(pantry).summaryMode(SummaryEnum.COUNT)
            .whereMap(Map.of("status:not", List.of("completed", "cancelled"))));
        step("nothing is open", open.getTotal(), 0);
    }

    /** What else R4 has that this client can say. */
    static void odds() {
        Basic note = new Basic().setCode(new CodeableConcept().setText("note <&> \u00e9"));
        note.addIdentifier().setSystem("http://ids.example").setValue("note");
        String ours = "Basic?identifier=http://ids.example|note";
        MethodOutcome first = clinic.create().resource(note).conditionalByUrl(ours).execute();
        MethodOutcome again = clinic.create().resource(note).conditionalByUrl(ours).execute();
        step("conditional create", again.getId().toUnqualified(), first.getId().toUnqualified());
        IdType id = (IdType) first.getId().toUnqualifiedVersionless();
        Basic stored = clinic.read().resource(Basic.class).withId(id).execute();
        step("as it was written", stored.getCode().getText(), "note <&> \u00e9");
        note.setId((IdType) null);
        MethodOutcome updated = clinic.update().resource(note).conditionalByUrl(ours).execute();
        step("conditional update", updated.getId().getVersionIdPart(), "2");
        MethodOutcome silent = clinic.update().resource(stored).withId(id).prefer(PreferReturnEnum.MINIMAL).execute();
        step("nothing comes back", silent.getResource(), null);
        step("but the version", silent.getId().getVersionIdPart(), "3");
        String diff = """
            <diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Basic/f:code/f:text/@value">patched</replace></diff>""";
        Basic patched = (Basic) clinic.patch().withBody(diff).withId(id).execute().getResource();
        step("an XML Patch", patched.getCode().getText(), "patched");
        Bundle batch = new Bundle().setType(Bundle.BundleType.BATCH);
        batch.addEntry().getRequest().setMethod(Bundle.HTTPVerb.GET).setUrl(id.getValue());
        batch.addEntry().getRequest().setMethod(Bundle.HTTPVerb.GET).setUrl("Basic/never");
        Bundle answer = clinic.transaction().withBundle(batch).execute();
        step("a batch", answer.getEntry().stream().map(entry -> entry.getResponse().getStatus()).toList(),
            List.of("200 OK", "404 Not Found"));
        clinic.delete().resourceConditionalByUrl(ours).execute();
        fails("is gone", 410, () -> clinic.read().resource(Basic.class).withId(id).execute());
        fails("never was", 404, () -> clinic.read().resource(Basic.class).withId("never").execute());
        fails("nonsense", 400, () -> found(clinic.search().byUrl("Task?_lastUpdated=yesterday")));
        Bundle history = clinic.history().onType(Basic.class).returnBundle(Bundle.class).execute();
        step("history of a type", history.getTotal(), 5);
        Bundle all = clinic.history().onServer().returnBundle(Bundle.class).count(1).execute();
        step("history of all", all.getEntryFirstRep().getRequest().getMethod(), Bundle.HTTPVerb.DELETE);
    }
}
