// Films and feeds as the server handles them: from an upload over HTTP to a page that plays, what is told
// when the file is no film, what is left when something dies, and live sources that come back.
//
//   PARLOUR_BUILD=build node --test tests/net/test_pipelines.mjs
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, run, until } from './lib/server.mjs';
import { RawWebSocket } from './lib/websocket.mjs';

const dir = mkdtempSync(join(tmpdir(), 'parlour-pipelines-'));
const film = (name) => join(dir, name);
let server;

function launch(text) {
  execFileSync('gst-launch-1.0', ['-q', ...text.split(/\s+/).filter(Boolean)], { stdio: ['ignore', 'ignore', 'pipe'] });
}

const picture = (frames, size = 'width=320,height=180', pattern = 'smpte') =>
  `videotestsrc num-buffers=${frames} pattern=${pattern} ! video/x-raw,${size},framerate=30/1 ! x264enc speed-preset=ultrafast ! h264parse ! queue ! mux.`;
const sound = (buffers) => `audiotestsrc num-buffers=${buffers} samplesperbuffer=960 ! audio/x-raw,rate=48000 ! avenc_aac ! aacparse ! queue ! mux.`;

function makeFilms() {
  launch(`${picture(90)} ${sound(150)} mp4mux name=mux ! filesink location=${film('film.mp4')}`);
  launch(`${picture(120, 'width=180,height=320')} mp4mux name=mux ! filesink location=${film('other.mp4')}`);
  launch(`${picture(400, 'width=640,height=360', 'snow')} mp4mux name=mux ! filesink location=${film('long.mp4')}`);
  launch(`${sound(150)} mp4mux name=mux ! filesink location=${film('sound.m4a')}`);
  writeFileSync(film('cut.mp4'), readFileSync(film('film.mp4')).subarray(0, -20_000));
  writeFileSync(film('letter.mp4'), 'Dear customer, this is a letter and not a film.\n'.repeat(200));
}

function makeWebRoot() {
  const web = join(dir, 'web');
  mkdirSync(join(web, 'assets'), { recursive: true });
  for (const page of ['console', 'visit', 'walkthrough', 'embed']) {
    writeFileSync(join(web, `${page}.html`), '<!doctype html><head><!--parlour:head--></head><body><!--parlour:boot--></body>');
  }
  return web;
}

before(async () => {
  makeFilms();
  server = await Server.start(['--web-root', makeWebRoot()]);
});

