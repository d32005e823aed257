// The API around pipelines: walkthroughs on their way, their files, kept sources, slides, and uploads
// that outlive the server. The pipeline is a fake that does what its input says, so that nothing
// here waits for a codec; node:test, no dependencies.
//
//   PARLOUR_BUILD=build node --test tests/net/test_api_pipelines.mjs
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { Server, run, until } from './lib/server.mjs';

const fake = new URL('./lib/fake_pipeline.mjs', import.meta.url).pathname;
const tus = { 'Tus-Resumable': '1.0.0' };
const octets = 'application/offset+octet-stream';
let s;
const tokens = {};

before(async () => {
  process.env.FAKE_LOG = join(tmpdir(), `parlour-fake-${process.pid}.log`);
  s = await Server.start(['--pipeline', fake, '--rtmp-listen', '127.0.0.1:1935', '--srt-ports', '9000-9001',
    '--compile-jobs', '1', '--live-sources-max', '8', '--uploads-open-max', '12', '--upload-idle-hours', '2']);
  for (const role of ['rep', 'marketer']) {
    tokens[role] = run('token', 'create', '--role', role, '--data', s.data);
  }
  tokens.admin = s.token;
});

after(async () => {
  await s?.stop();
  rmSync(process.env.FAKE_LOG, { force: true });
});

function problem(r, status, word, field) {
  assert.equal(r.status, status, r.text);
  assert.equal(r.json?.type, `urn:parlour:problem:${word}`, r.text);
  if (field) assert.equal(r.json.field, field);
}

async function create(length) {
  const r = await fetch(`${s.base}/api/v1/uploads`, { method: 'POST',
    headers: { ...tus, 'Upload-Length': String(length), authorization: `Bearer ${s.token}` } });
  return r;
}

const patch = (location, offset, body, headers = {}) => fetch(s.base + location, { method: 'PATCH', body,
  headers: { ...tus, 'content-type': octets, 'Upload-Offset': String(offset), ...headers } });
const offsetOf = async (location) => Number((await fetch(s.base + location, { method: 'HEAD', headers: tus })).headers.get('upload-offset'));

async function upload(plan) {
  const body = typeof plan === 'string' ? plan : JSON.stringify(plan);
  const made = await create(Buffer.byteLength(body));
  assert.equal(made.status, 201);
  const location = made.headers.get('location');
  assert.equal((await patch(location, 0, body)).status, 204);
  return location.split('/').at(-1);
}

async function film(plan, more = {}) {
  return s.must('POST', '/api/v1/walkthroughs', { upload: await upload(plan), title: 'Film', ...more });
}

const get = async (w) => s.must('GET', `/api/v1/walkthroughs/${w.id}`);
const state = (w, wanted) => until(`the state ${wanted}`, 8000, async () => {
  const now = await get(w);
  return now.state === wanted && now;
});
const file = (w, name, headers = {}) => fetch(`${s.base}${name.startsWith('/') ? name : `/w/${w.slug}/files/${name}`}`, { headers });
const sources = () => readdirSync(join(s.data, 'uploads')).filter((n) => !n.includes('.'));
const presentations = () => readdirSync(join(s.data, 'presentations'));
const remove = (w) => s.must('DELETE', `/api/v1/walkthroughs/${w.id}`);

// ---- walkthroughs on their way ----

test('progress, stage and place in the queue are told; cancel and retry work', async () => {
  const first = await film({ do: 'hang' });
  const running = await until('progress', 5000, async () => {
    const now = await get(first);
    return now.stage === 'video' && now;
  });
  assert.equal(running.progress, 0.25);
  assert.equal(running.seconds_left, 42);
  assert.equal(running.ahead, 0);
  const second = await film({ do: 'fail' });
  const waiting = await get(second);
  assert.deepEqual([waiting.stage, waiting.ahead, waiting.seconds_left], ['queued', 1, null]);
  const long = await film(JSON.stringify({ do: 'fail' }).padEnd(5000)), short = await film({ do: 'fail' });
  assert.deepEqual([(await get(long)).ahead, (await get(short)).ahead], [3, 2], 'short clips go first');
  await remove(long);
  await remove(short);
  const listed = (await s.must('GET', '/api/v1/walkthroughs')).find((w) => w.id === second.id);
  assert.deepEqual([listed.stage, listed.ahead, listed.visit, listed.key], ['queued', 1, null, null]);
  assert.match((await s.api('GET', '/metrics')).text, /parlour_jobs_running 1\n[^]*parlour_jobs_queued 1\n/);

  const cancelled = await s.api('POST', `/api/v1/walkthroughs/${first.id}/cancel`);
  assert.equal(cancelled.status, 200, cancelled.text);
  assert.deepEqual([cancelled.json.state, cancelled.json.reason, cancelled.json.stage], ['failed', 'cancelled', null]);
  problem(await s.api('POST', `/api/v1/walkthroughs/${first.id}/cancel`), 409, 'not-compiling');
  const failed = await state(second, 'failed');
  assert.deepEqual([failed.reason, failed.error], ['not_media', 'This is no film.']);
  assert.match((await s.api('GET', '/metrics')).text, /parlour_jobs_failed_total\{reason="not_media"\} 1/);

  const again = await s.api('POST', `/api/v1/walkthroughs/${first.id}/retry`);
  assert.equal(again.status, 202, again.text);
  assert.deepEqual([again.json.state, again.json.reason, again.json.error], ['compiling', null, null]);
  problem(await s.api('POST', `/api/v1/walkthroughs/${first.id}/retry`), 409, 'not-failed');
  problem(await s.api('POST', '/api/v1/walkthroughs/nothing/retry'), 404, 'not-found');
  await s.must('POST', `/api/v1/walkthroughs/${first.id}/cancel`);
  await remove(first);
  await remove(second);
  assert.deepEqual(sources(), []);
  await until('the half presentations to go', 4000, () => presentations().length === 0);
});

