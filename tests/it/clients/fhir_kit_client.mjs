// A referral by fhir-kit-client: node fhir_kit_client.mjs BASE. Prints a line a step, and ends at the first wrong
// answer. The library is in a folder `node_modules` beside this file.

import { deepStrictEqual } from 'node:assert';
import { CapabilityTool, Client } from 'fhir-kit-client';

const SDOHCC = 'http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-';
const CODES = 'http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes';
const SNOMED = 'http://snomed.info/sct';
const REFERRALS = { _profile: `${SDOHCC}TaskForReferralManagement`, _sort: '-_lastUpdated' };

const baseUrl = process.argv[2];
const clinic = new Client({ baseUrl });
const pantry = new Client({ baseUrl });

/** One step: what the client has got is what it has to be. */
function step(what, got, expected = true) {
  try {
    deepStrictEqual(got, expected);
  } catch (error) {
    console.error(`WRONG ${what}: ${error.message}`);
    process.exit(1);
  }
  console.log(`ok ${what}`);
}

/** One step: the client is refused with this status and an outcome of this code. */
async function fails(what, status, code, call) {
  const error = await call.then(() => undefined, (error) => error);
  step(what, [error?.response?.status, error?.response?.data?.issue?.[0]?.code], [status, code]);
}

const concept = (system, code) => ({ coding: [{ system, code }] });
const refersTo = (resource) => ({ reference: `${resource.resourceType}/${resource.id}` });
const entries = (bundle) => bundle.entry ?? [];
const ofMode = (bundle, mode) =>
  entries(bundle).flatMap(({ search, resource }) => (search.mode === mode ? [resource] : []));
const matches = (bundle) => ofMode(bundle, 'match');
const ids = (bundle) => matches(bundle).map((resource) => resource.id);
const search = (client, resourceType, searchParams) => client.search({ resourceType, searchParams });
const header = (resource, name) => Client.httpFor(resource).response.headers.get(name);

/** The clinic, the pantry, a doctor, a patient with a food problem who consents. */
async function seed() {
  const [subject, practitioner] = [{ reference: 'Patient/ada' }, { reference: 'Practitioner/doctor' }];
  const meta = { profile: [`${SDOHCC}Condition`] };
  const identifier = [{ system: 'http://ids.example', value: 'ada' }];
  const resources = [
    { resourceType: 'Organization', id: 'clinic', active: true, name: 'Riverside Clinic' },
    { resourceType: 'Organization', id: 'pantry', active: true, name: 'Corner Pantry' },
    { resourceType: 'Organization', id: 'shelter', active: true, name: 'Safe Harbour' },
    { resourceType: 'Practitioner', id: 'doctor', name: [{ family: 'Fernsby' }] },
    { resourceType: 'PractitionerRole', id: 'role', practitioner, organization: { reference: 'Organization/clinic' } },
    { resourceType: 'Patient', id: 'ada', identifier, name: [{ family: 'Bramble', given: ['Ada'] }], gender: 'female' },
    { resourceType: 'Consent', id: 'consent', status: 'active', patient: subject },
    { resourceType: 'Condition', id: 'hunger', meta, subject, code: { text: 'Food insecurity' } },
  ];
  for (const body of resources) {
    const stored = await clinic.update({ resourceType: body.resourceType, id: body.id, body });
    step(`seeded ${stored.id}`, [Client.httpFor(stored).response.status, stored.meta.versionId], [201, '1']);
  }
}

/** §4.1, 1-9: what the clinic shows before it refers. */
async function lookAround() {
  const statement = await clinic.capabilityStatement();
  step('the server speaks R4', statement.fhirVersion[0], '4');
  const tool = new CapabilityTool(statement);
  step('and can do transactions', tool.serverCan('transaction'));
  step('and patches', tool.resourceCan('Task', 'patch'));
  step('and searches by owner', tool.resourceSearch('Task', 'owner'));
  step('practitioners', ids(await search(clinic, 'Practitioner')), ['doctor']);
  step('role of a bare id', ids(await search(clinic, 'PractitionerRole', { practitioner: 'doctor' })), ['role']);
  step('no questionnaires yet', ids(await search(clinic, 'Questionnaire', { _sort: 'title' })), []);
  step('conditions', ids(await search(clinic, 'Condition', { subject: 'ada', _sort: '-_lastUpdated' })), ['hunger']);
  const seen = [];
  let page = await search(clinic, 'Organization', { _sort: 'name', _count: 1 });
  while (page) {
    seen.push(...ids(page));
    page = await clinic.nextPage({ bundle: page });
  }
  step('organisations, page after page', seen, ['pantry', 'clinic', 'shelter']);
  const ofAda = { resourceType: 'Consent', searchParams: { patient: 'Patient/ada' } };
  const byPost = await clinic.search({ ...ofAda, options: { postSearch: true } });
  step('consent, by POST', ids(byPost), ['consent']);
  const [consent] = matches(byPost);
  step('and whose it is', (await clinic.resolve({ reference: consent.patient.reference })).name[0].family, 'Bramble');
}