after(async () => {
  try {
    await server?.stop();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

// ---- the processes and files of a server ----

/** The parlour-pipeline processes whose parent is the server. */
function children() {
  const found = [];
  for (const pid of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const parent = Number(/\) . (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]);
      if (parent === server.child.pid && command[0].endsWith('parlour-pipeline')) found.push({ pid: Number(pid), command });
    } catch { /* ended meanwhile */ }
  }
  return found;
}

function alive(pid) {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const presentations = () => (existsSync(join(server.data, 'presentations')) ? readdirSync(join(server.data, 'presentations')) : []);
const rooms = () => readdirSync(join(server.data, 'jobs')); // where jobs write
const uploads = () => (existsSync(join(server.data, 'uploads')) ? readdirSync(join(server.data, 'uploads')) : []);

// ---- uploads ----

const TUS = { 'tus-resumable': '1.0.0' };

function patch(location, offset, bytes, headers = {}) {
  return fetch(server.base + location, { method: 'PATCH', body: bytes,
    headers: { ...TUS, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream', ...headers } });
}

async function createUpload(length) {
  const r = await fetch(`${server.base}/api/v1/uploads`, { method: 'POST',
    headers: { ...TUS, authorization: `Bearer ${server.token}`, 'upload-length': String(length) } });
  assert.equal(r.status, 201, await r.text());
  return r.headers.get('location');
}

async function upload(name) {
  const bytes = readFileSync(film(name));
  const location = await createUpload(bytes.length);
  const r = await patch(location, 0, bytes);
  assert.equal(r.status, 204, await r.text());
  return location.split('/').at(-1);
}

async function create(name, title) {
  const made = await server.must('POST', '/api/v1/walkthroughs', { upload: await upload(name), title });
  assert.equal(made.state, 'compiling');
  return made;
}

const get = (id) => server.must('GET', `/api/v1/walkthroughs/${id}`);

/** Waits until it is no longer compiling; `seen` gets each progress on the way. */
async function settled(id, seen = []) {
  return until(`${id} to be compiled`, 60_000, async () => {
    const w = await get(id);
    if (seen.at(-1) !== w.progress) seen.push(w.progress);
    return w.state !== 'compiling' && w;
  });
}

const OFFER = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1',
  `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=ice-ufrag:abcd', 'a=ice-pwd:0123456789abcdef01234567',
  'a=setup:actpass', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'a=recvonly', 'a=rtcp-mux',
  'a=rtpmap:96 VP8/90000', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=mid:1', 'a=recvonly', 'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2', ''].join('\r\n');

async function assertPlays(slug) {
  const page = await fetch(`${server.base}/w/${slug}`);
  assert.equal(page.status, 200);
  const boot = JSON.parse(/id="parlour-boot">(.*?)<\/script>/s.exec(await page.text())[1]);
  const poster = await fetch(`${server.base}/w/${slug}/poster.jpg`);
  assert.deepEqual([...new Uint8Array(await poster.arrayBuffer()).subarray(0, 2)], [0xff, 0xd8]);
  const whep = await fetch(`${server.base}/whep/w/${slug}`, { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: OFFER });
  assert.equal(whep.status, 201, await whep.clone().text());
  assert.match(await whep.text(), /m=video [1-9]/);
  await fetch(new URL(whep.headers.get('location'), server.base), { method: 'DELETE' });
  return boot.walkthrough;
}

// ---- films ----

test('a film is uploaded in pieces over a line that breaks, compiled, published and played', async () => {
  const bytes = readFileSync(film('film.mp4'));
  const third = Math.floor(bytes.length / 3);
  const location = await createUpload(bytes.length);
  const sum = (b) => `sha256 ${createHash('sha256').update(b).digest('base64')}`;
  const first = bytes.subarray(0, third);
  assert.equal((await patch(location, 0, first, { 'upload-checksum': sum(bytes) })).status, 460);
  assert.equal((await patch(location, 0, first, { 'upload-checksum': sum(first) })).status, 204);
  await new Promise((done) => { // the line breaks in the middle of the second piece
    const s = connect(server.port, '127.0.0.1', () => {
      s.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: ${third}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: ${bytes.length - third}\r\n\r\n`);
      s.write(bytes.subarray(third, third + 5000), () => setTimeout(() => { s.destroy(); done(); }, 200));
    });
  });
  const early = await server.api('POST', '/api/v1/walkthroughs', { upload: location.split('/').at(-1), title: 'Too early' });
  assert.equal(early.status, 400);
  const r = await until('the rest to be taken', 5000, async () => {
    const head = await fetch(server.base + location, { method: 'HEAD', headers: TUS });
    const offset = Number(head.headers.get('upload-offset'));
    assert.ok(offset >= third && offset <= third + 5000, `offset ${offset}`);
    const sent = await patch(location, offset, bytes.subarray(offset), { 'upload-checksum': sum(bytes.subarray(offset)) });
    return sent.status !== 409 && sent;
  });
  assert.equal(r.status, 204, await r.text());

  const made = await server.must('POST', '/api/v1/walkthroughs', { upload: location.split('/').at(-1), title: 'Éclat, a lamp' });
  assert.deepEqual([made.state, made.slug, made.published, made.progress], ['compiling', 'eclat-a-lamp', false, 0]);
  const w = await settled(made.id);
  assert.deepEqual([w.state, w.error, w.progress], ['ready', null, 1]);
  assert.ok(Math.abs(w.duration - 3) < 0.15, `${w.duration} s`);
  assert.deepEqual(w.rungs.filter((g) => g.kind === 'video').map((g) => g.codec).sort(), ['h264', 'vp8']);
  assert.deepEqual(w.rungs.filter((g) => g.kind === 'audio').map((g) => g.speed).sort((a, b) => a - b), [50, 75, 100, 125, 150, 200]);

  assert.equal((await fetch(w.url)).status, 404, 'not yet published');
  await server.must('PATCH', `/api/v1/walkthroughs/${w.id}`, { published: true });
  const boot = await assertPlays(w.slug);
  assert.deepEqual([boot.title, boot.width, boot.height], ['Éclat, a lamp', 320, 180]);

  // The film now belongs to the walkthrough: its upload cannot be used again or taken away.
  assert.equal((await server.api('POST', '/api/v1/walkthroughs', { upload: location.split('/').at(-1), title: 'Again' })).status, 400);
  assert.equal((await fetch(server.base + location, { method: 'DELETE', headers: TUS })).status, 404);
});