test('a replacement that is cancelled or fails leaves the old film; one that is ready takes its place', async () => {
  const w = await state(await film({ do: 'ready' }), 'ready');
  const [old] = presentations();
  const oldSource = sources();
  const replace = async (plan) => s.must('PATCH', `/api/v1/walkthroughs/${w.id}`, { upload: await upload(plan) });

  assert.equal((await replace({ do: 'hang' })).state, 'compiling');
  const back = await s.must('POST', `/api/v1/walkthroughs/${w.id}/cancel`);
  assert.deepEqual([back.state, back.error, back.reason, back.progress], ['ready', null, null, 1]);
  assert.deepEqual(sources(), oldSource);

  await replace({ do: 'fail' });
  const failed = await state(w, 'failed');
  assert.equal(failed.reason, 'not_media');
  assert.equal(failed.hls, w.hls, 'the old film is served on');
  assert.equal((await file(w, failed.hls, { authorization: `Bearer ${s.token}` })).status, 200);
  assert.equal(sources().length, 2, 'kept for another try');
  await s.must('POST', `/api/v1/walkthroughs/${w.id}/retry`);
  await state(w, 'failed');

  await replace({ do: 'hang' });
  assert.equal(sources().length, 2, 'what had failed is gone');
  await replace({ do: 'ready' });
  const ready = await state(w, 'ready');
  await until('only the new film to be there', 4000, () => presentations().length === 1 && sources().length === 1);
  assert.notEqual(presentations()[0], old);
  assert.notEqual(ready.hls, w.hls);
  problem({ status: (await file(w, w.hls, { authorization: `Bearer ${s.token}` })).status, json: { type: 'urn:parlour:problem:replaced' } }, 404, 'replaced');
  await remove(w);
  await until('nothing to be left', 4000, () => presentations().length === 0 && sources().length === 0);
});

test('the queue goes on in its order after the server was killed', async () => {
  const made = [];
  for (let i = 0; i < 3; i++) made.push(await film({ do: 'hang' }));
  const ready = await state(await film({ do: 'ready' }).then(async (w) => {
    for (const m of made) await s.must('POST', `/api/v1/walkthroughs/${m.id}/cancel`);
    return w;
  }), 'ready');
  await s.must('PATCH', `/api/v1/walkthroughs/${ready.id}`, { upload: await upload({ do: 'hang' }) });
  for (const m of made) await s.must('POST', `/api/v1/walkthroughs/${m.id}/retry`);
  const order = async () => (await Promise.all([ready, ...made].map(get))).map((w) => w.ahead);
  const queue = () => until('the queue', 5000, async () => JSON.stringify(await order()) === '[0,1,2,3]');
  await queue(); // once the cancelled processes have ended
  await s.kill();
  await s.restart();
  await queue();
  assert.equal((await s.must('POST', `/api/v1/walkthroughs/${ready.id}/cancel`)).state, 'ready', 'the old film survived');
  for (const m of made) await s.must('POST', `/api/v1/walkthroughs/${m.id}/cancel`);
  for (const w of [ready, ...made]) await remove(w);
  await until('nothing to be left', 5000, () => presentations().length === 0 && sources().length === 0);
});

