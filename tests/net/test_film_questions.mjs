// Ask the recorded person: who may ask what, how much, and what comes of it. The pipeline is a fake.
//
//   PARLOUR_BUILD=build node --test tests/net/test_film_questions.mjs
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, run, until } from './lib/server.mjs';

const fake = new URL('./lib/fake_pipeline.mjs', import.meta.url).pathname;
const tus = { 'Tus-Resumable': '1.0.0' };
const tokens = {};
let s, film;

before(async () => {
  s = await Server.start(['--pipeline', fake, '--trust-proxy', '--film-questions-max', '8', '--question-rate-per-address', '4']);
  for (const role of ['rep', 'marketer']) tokens[role] = run('token', 'create', '--role', role, '--data', s.data);
  film = await made();
});
after(() => s?.stop());

let address = 0;
/** As a viewer of another address each time, unless told. */
async function call(method, path, { token, body, from = `198.51.${(++address / 250) | 0}.${address % 250}` } = {}) {
  const r = await fetch(s.base + path, { method, headers: { 'x-forwarded-for': from, ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }) });
  const text = await r.text();
  return { status: r.status, headers: r.headers, json: text === '' ? null : JSON.parse(text), text };
}
async function must(status, answer, word) {
  const r = await answer;
  assert.equal(r.status, status, r.text);
  if (word) assert.equal(r.json.type, `urn:parlour:problem:${word}`);
  return r.json;
}

async function upload(plan) {
  const bytes = JSON.stringify(plan);
  const created = await fetch(`${s.base}/api/v1/uploads`, { method: 'POST', headers: { ...tus, 'Upload-Length': String(bytes.length), authorization: `Bearer ${tokens.rep}` } });
  await fetch(s.base + created.headers.get('location'), { method: 'PATCH', body: bytes, headers: { ...tus, 'content-type': 'application/offset+octet-stream', 'Upload-Offset': '0' } });
  return created.headers.get('location').split('/').at(-1);
}

async function made(more = { published: true }) {
  const { id } = await must(202, call('POST', '/api/v1/walkthroughs', { token: s.token, body: { upload: await upload({ do: 'ready' }), title: 'The lamp' } }));
  await until('the film', 8000, async () => (await call('GET', `/api/v1/walkthroughs/${id}`, { token: s.token })).json.state === 'ready');
  return must(200, call('PATCH', `/api/v1/walkthroughs/${id}`, { token: s.token, body: more }));
}
const ask = (body, options = {}) => call('POST', `/w/${(options.film ?? film).slug}/questions`, { body, ...options });
const answers = async (of = film) => must(200, call('GET', `/w/${of.slug}/questions`));

test('a question is asked by anybody, answered in words by a rep, and shown at its second', async () => {
  const q = await must(201, ask({ t: 2.5, text: '  Does the shade\nget hot? ', name: 'Sam' }));
  assert.equal(q.text, 'Does the shade get hot?');
  assert.match(q.token, /^[A-Za-z0-9]{32}$/);
  assert.deepEqual(await answers(), [], 'nobody sees it before it is answered');
  const [listed] = await must(200, call('GET', `/api/v1/questions?walkthrough=${film.id}`, { token: tokens.rep }));
  assert.deepEqual([listed.id, listed.t, listed.text, listed.name, listed.state, listed.title], [q.id, 2.5, q.text, 'Sam', 'open', 'The lamp']);
  assert.ok(!JSON.stringify(listed).includes(q.token));
  assert.equal((await call('GET', `/api/v1/walkthroughs/${film.id}`, { token: s.token })).json.questions_open, 1);
  const answered = await must(200, call('PATCH', `/api/v1/questions/${q.id}`, { token: tokens.rep, body: { words: 'No, it stays <b>cool</b>.' } }));
  assert.equal(answered.state, 'answered');
  const [shown] = await answers();
  assert.deepEqual([shown.id, shown.t, shown.text, shown.name, shown.answer.words, shown.answer.clip], [q.id, 2.5, q.text, 'Sam', 'No, it stays <b>cool</b>.', null]);
  assert.equal((await call('GET', `/api/v1/walkthroughs/${film.id}`, { token: s.token })).json.questions_open, 0);
  await must(200, call('PATCH', `/api/v1/questions/${q.id}`, { token: tokens.rep, body: { parked: true } }));
  assert.deepEqual(await answers(), []);
  await must(200, call('PATCH', `/api/v1/questions/${q.id}`, { token: tokens.rep, body: { parked: false, words: null } }));
  assert.equal((await must(200, call('GET', '/api/v1/questions', { token: tokens.rep })))[0].state, 'open');
  await must(404, call('DELETE', `/w/${film.slug}/questions/${q.id}`, { token: 'x'.repeat(32) }), 'not-found');
  await must(401, call('DELETE', `/w/${film.slug}/questions/${q.id}`), 'unauthorized');
  await must(204, call('DELETE', `/w/${film.slug}/questions/${q.id}`, { token: q.token }));
  assert.deepEqual(await must(200, call('GET', '/api/v1/questions', { token: tokens.rep })), []);
});