test('progress grows from 0 to 1', async () => {
  const seen = [];
  const w = await settled((await create('long.mp4', 'A long film')).id, seen);
  assert.equal(w.state, 'ready', w.error);
  assert.deepEqual([seen[0], seen.at(-1)], [0, 1]);
  assert.ok(seen.length > 2, `only ${seen}`);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  await server.must('DELETE', `/api/v1/walkthroughs/${w.id}`);
});

test('what is no film ends as failed, with a sentence for people', async () => {
  const before = [presentations().length, uploads().length];
  for (const [name, words] of [['letter.mp4', /not a video/], ['cut.mp4', /cut off/]]) {
    const w = await settled((await create(name, `Wrong: ${name}`)).id);
    assert.equal(w.state, 'failed', name);
    assert.match(w.error, words);
    assert.match(w.error, /^[A-Z][^]*\.$/, 'a sentence');
    assert.doesNotMatch(w.error, /[/\\{}_]|error|errno|gst|moov|uploads|stream|null|container|demux/i, 'no jargon');
    assert.equal((await fetch(`${server.base}/w/${w.slug}`)).status, 404);
    await server.must('DELETE', `/api/v1/walkthroughs/${w.id}`); // its upload is kept for a retry until then
  }
  assert.deepEqual([presentations().length, uploads().length], before, 'nothing stays behind');
  const empty = await fetch(`${server.base}/api/v1/uploads`, { method: 'POST',
    headers: { ...TUS, authorization: `Bearer ${server.token}`, 'upload-length': '0' } });
  assert.equal(empty.status, 400);
  assert.match((await empty.json()).detail, /^The file is empty\./);
});

test('a new film replaces the old one under the same address, a wrong one does not', async () => {
  const made = await settled((await create('film.mp4', 'To be replaced')).id);
  await server.must('PATCH', `/api/v1/walkthroughs/${made.id}`, { published: true });
  const before = [presentations().length, uploads().length];

  await server.must('PATCH', `/api/v1/walkthroughs/${made.id}`, { upload: await upload('letter.mp4') });
  const wrong = await settled(made.id);
  assert.equal(wrong.state, 'failed');
  assert.match(wrong.error, /not a video/);
  assert.equal((await assertPlays(made.slug)).width, 320, 'the old one goes on');

  const changed = await server.must('PATCH', `/api/v1/walkthroughs/${made.id}`, { upload: await upload('other.mp4') });
  assert.deepEqual([changed.state, changed.slug, changed.error, changed.published], ['compiling', made.slug, null, true]);
  await assertPlays(made.slug);
  const w = await settled(made.id);
  assert.deepEqual([w.state, w.slug, w.error, w.published], ['ready', made.slug, null, true]);
  assert.ok(Math.abs(w.duration - 4) < 0.15, `${w.duration} s`);
  const boot = await assertPlays(made.slug);
  assert.deepEqual([boot.width, boot.height], [180, 320]);
  assert.deepEqual([presentations().length, uploads().length], before, 'the old film is gone');
});

test('a second new film takes the place of one that is being compiled', async () => {
  const before = [presentations().length, uploads().length];
  const made = await create('long.mp4', 'Changed my mind');
  await until('a process', 5000, () => children().length > 0);
  await server.must('PATCH', `/api/v1/walkthroughs/${made.id}`, { upload: await upload('film.mp4') });
  const w = await settled(made.id);
  assert.equal(w.state, 'ready', w.error);
  assert.ok(Math.abs(w.duration - 3) < 0.15, `${w.duration} s`);
  await until('one presentation and one film', 5000, () => children().length === 0 && presentations().length === before[0] + 1);
  assert.equal((await get(made.id)).duration, w.duration);
  await server.must('DELETE', `/api/v1/walkthroughs/${made.id}`);
  assert.deepEqual([presentations().length, uploads().length], before);
});