/** §4.1, 11-12, as one transaction. Gives order and Task. */
async function refer() {
  const name = 'urn:uuid:5f1c2a34-0000-4000-8000-000000000001';
  const subject = { reference: 'Patient/ada' };
  const order = {
    resourceType: 'ServiceRequest',
    meta: { profile: [`${SDOHCC}ServiceRequest`] },
    status: 'active',
    intent: 'order',
    category: [concept(SNOMED, '410606002'), concept(CODES, 'food-insecurity')],
    priority: 'asap',
    code: concept(SNOMED, '710925007'),
    subject,
    reasonReference: [{ reference: 'Condition/hunger' }],
    supportingInfo: [{ reference: 'Consent/consent' }],
  };
  const task = {
    resourceType: 'Task',
    meta: { profile: [`${SDOHCC}TaskForReferralManagement`] },
    status: 'requested',
    intent: 'order',
    code: concept('http://hl7.org/fhir/CodeSystem/task-code', 'fulfill'),
    focus: { reference: name },
    for: subject,
    authoredOn: '2026-11-22T09:00:00.123Z',
    requester: { reference: 'PractitionerRole/role' },
    owner: { reference: 'Organization/pantry' },
  };
  const outcome = await clinic.operation({ name: 'validate', resourceType: 'ServiceRequest', input: order });
  step('the order is valid', outcome.issue.filter((issue) => ['error', 'fatal'].includes(issue.severity)), []);
  const entry = [
    { fullUrl: name, resource: order, request: { method: 'POST', url: 'ServiceRequest' } },
    { resource: task, request: { method: 'POST', url: 'Task' } },
  ];
  const answer = await clinic.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry } });
  step('referred', answer.entry.map((entry) => entry.response.status), ['201 Created', '201 Created']);
  const [stored, storedTask] = answer.entry.map((entry) => entry.resource);
  step('the Task is for the order', storedTask.focus, refersTo(stored));
  const { location } = answer.entry[1].response;
  step('and where it says', (await clinic.resolve({ reference: location })).id, storedTask.id);
  return [stored, storedTask];
}

/** §4.2: the clinic polls. Gives the newest Task. */
async function seenByTheClinic() {
  return matches(await search(clinic, 'Task', { ...REFERRALS, requester: 'PractitionerRole/role', subject: 'ada' }))[0];
}

/** Puts a resource back, changed, on the condition that nobody else has meanwhile. Gives it as stored. */
async function change(client, resource, changes) {
  const { resourceType, id } = resource;
  const options = { headers: { 'If-Match': `W/"${resource.meta.versionId}"` } };
  const stored = await client.update({ resourceType, id, body: { ...resource, ...changes }, options });
  const version = String(Number(resource.meta.versionId) + 1);
  step(changes.status, [stored.status, stored.meta.versionId], [changes.status, version]);
  step('and its version', header(stored, 'etag'), `W/"${version}"`);
  return stored;
}

/** §4.3: the pantry polls, accepts, works, completes. Gives what was done. */
async function work(order, task) {
  const mine = { ...REFERRALS, owner: 'Organization/pantry', _include: ['Task:focus', 'Task:patient'] };
  const found = await search(pantry, 'Task', mine);
  step('polled', ids(found), [task.id]);
  const included = ofMode(found, 'include').map((resource) => resource.resourceType);
  step('with order and patient', included.sort(), ['Patient', 'ServiceRequest']);
  const asked = await pantry.resolve({ reference: task.focus.reference, context: found });
  step('the order was in it', asked, order);
  const role = await pantry.resolve({ reference: task.requester.reference });
  step('read the requester', role.practitioner.reference, 'Practitioner/doctor');
  const accepted = await change(pantry, task, { status: 'accepted' });
  step('seen by the clinic', (await seenByTheClinic()).status, 'accepted');
  await fails('what is stale is not written', 412, 'conflict', pantry.update({
    resourceType: 'Task', id: task.id, body: task, options: { headers: { 'If-Match': 'W/"1"' } },
  }));
  const jsonPatch = [
    { op: 'test', path: '/status', value: 'accepted' },
    { op: 'replace', path: '/status', value: 'in-progress' },
  ];
  const working = await pantry.patch({ resourceType: 'Task', id: accepted.id, jsonPatch });
  step('in-progress, by a patch', [working.status, working.meta.versionId], ['in-progress', '3']);
  const procedure = await pantry.create({
    resourceType: 'Procedure',
    body: {
      resourceType: 'Procedure',
      meta: { profile: [`${SDOHCC}Procedure`] },
      basedOn: [refersTo(asked)],
      status: 'completed',
      category: asked.category[0],
      code: asked.code,
      subject: asked.subject,
      performedDateTime: '2026-11-22',
      reasonReference: asked.reasonReference,
    },
  });
  step('done', header(procedure, 'location'), `${baseUrl}/Procedure/${procedure.id}/_history/1`);
  const output = [{ type: concept(CODES, 'resulting-activity'), valueReference: refersTo(procedure) }];
  await change(pantry, working, { status: 'completed', output });
  return procedure;
}