test('a clip answers once it is made, and stays out of the way', async () => {
  const q = await must(201, ask({ t: 4, text: 'å'.repeat(100) }));
  const path = `/api/v1/questions/${q.id}/clip`;
  await must(400, call('POST', path, { token: tokens.rep, body: { upload: 'nothing' } }), 'bad-field');
  const waiting = await must(200, call('POST', path, { token: tokens.rep, body: { upload: await upload({ do: 'hang' }), key: 'auto' } }));
  assert.deepEqual([waiting.state, waiting.clip_state], ['answered', 'compiling']);
  assert.deepEqual(await answers(), [], 'it does not play yet');
  const ready = await must(200, call('POST', path, { token: tokens.rep, body: { upload: await upload({ do: 'ready' }) } }));
  const clip = await must(200, call('GET', `/api/v1/walkthroughs/${ready.clip}`, { token: s.token }));
  assert.deepEqual([clip.answers, clip.title], [q.id, 'å'.repeat(40)]);
  await must(200, call('POST', `/api/v1/walkthroughs/${waiting.clip}/cancel`, { token: s.token })); // the only worker is free again
  await until('the clip to play', 8000, async () => (await answers()).length === 1);
  const [shown] = await answers();
  assert.deepEqual(shown.answer, { words: null, clip: { slug: ready.clip_slug }, at: shown.answer.at });
  assert.equal((await fetch(`${s.base}/w/${shown.answer.clip.slug}/embed`)).status, 200);
  const without = await must(200, call('PATCH', `/api/v1/questions/${q.id}`, { token: tokens.rep, body: { clip: null } }));
  assert.deepEqual([without.state, without.clip], ['open', null]);
  await must(204, call('DELETE', `/api/v1/questions/${q.id}`, { token: tokens.marketer }));
});

test('floods end at an address and at a film, and what is wrong is said', async () => {
  const from = '203.0.113.7';
  for (let n = 0; n < 4; n++) await must(201, ask({ t: 1, text: `Flood ${n}` }, { from }));
  const refused = await ask({ t: 1, text: 'One more' }, { from });
  await must(429, refused, 'too-many-questions');
  assert.equal(refused.headers.get('retry-after'), '600');
  for (let n = 0; n < 4; n++) await must(201, ask({ t: 1, text: `Many ${n}` }));
  await must(429, ask({ t: 1, text: 'The ninth' }), 'too-many-questions');
  assert.match(await (await fetch(`${s.base}/metrics`)).text(), /parlour_film_questions_refused_total 2\n/);
  const other = await made();
  for (const [body, field] of [[{ text: 'x' }, 't'], [{ t: -1, text: 'x' }, 't'], [{ t: 99, text: 'x' }, 't'], [{ t: '1', text: 'x' }, 't'], [{ t: 1 }, 'text'], [{ t: 1, text: ' \n ' }, 'text'],
    [{ t: 1, text: 'x'.repeat(501) }, 'text'], [{ t: 1, text: 7 }, 'text'], [{ t: 1, text: 'x', name: 'n'.repeat(61) }, 'name']]) {
    assert.equal((await must(400, ask(body, { film: other }), 'bad-field')).field, field, JSON.stringify(body));
  }
  await must(400, ask({ t: 1, text: 'x', more: 1 }, { film: other }));
  await must(400, ask('{', { film: other }));
  await must(201, ask({ t: 1, text: '😀'.repeat(500) }, { film: other }));
});

test('only who may see a film may ask; only staff see and answer', async () => {
  const hidden = await made({ published: false });
  await must(404, ask({ t: 1, text: 'x' }, { film: hidden }), 'not-found');
  await must(404, call('GET', `/w/${hidden.slug}/questions`), 'not-found');
  await must(201, ask({ t: 1, text: 'x' }, { film: hidden, token: tokens.rep }));
  const [q] = await must(200, call('GET', `/api/v1/questions?walkthrough=${hidden.id}`, { token: tokens.rep }));
  const visit = await must(201, call('POST', '/api/v1/visits', { token: tokens.rep, body: { title: 'A visit' } }));
  const { token: invite } = await must(201, call('POST', `/api/v1/visits/${visit.id}/invites`, { token: tokens.rep, body: {} }));
  for (const [method, path, body] of [['GET', '/api/v1/questions'], ['PATCH', `/api/v1/questions/${q.id}`, { words: 'x' }], ['DELETE', `/api/v1/questions/${q.id}`], ['POST', `/api/v1/questions/${q.id}/clip`, { upload: 'x' }]]) {
    await must(401, call(method, path, { body }), 'unauthorized');
    await must(403, call(method, path, { body, token: invite }), 'forbidden');
    await must(401, call(method, path, { body, token: 'nobody' }), 'unauthorized');
  }
  await must(404, call('PATCH', '/api/v1/questions/nothing', { token: tokens.rep, body: { words: 'x' } }), 'not-found');
  await must(204, call('DELETE', `/api/v1/walkthroughs/${hidden.id}`, { token: s.token }));
  assert.deepEqual(await must(200, call('GET', `/api/v1/questions?walkthrough=${hidden.id}`, { token: tokens.rep })), [], 'they go with the film');
});