test('deleting takes the film and its presentation away, also while it is compiled', async () => {
  const before = [presentations(), uploads()];
  const w = await settled((await create('film.mp4', 'Short-lived')).id);
  assert.equal(presentations().length, before[0].length + 1);
  assert.equal((await server.api('DELETE', `/api/v1/walkthroughs/${w.id}`)).status, 204);
  assert.deepEqual([presentations(), uploads()], before);
  assert.equal((await server.api('DELETE', `/api/v1/walkthroughs/${w.id}`)).status, 404);

  const long = await create('long.mp4', 'Never finished');
  const [job] = await until('a process', 5000, () => children().length > 0 && children());
  assert.equal((await server.api('DELETE', `/api/v1/walkthroughs/${long.id}`)).status, 204);
  await until('the process to end', 5000, () => !alive(job.pid));
  await until('nothing to be left', 2000, () => presentations().length === before[0].length);
  assert.deepEqual([presentations(), uploads()], before);
});

test('a compile process that is killed ends as failed and leaves nothing', async () => {
  const before = [presentations(), uploads()];
  const { id, pid } = await midCompile('Killed process');
  process.kill(pid, 'SIGKILL');
  const w = await settled(id);
  assert.equal(w.state, 'failed');
  assert.match(w.error, /^The converter stopped unexpectedly .*\.$/);
  await server.must('DELETE', `/api/v1/walkthroughs/${id}`);
  assert.deepEqual([presentations(), uploads()], before);
});

// ---- feeds ----

async function rep(visit) {
  const link = run('user', 'link', 'rep@example.com', '--data', server.data, '--base-url', server.base);
  const r = await fetch(/http\S+/.exec(link)[0], { redirect: 'manual' });
  const cookie = r.headers.get('set-cookie').split(';')[0];
  const ws = await RawWebSocket.open(server.port, { headers: { cookie, origin: server.base } });
  ws.send({ v: 1, type: 'hello', data: { visit } });
  await until('welcome', 3000, () => ws.messages.find((m) => m.type === 'welcome'));
  return ws;
}

/** What was told of a source, newest last. */
const told = (ws) => ws.messages.filter((m) => m.type.startsWith('source.')).map((m) => ({ type: m.type, id: m.data.id ?? m.data.source?.id, ...m.data.source }));

for (const kind of ['test', 'file']) {
  test(`a live source (${kind}) whose process is killed comes back, and everybody is told`, async () => {
    const visit = await server.visit(`Feed ${kind}`);
    const ws = await rep(visit.id);
    const body = { source: kind, codec: kind === 'test' ? 'vp8' : 'h264' };
    let w;
    if (kind === 'file') {
      w = await settled((await create('film.mp4', 'Into a visit')).id);
      body.file = w.id;
    }
    const feed = await server.must('POST', `/api/v1/visits/${visit.id}/feeds`, body);
    const added = await until('the source', 5000, () => told(ws).find((m) => m.type === 'source.added'));
    assert.equal(added.kind, 'content');
    const flows = (m) => m.video_alive && m.audio_alive;
    await until('picture and sound', 10_000, () => told(ws).at(-1).alive && flows(told(ws).at(-1)));
    const ingests = () => children().filter((c) => c.command.includes('ingest'));
    const [job] = ingests();

    const before = told(ws).length;
    process.kill(job.pid, 'SIGKILL');
    const dark = await until('the source to be dark', 3000, () => told(ws).slice(before).find((m) => !m.alive));
    assert.deepEqual([dark.type, dark.id], ['source.changed', added.id], 'the same source, without life');
    const back = await until('the source to come back', 10_000, () => told(ws).slice(before).find(flows));
    assert.deepEqual([back.type, back.id], ['source.changed', added.id]);
    assert.match(server.logText(), /pipeline\.restarting .*why="The live source was ended by signal 9\."/);
    assert.match(server.logText(), /feed\.restarting .*reason="The live source was ended by signal 9\."/);
    const [again] = ingests();
    assert.notEqual(again.pid, job.pid);

    assert.equal((await server.api('DELETE', `/api/v1/visits/${visit.id}/feeds/${feed.id}`)).status, 204);
    await until('the process to end', 5000, () => !alive(again.pid));
    await until('the source to go', 3000, () => told(ws).at(-1).type === 'source.removed');
    assert.equal(ingests().length, 0);
    assert.equal((await server.api('DELETE', `/api/v1/visits/${visit.id}/feeds/${feed.id}`)).status, 404);
    ws.close();
    if (w) await server.must('DELETE', `/api/v1/walkthroughs/${w.id}`);
  });
}