test('green screens: the key is told to the job and stays with its film', async () => {
  for (const key of ['green', '00b14', 7]) {
    problem(await s.api('POST', '/api/v1/walkthroughs', { upload: 'x', title: 'x', key }), 400, 'bad-field', 'key');
  }
  const w = await state(await film({ do: 'ready' }, { key: '00b140' }), 'ready');
  assert.equal(w.key, '00b140');
  const call = readFileSync(process.env.FAKE_LOG, 'utf8').trim().split('\n').map((l) => JSON.parse(l)).findLast((a) => a[0] === 'compile');
  assert.equal(call[call.indexOf('--key') + 1], '00b140');
  problem(await s.api('PATCH', `/api/v1/walkthroughs/${w.id}`, { key: 'auto' }), 400, 'bad-field', 'key');
  await remove(w);
});

test('a keyed film tells where its colour and its matte are, to the API and to its pages', async () => {
  const part = (y, h) => ({ x: 0, y, w: 1, h });
  const layout = { width: 320, height: 736, colour: part(0, 0.4783), matte: part(0.5217, 0.4783), guard: part(0.4783, 0.0434),
    patches: { black: { x: 0.1, y: 0.49, w: 0.25, h: 0.02 }, white: { x: 0.6, y: 0.49, w: 0.25, h: 0.02 } } };
  const boot = async (path) => JSON.parse(/id="parlour-boot">([^<]*)</.exec(await (await fetch(s.base + path)).text())[1]);
  const lamp = await s.must('POST', '/api/v1/products', { name: 'Lamp', summary: 'Warm.', size_mm: { w: 380, h: 1620, d: 380 } });
  const keyed = await state(await film({ do: 'ready', manifest: { matte_layout: layout } }, { key: 'auto', product: lamp.id }), 'ready');
  assert.deepEqual(keyed.matte_layout, layout);
  await s.must('PATCH', `/api/v1/walkthroughs/${keyed.id}`, { published: true });
  for (const path of [`/w/${keyed.slug}`, `/w/${keyed.slug}/embed`]) {
    const { walkthrough } = await boot(path);
    assert.deepEqual(walkthrough.matte_layout, layout);
    assert.deepEqual(walkthrough.product, { id: lamp.id, name: 'Lamp', summary: 'Warm.', size_mm: lamp.size_mm, model: null, model_scale: null, ar: `/p/${lamp.id}/model.usdz` });
  }
  // On stage its original is keyed again, and its layout is the source's.
  const visit = await s.must('POST', '/api/v1/visits', { title: 'With a person' });
  await s.must('POST', `/api/v1/visits/${visit.id}/start`);
  const feed = await s.must('POST', `/api/v1/visits/${visit.id}/feeds`, { source: 'file', file: keyed.id });
  const ingest = () => readFileSync(process.env.FAKE_LOG, 'utf8').trim().split('\n').map((l) => JSON.parse(l)).find((a) => a[0] === 'ingest' && a.includes('--key'));
  const args = await until('the ingest', 5000, ingest);
  assert.equal(args[args.indexOf('--key') + 1], 'auto');
  await s.must('DELETE', `/api/v1/visits/${visit.id}/feeds/${feed.id}`);
  await s.must('POST', `/api/v1/visits/${visit.id}/end`);
  await remove(keyed);
  for (const wrong of [undefined, 7, {}, { ...layout, width: 0 }, { ...layout, matte: part(0.6, 0.5) }, { ...layout, patches: {} }]) {
    const plain = await state(await film({ do: 'ready', manifest: { matte_layout: wrong } }), 'ready');
    assert.equal(plain.matte_layout, null, JSON.stringify(wrong));
    await remove(plain);
  }
});

// ---- files of a film ----