/** The clinic sees what came of it. */
async function closed(order, procedure) {
  const task = await seenByTheClinic();
  step('completed', task.status, 'completed');
  const outcome = await clinic.resolve({ reference: task.output[0].valueReference.reference });
  step('by this', outcome, procedure);
  step('for that', (await clinic.resolve({ reference: outcome.reasonReference[0].reference })).id, 'hunger');
  const { status } = await clinic.read({ resourceType: 'ServiceRequest', id: order.id });
  step('the order is closed', status, 'completed');
  const history = await clinic.history({ resourceType: 'Task', id: task.id });
  const states = history.entry.map((entry) => entry.resource.status);
  step('its life', states, ['completed', 'in-progress', 'accepted', 'requested']);
  step('its beginning', (await clinic.vread({ resourceType: 'Task', id: task.id, version: '1' })).status, 'requested');
  const timeline = await clinic.operation({ name: '$timeline', resourceType: 'Task', id: task.id, method: 'GET' });
  step('its timeline', timeline.parameter.find((parameter) => parameter.name === 'closed').valueBoolean);
}

/** §4.4: without a reason, and the order in a request of its own. */
async function cancel(order, task) {
  await change(clinic, await clinic.read({ resourceType: 'Task', id: task.id }), { status: 'cancelled' });
  await change(clinic, order, { status: 'revoked' });
  const cancelled = await search(pantry, 'Task', { ...REFERRALS, owner: 'Organization/pantry', status: 'cancelled' });
  step('seen by the pantry', ids(cancelled), [task.id]);
  const open = { ...REFERRALS, 'status:not': ['completed', 'cancelled'], _summary: 'count' };
  step('nothing is open', (await search(pantry, 'Task', open)).total, 0);
}

/** What else R4 has that this client can say. */
async function odds() {
  const ours = { identifier: 'http://ids.example|note' };
  const identifier = [{ system: 'http://ids.example', value: 'note' }];
  const note = { resourceType: 'Basic', code: { text: 'note' }, identifier };
  const options = { headers: { 'If-None-Exist': 'identifier=http://ids.example|note' } };
  const first = await clinic.create({ resourceType: 'Basic', body: note, options });
  const again = await clinic.create({ resourceType: 'Basic', body: note, options });
  step('conditional create', [again.id, Client.httpFor(again).response.status], [first.id, 200]);
  const updated = await clinic.update({ resourceType: 'Basic', searchParams: ours, body: note });
  step('conditional update', [updated.id, updated.meta.versionId], [first.id, '2']);
  const minimal = { headers: { Prefer: 'return=minimal' } };
  const silent = await clinic.update({ resourceType: 'Basic', id: first.id, body: updated, options: minimal });
  step('nothing comes back', [{ ...silent }, header(silent, 'etag')], [{}, 'W/"3"']);
  const entry = [
    { request: { method: 'GET', url: `Basic/${first.id}` } },
    { request: { method: 'GET', url: 'Basic/never' } },
    { request: { method: 'DELETE', url: `Basic/${first.id}` } },
  ];
  const answer = await clinic.batch({ body: { resourceType: 'Bundle', type: 'batch', entry } });
  step('a batch', answer.entry.map((entry) => entry.response.status.slice(0, 3)).slice(1), ['404', '204']);
  await fails('is gone', 410, 'deleted', clinic.read({ resourceType: 'Basic', id: first.id }));
  await fails('never was', 404, 'not-found', clinic.read({ resourceType: 'Basic', id: 'never' }));
  await fails('nonsense', 400, 'value', search(clinic, 'Task', { _lastUpdated: 'yesterday' }));
  const system = await clinic.search({ searchParams: { _type: 'Task,Procedure', _sort: '_lastUpdated' } });
  const types = matches(system).map((resource) => resource.resourceType);
  step('a search of several types', types.sort(), ['Procedure', 'Task', 'Task']);
  const [ofType, ofAll] = [await clinic.history({ resourceType: 'Basic' }), await clinic.history()];
  step('histories', [ofType.total, ofAll.entry[0].request.method], [4, 'DELETE']);
}

await seed();
await lookAround();
const [order, task] = await refer();
await closed(order, await work(order, task));
await cancel(...(await refer()));
await odds();