// ---- the server itself dies ----

async function midCompile(title) {
  const made = await create('long.mp4', title);
  await until('a picture to be compiled', 20_000, async () => (await get(made.id)).progress > 0);
  const [job] = children();
  return { id: made.id, pid: job.pid };
}

test('a killed server leaves no process, and its compile job starts again', async () => {
  const before = presentations().length;
  const { id, pid } = await midCompile('Killed');
  await server.kill();
  await until('the pipeline to end', 5000, () => !alive(pid));
  assert.equal(presentations().length, before, 'no half directory');
  await server.restart();
  assert.equal((await get(id)).state, 'compiling');
  const w = await settled(id);
  assert.equal(w.state, 'ready', w.error);
  assert.equal(presentations().length, before + 1);
  await server.must('DELETE', `/api/v1/walkthroughs/${id}`);
});

test('after a power cut nothing half done stays on the disk', async () => {
  const before = presentations();
  const { id, pid } = await midCompile('Power cut');
  process.kill(pid, 'SIGSTOP'); // it cannot tidy up
  await server.kill();
  process.kill(pid, 'SIGKILL');
  await until('the pipeline to end', 5000, () => !alive(pid));
  const half = rooms();
  assert.equal(half.length, 1);
  const old = new Date(Date.now() - 3600_000);
  const stray = join(server.data, 'presentations', 'w1-stray0'); // finished, but never stored
  mkdirSync(stray);
  writeFileSync(join(stray, 'manifest.json'), '{}');
  utimesSync(stray, old, old);
  await server.restart();
  await until('the leftovers to be swept', 5000, () => !rooms().includes(half[0]) && !presentations().includes('w1-stray0'));
  await server.must('DELETE', `/api/v1/walkthroughs/${id}`);
  await until('everything to be gone', 5000, () => presentations().length === before.length);
});

test('a server that is asked to end takes its processes along, and goes on afterwards', async () => {
  const { id, pid } = await midCompile('Asked to end');
  const visit = await server.visit('Until the end');
  await server.must('POST', `/api/v1/visits/${visit.id}/feeds`, { source: 'test', codec: 'vp8' });
  await until('both processes', 5000, () => children().length === 2);
  const pids = children().map((c) => c.pid);
  assert.ok(pids.includes(pid));
  server.child.kill('SIGTERM');
  await until('the server to end', 8000, () => server.exited);
  assert.deepEqual(server.exited, { code: 0, signal: null });
  assert.deepEqual(pids.filter(alive), []);
  assert.ok(!presentations().some((name) => name.endsWith('.part')));
  await server.restart();
  const w = await settled(id);
  assert.equal(w.state, 'ready', w.error);
  await server.must('DELETE', `/api/v1/walkthroughs/${id}`);
});

test('uploads that nobody used are swept after a day, used ones are kept', async () => {
  const w = await settled((await create('film.mp4', 'Kept')).id);
  const used = uploads();
  const forgotten = await upload('film.mp4');
  const fresh = await upload('film.mp4');
  const old = new Date(Date.now() - 25 * 3600_000);
  for (const name of uploads().filter((n) => !n.startsWith(fresh))) utimesSync(join(server.data, 'uploads', name), old, old);
  await server.kill();
  await server.restart();
  await until('the forgotten one to be swept', 5000, () => !uploads().some((n) => n.startsWith(forgotten)));
  assert.ok(uploads().some((n) => n.startsWith(fresh)));
  for (const name of used) assert.ok(uploads().includes(name), `${name} is still there`);
  assert.ok(statSync(join(server.data, 'uploads', fresh)).size > 0);
  await server.must('DELETE', `/api/v1/walkthroughs/${w.id}`);
});