test('files that the manifest names are served with ranges, types and caching; nothing else is', async () => {
  const w = await state(await film({ do: 'ready' }), 'ready');
  const staff = { authorization: `Bearer ${s.token}` };
  assert.match(w.hls, new RegExp(`^/w/${w.slug}/files/[A-Za-z0-9]+/hls\\.m3u8$`));
  for (const name of [w.hls, w.mp4, w.storyboard, 'hls.m3u8', '../poster.jpg']) {
    assert.equal((await file(w, name)).status, 404, `${name} of an unpublished film`);
    assert.equal((await file(w, name, { authorization: `Bearer ${tokens.marketer}` })).status, 200, name);
  }
  assert.match((await file(w, w.mp4, staff)).headers.get('cache-control'), /private/);
  await s.must('PATCH', `/api/v1/walkthroughs/${w.id}`, { published: true });
  const types = { 'hls.m3u8': 'application/vnd.apple.mpegurl', 'hls-360.m3u8': 'application/vnd.apple.mpegurl', 'hls-360.mp4': 'video/mp4',
    'film.mp4': 'video/mp4', 'storyboard.vtt': 'text/vtt; charset=utf-8', 'storyboard-0.jpg': 'image/jpeg' };
  const folder = w.hls.replace(/[^/]+$/, '');
  for (const [name, type] of Object.entries(types)) {
    const r = await file(w, folder + name);
    assert.equal(r.status, 200, name);
    assert.equal(r.headers.get('content-type'), type);
    assert.equal(r.headers.get('access-control-allow-origin'), '*');
    assert.match(r.headers.get('cache-control'), /public.*immutable/);
    assert.match((await file(w, name)).headers.get('cache-control'), /^public, max-age=60$/);
  }
  const part = await file(w, 'hls-360.mp4', { range: 'bytes=2-4' });
  assert.equal(part.status, 206);
  assert.equal(await part.text(), 'cde');
  const etag = part.headers.get('etag');
  assert.equal((await file(w, 'hls-360.mp4', { range: 'bytes=2-4', 'if-range': etag })).status, 206);
  assert.equal((await file(w, 'hls-360.mp4', { range: 'bytes=2-4', 'if-range': '"other"' })).status, 200);
  assert.equal((await file(w, 'hls-360.mp4', { 'if-none-match': etag })).status, 304);
  const head = await fetch(`${s.base}/w/${w.slug}/files/film.mp4`, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), '1000000');
  const preflight = await fetch(`${s.base}${w.mp4}`, { method: 'OPTIONS' });
  assert.match(preflight.headers.get('access-control-allow-headers'), /Range/);
  for (const name of ['manifest.json', 'video-vp8.rung', 'secret.txt', 'hls-999.mp4', 'hls..mp4', '..%2fsecret.txt', '%2e%2e', 'storyboard-0.jpg.txt', 'hls-audio.mp4.part']) {
    assert.equal((await file(w, name)).status, 404, name);
  }
  assert.equal((await file(w, `/w/${w.slug}/files/wrong1/hls.m3u8`)).status, 404);
  const withInvite = async (name) => (await file(w, `${folder}${name}?invite=a%26b`)).text();
  assert.equal(await withInvite('hls.m3u8'), '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="hls-audio.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhls-360.m3u8\n'
    .replace('hls-audio.m3u8', 'hls-audio.m3u8?invite=a%26b').replace('\nhls-360.m3u8', '\nhls-360.m3u8?invite=a%26b'));
  assert.match(await withInvite('hls-360.m3u8'), /URI="hls-360.mp4\?invite=a%26b",BYTERANGE="10@0"\n#EXTINF:2,\n#EXT-X-BYTERANGE:10@10\nhls-360.mp4\?invite=a%26b\n#EXT-X-ENDLIST\n$/);
  assert.match(await withInvite('storyboard.vtt'), /^WEBVTT\n\n00:00.000 --> 00:05.000\nstoryboard-0.jpg\?invite=a%26b#xywh=0,0,160,90\n$/);
  const boot = JSON.parse(/id="parlour-boot">(.*?)<\/script>/s.exec(await (await fetch(`${s.base}/w/${w.slug}`)).text())?.[1] ?? '{}');
  if (boot.walkthrough) assert.equal(boot.walkthrough.hls, w.hls);
  await remove(w);
});

test('captions that staff give come before those of the film', async () => {
  const w = await state(await film({ do: 'ready' }), 'ready');
  await s.must('PATCH', `/api/v1/walkthroughs/${w.id}`, { published: true });
  const at = (lang) => `${s.base}/api/v1/walkthroughs/${w.id}/captions/${lang}`;
  const put = (lang, body, type = 'text/vtt', token = s.token) => fetch(`${at(lang)}?label=Fran%C3%A7ais%20(CA)`, { method: 'PUT', body,
    headers: { 'content-type': type, ...(token && { authorization: `Bearer ${token}` }) } });
  assert.equal((await put('fr', 'WEBVTT', 'text/vtt', null)).status, 401);
  assert.equal((await put('fr', 'WEBVTT', 'text/vtt', tokens.rep)).status, 403);
  assert.equal((await put('fr', 'WEBVTT', 'text/plain')).status, 415);
  assert.equal((await put('..', 'WEBVTT')).status, 404);
  assert.equal((await put('a_b', 'WEBVTT')).status, 400);
  for (const bad of ['', 'WEBVTTX', '1\n00:00 --> 00:01\nx', Buffer.from('WEBVTT\n\n\xff\xfe', 'latin1'), 'WEBVTT\n\0']) {
    const r = await put('fr', bad);
    assert.equal(r.status, 422, `${bad}`);
  }
  assert.equal((await put('fr', 'x'.repeat(1_048_577))).status, 413);
  const given = await put('fr', `WEBVTT\n\n00:00.000 --> 00:01.000\nnon\n${'\n'.repeat(500_000)}`);
  assert.equal(given.status, 200);
  assert.deepEqual((await given.json()).captions, [{ lang: 'fr', label: 'Français (CA)', url: `/w/${w.slug}/captions/fr.vtt` }]);
  assert.match(await (await fetch(`${s.base}/w/${w.slug}/captions/fr.vtt`)).text(), /^WEBVTT Français \(CA\)\n\n00:00/);
  const del = () => fetch(at('fr'), { method: 'DELETE', headers: { authorization: `Bearer ${s.token}` } });
  assert.equal((await del()).status, 200);
  assert.equal((await del()).status, 404);
  assert.equal(await (await fetch(`${s.base}/w/${w.slug}/captions/fr.vtt`)).text(), 'WEBVTT\n\nfr');
  await put('de-AT', 'WEBVTT\n');
  await remove(w);
  assert.ok(!existsSync(join(s.data, 'captions', w.id)));
});

// ---- kept sources ----

test('sources are made, shown without their secrets to marketers, rolled and deleted', async () => {
  const bad = async (body, field) => problem(await s.api('POST', '/api/v1/sources', { name: 'x', ...body }), 400, 'bad-field', field);
  await bad({}, 'kind');
  await bad({ kind: 'file' }, 'kind');
  await bad({ kind: 'test', name: ' ' }, 'name');
  for (const url of [undefined, 'file:///etc/passwd', 'http://x/y', 'rtsp://', 'rtsp:///x', 'rtsp://u@/x', 'srt://x:1', 'rtsp://h/a b', 'rtsp://h/"!filesink', 'rtsp://h\n', 'rtspx://h']) {
    await bad({ kind: 'rtsp', ...(url && { url }) }, 'url');
  }
  for (const url of ['srt://host', 'srt://:9000', 'srt://h:1?mode=listener', 'srt://h:1?passphrase=secretsecret', 'rtsp://h', 'udp://h:1']) {
    await bad({ kind: 'srt-caller', url }, 'url');
  }
  await bad({ kind: 'rtmp', url: 'rtmp://x' }, 'url');
  await bad({ kind: 'rtmp', passphrase: 'longenough1' }, 'passphrase');
  await bad({ kind: 'srt', passphrase: 'short' }, 'passphrase');
  await bad({ kind: 'srt', passphrase: 'long enough\nbut two lines' }, 'passphrase');
  await bad({ kind: 'playlist' }, 'walkthroughs');
  await bad({ kind: 'playlist', walkthroughs: ['a', 7] }, 'walkthroughs');
  await bad({ kind: 'test', walkthroughs: ['a'] }, 'walkthroughs');
  await bad({ kind: 'test', key: 'blue' }, 'key');

  const made = await s.must('POST', '/api/v1/sources', { name: 'Studio', kind: 'rtmp', key: 'auto' });
  assert.equal(made.server, 'rtmp://127.0.0.1:1935/live');
  assert.match(made.stream_key, /^[A-Za-z0-9]{32}$/);
  assert.deepEqual([made.state, made.delay_ms, made.visit, made.key], ['off', null, null, 'auto']);
  const seen = (await s.api('GET', `/api/v1/sources/${made.id}`, undefined, tokens.marketer)).json;
  assert.deepEqual([seen.stream_key, seen.name], [null, 'Studio']);
  assert.equal((await s.api('GET', `/api/v1/sources/${made.id}`, undefined, tokens.rep)).json.stream_key, made.stream_key);
  problem(await s.api('PATCH', `/api/v1/sources/${made.id}`, { kind: 'test' }), 400, 'unknown-field');
  const rolled = await s.must('PATCH', `/api/v1/sources/${made.id}`, { roll_key: true, name: 'Studio 2' });
  assert.notEqual(rolled.stream_key, made.stream_key);
  assert.equal(rolled.name, 'Studio 2');

  const srt = await s.must('POST', '/api/v1/sources', { name: 'Field', kind: 'srt', passphrase: 'correct horse' });
  assert.equal(srt.server, 'srt://127.0.0.1:9000?mode=caller&latency=200000&passphrase=correct%20horse');
  const shown = (await s.api('GET', `/api/v1/sources/${srt.id}`, undefined, tokens.marketer)).json;
  assert.deepEqual([shown.server, shown.passphrase], ['srt://127.0.0.1:9000?mode=caller&latency=200000', null]);
  assert.equal(srt.passphrase, 'correct horse');
  const other = await s.must('POST', '/api/v1/sources', { name: 'Field', kind: 'srt' });
  assert.match(other.passphrase, /^[A-Za-z0-9]{24}$/, 'nobody who only finds the port may send');
  assert.ok(other.server.endsWith(`&passphrase=${other.passphrase}`), other.server);
  const open = await s.must('PATCH', `/api/v1/sources/${other.id}`, { passphrase: null });
  assert.deepEqual([open.passphrase, open.server.includes('passphrase')], [null, false]);
  problem(await s.api('POST', '/api/v1/sources', { name: 'Field', kind: 'srt' }), 507, 'no-space');
  const camera = await s.must('POST', '/api/v1/sources', { name: 'Cam', kind: 'rtsp', url: 'rtsp://user:pw@10.0.0.9/stream?x=1' });
  assert.equal((await s.api('GET', `/api/v1/sources/${camera.id}`, undefined, tokens.marketer)).json.url, null);
  problem(await s.api('PATCH', `/api/v1/sources/${camera.id}`, { url: 'http://x/' }), 400, 'bad-field', 'url');
  assert.deepEqual((await s.must('GET', '/api/v1/sources')).map((x) => x.kind), ['rtsp', 'srt', 'srt', 'rtmp']);
  for (const x of [made, srt, other, camera]) await s.must('DELETE', `/api/v1/sources/${x.id}`);
  problem(await s.api('DELETE', `/api/v1/sources/${made.id}`), 404, 'not-found');
});

test('a source comes into one visit at a time and tells how it does', async () => {
  const visit = await s.visit(), second = await s.visit();
  const source = await s.must('POST', '/api/v1/sources', { name: 'Studio', kind: 'rtmp' });
  const feeds = `/api/v1/visits/${visit.id}/feeds`;
  problem(await s.api('POST', feeds, { source_id: 'nothing' }), 400, 'bad-field', 'source_id');
  const feed = await s.must('POST', feeds, { source_id: source.id });
  const now = await until('the source to be connected', 5000, async () => {
    const x = await s.must('GET', `/api/v1/sources/${source.id}`);
    return x.state === 'connected' && x;
  });
  assert.deepEqual([now.delay_ms, now.visit], [120, visit.id]);
  assert.ok(now.detail.endsWith(`/gate/${source.stream_key}.sock`), now.detail);
  const metrics = (await s.api('GET', '/metrics')).text;
  assert.match(metrics, /parlour_sources_connected 1\n/);
  for (const [name, count] of Object.entries({ connections: 9, turned_away: 1, published: 4, refused: 3, broken: 2 })) {
    assert.match(metrics, new RegExp(`parlour_rtmp_${name}_total ${count}\\n`));
  }
  problem(await s.api('POST', `/api/v1/visits/${second.id}/feeds`, { source_id: source.id }), 409, 'on-air');
  await s.must('PATCH', `/api/v1/sources/${source.id}`, { roll_key: true });
  assert.equal((await s.must('GET', `/api/v1/sources/${source.id}`)).state, 'off', 'the old key is cut off');
  problem(await s.api('DELETE', `${feeds}/${feed.id}`), 404, 'not-found');
  const there = await s.must('POST', `/api/v1/visits/${second.id}/feeds`, { source_id: source.id });
  await s.must('DELETE', `/api/v1/visits/${second.id}/feeds/${there.id}`);
  await s.must('POST', feeds, { source_id: source.id });
  await s.must('DELETE', `/api/v1/sources/${source.id}`);
  assert.equal(statSync(join(s.data, 'gate')).mode & 0o777, 0o700);
});

test('each kind of source is told to the ingest as it is', async () => {
  const visit = await s.visit();
  const w = await state(await film({ do: 'ready' }), 'ready');
  const kinds = {
    test: [{}, /^from test$/],
    srt: [{ passphrase: 'correct horse' }, /^from srt:\/\/:900[01]\?mode=listener$/],
    'srt-caller': [{ url: 'srt://10.0.0.1:7000?streamid=a' }, /^from srt:\/\/10\.0\.0\.1:7000\?streamid=a&mode=caller$/],
    rtsp: [{ url: 'rtsp://10.0.0.9/s' }, /^from rtsp:\/\/10\.0\.0\.9\/s$/],
    playlist: [{ walkthroughs: [w.id, 'gone', w.id] }, /^from playlist:.*\/playlists\/[A-Za-z0-9]+\.txt$/],
  };
  for (const [kind, [fields, wanted]] of Object.entries(kinds)) {
    const source = await s.must('POST', '/api/v1/sources', { name: kind, kind, ...fields });
    await s.must('POST', `/api/v1/visits/${visit.id}/feeds`, { source_id: source.id, ...(kind === 'rtsp' ? { codec: 'vp8' } : {}) });
    const now = await until(`${kind} to be connected`, 5000, async () => {
      const x = await s.must('GET', `/api/v1/sources/${source.id}`);
      return x.state === 'connected' && x;
    });
    assert.match(now.detail, wanted);
    const ingest = JSON.parse(readFileSync(process.env.FAKE_LOG, 'utf8').trim().split('\n').findLast((l) => l.startsWith('["ingest"')));
    assert.equal(ingest[ingest.indexOf('--rungs') + 1], kind === 'rtsp' ? 'ingest' : 'h264:720,vp8:360', 'two codecs unless one is asked for');
    assert.equal(ingest[ingest.indexOf('--codec') + 1], kind === 'rtsp' ? 'vp8' : 'h264');
    if (kind === 'playlist') {
      const lines = readFileSync(join(s.data, 'playlists', `${source.id}.txt`), 'utf8').trim().split('\n');
      assert.equal(lines.length, 2);
      assert.ok(existsSync(lines[0]));
    }
    await s.must('DELETE', `/api/v1/sources/${source.id}`);
  }
  assert.ok(!readFileSync(process.env.FAKE_LOG, 'utf8').includes('correct horse'), 'a passphrase on a command line');
  assert.deepEqual(readdirSync(join(s.data, 'playlists')), []);
  await remove(w);
});

// ---- slides ----

test('slides become pages that staff see, and leave nothing behind', async () => {
  const made = await s.must('POST', '/api/v1/slides', { upload: await upload({ do: 'ready' }), title: 'Deck' });
  assert.deepEqual([made.state, made.pages], ['compiling', []]);
  const ready = await until('the pages', 5000, async () => {
    const x = await s.must('GET', `/api/v1/slides/${made.id}`);
    return x.state === 'ready' && x;
  });
  assert.deepEqual(ready.pages, [{ width: 1600, height: 900, image: `/slides/${made.id}/page-1.webp`, text: `/slides/${made.id}/page-1.json` }]);
  const page = await s.api('GET', ready.pages[0].image);
  assert.deepEqual([page.status, page.text, page.headers.get('content-type')], [200, 'picture', 'image/webp']);
  assert.equal((await s.api('GET', ready.pages[0].image, undefined, null)).status, 401);
  for (const name of ['secret.txt', 'index.json', '..%2findex.json']) {
    assert.equal((await s.api('GET', `/slides/${made.id}/${name}`)).status, 404, name);
  }
  await until('the PDF to go', 3000, () => sources().length === 0);
  const failed = await s.must('POST', '/api/v1/slides', { upload: await upload({ do: 'fail' }), title: 'Deck' });
  await until('the failure', 5000, async () => (await s.must('GET', `/api/v1/slides/${failed.id}`)).reason === 'not_media');
  assert.equal((await s.must('GET', '/api/v1/slides')).length, 2);
  const waiting = await s.must('POST', '/api/v1/slides', { upload: await upload({ do: 'hang' }), title: 'Deck' });
  for (const x of [made, failed, waiting]) await s.must('DELETE', `/api/v1/slides/${x.id}`);
  problem(await s.api('DELETE', `/api/v1/slides/${made.id}`), 404, 'not-found');
  await until('nothing to be left', 4000, () => readdirSync(join(s.data, 'slides')).length === 0 && sources().length === 0);
});

// ---- who may ----

test('every new call asks who is there', async () => {
  const visit = await s.visit();
  const calls = [
    ['POST', '/api/v1/walkthroughs/x/cancel', '401 403 404 404 403'], ['POST', '/api/v1/walkthroughs/x/retry', '401 403 404 404 403'],
    ['DELETE', '/api/v1/walkthroughs/x/captions/en', '401 403 404 404 403'],
    ['GET', '/api/v1/sources', '401 200 200 200 403'], ['POST', '/api/v1/sources', '401 400 403 400 403', {}],
    ['GET', '/api/v1/sources/x', '401 404 404 404 403'], ['PATCH', '/api/v1/sources/x', '401 404 403 404 403', {}],
    ['DELETE', '/api/v1/sources/x', '401 404 403 404 403'],
    ['GET', '/api/v1/slides', '401 200 200 200 403'], ['POST', '/api/v1/slides', '401 403 400 400 403', {}],
    ['GET', '/api/v1/slides/x', '401 404 404 404 403'], ['DELETE', '/api/v1/slides/x', '401 403 404 404 403'],
    ['GET', '/slides/x/page-1.webp', '401 404 404 404 403'],
    ['GET', '/w/x/files/film.mp4', '404 404 404 404 404'], ['GET', '/w/x/files/v/film.mp4', '404 404 404 404 404'],
  ];
  for (const [method, target, expected, body] of calls) {
    const got = [];
    for (const token of [null, tokens.rep, tokens.marketer, tokens.admin, visit.invite]) {
      got.push((await s.api(method, target, body, token)).status);
    }
    assert.equal(got.join(' '), expected, `${method} ${target} for nobody, rep, marketer, admin, customer`);
    assert.equal((await s.api(method, target, body, 'wrong-token')).status, expected.startsWith('401') ? 401 : 404);
  }
});

// ---- uploads ----

test('an upload goes on after the server was killed, without what no checksum has judged', async () => {
  const whole = randomBytes(3_000_000);
  const made = await create(whole.length);
  const expires = Date.parse(made.headers.get('upload-expires'));
  assert.ok(expires > Date.now() + 1 * 3600e3 && expires < Date.now() + 3 * 3600e3);
  const location = made.headers.get('location');
  const acknowledged = await patch(location, 0, whole.subarray(0, 1_000_000));
  assert.equal(acknowledged.status, 204);
  assert.ok(acknowledged.headers.get('upload-expires'));
  const begin = (offset, bytes, headers = {}) => new Promise((done) => { // a body that never ends
    const r = http.request(`${s.base}${location}`, { method: 'PATCH', agent: false, headers: { ...tus,
      'content-type': octets, 'upload-offset': offset, 'content-length': whole.length - offset, ...headers } });
    r.on('error', () => {});
    r.write(bytes, () => done(r));
  });
  const stands = (n) => until(`${n} bytes`, 4000, async () => await offsetOf(location) === n);
  await begin(1_000_000, whole.subarray(1_000_000, 1_500_000));
  await stands(1_500_000);
  await s.kill();
  await s.restart();
  assert.equal(await offsetOf(location), 1_500_000, 'what arrived is kept');
  const sum = createHash('sha256').update(whole.subarray(1_500_000)).digest('base64');
  const checked = { 'upload-checksum': `sha256 ${sum}` };
  await begin(1_500_000, whole.subarray(1_500_000, 2_000_000), checked);
  await stands(2_000_000);
  await s.kill();
  await s.restart();
  assert.equal(await offsetOf(location), 1_500_000, 'what no checksum has judged is not');
  const lost = await begin(1_500_000, whole.subarray(1_500_000, 2_000_000)); // a connection that hangs
  await stands(2_000_000);
  const rest = await patch(location, 2_000_000, whole.subarray(2_000_000));
  assert.equal(rest.status, 204, 'goes on although the old connection is still there');
  lost.destroy();
  assert.deepEqual(readFileSync(join(s.data, 'uploads', location.split('/').at(-1))), whole);
  assert.equal((await fetch(s.base + location, { method: 'DELETE', headers: tus })).status, 204);
  assert.equal(readdirSync(join(s.data, 'uploads')).length, 0);
});

test('only so many uploads may be unfinished', async () => {
  const open = [];
  let refused;
  while (open.length < 30 && !refused) {
    const r = await create(10);
    if (r.status === 201) open.push(r.headers.get('location'));
    else refused = r;
  }
  assert.equal(refused?.status, 429);
  assert.equal((await refused.json()).type, 'urn:parlour:problem:too-many-uploads');
  assert.ok(open.length <= 12, `${open.length} were taken`);
  for (const location of open) {
    assert.equal((await fetch(s.base + location, { method: 'DELETE', headers: tus })).status, 204);
  }
  const again = await create(10);
  assert.equal(again.status, 201);
  await fetch(s.base + again.headers.get('location'), { method: 'DELETE', headers: tus });
});

test('abandoned uploads go, and so does what a killed server left of films, slides and captions', async () => {
  const location = (await create(100)).headers.get('location');
  const name = location.split('/').at(-1), long = new Date(Date.now() - 3 * 3600e3);
  utimesSync(join(s.data, 'uploads', name), long, long);
  await create(50);
  assert.ok(!existsSync(join(s.data, 'uploads', name)), 'given up');
  const w = await state(await film({ do: 'ready' }), 'ready');
  await s.kill();
  for (const folder of ['presentations', 'slides', 'captions']) {
    for (const left of ['orphan-abc123', '.orphan-abc123.999999.part']) {
      const path = join(s.data, folder, left);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'x'), 'x');
      utimesSync(path, long, long);
    }
  }
  await s.restart();
  await until('the leftovers to go', 5000, () => readdirSync(join(s.data, 'slides')).length === 0 &&
    readdirSync(join(s.data, 'captions')).length === 0 && presentations().length === 1);
  assert.equal((await get(w)).state, 'ready');
  await remove(w);
});
