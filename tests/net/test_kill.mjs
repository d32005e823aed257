// kill -9 of the server and of its converters, at seeded moments of uploading and compiling: what was
// acknowledged is there afterwards, what was half-done is not shown, the job goes on, and neither process nor
// file is left over.
//
//   PARLOUR_BUILD=build [PARLOUR_SEED=7] node --test tests/net/test_kill.mjs
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PATIENCE, Server, sleep, until } from './lib/server.mjs';

const SEED = Number(process.env.PARLOUR_SEED ?? 20261122);
const UPLOAD_KILLS = 5;
const SERVER_KILLS = 6;
const PROCESS_KILLS = 4;
const TUS = { 'tus-resumable': '1.0.0' };

const dir = mkdtempSync(join(tmpdir(), 'parlour-kill-'));
const film = join(dir, 'film.mp4');
let server, bytes;

// A small generator, so that a failure can be had again (mulberry32).
let state = SEED;
function random(below) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
}

before(async () => {
  console.log(`seed ${SEED}`);
  execFileSync('gst-launch-1.0', ['-q', ...(`videotestsrc num-buffers=150 pattern=snow ! video/x-raw,width=480,height=270,framerate=30/1 ! x264enc speed-preset=ultrafast key-int-max=30 ! h264parse ! queue ! mux. `
    + `audiotestsrc num-buffers=250 samplesperbuffer=960 ! audio/x-raw,rate=48000 ! avenc_aac ! aacparse ! queue ! mux. mp4mux name=mux ! filesink location=${film}`).split(' ')],
  { stdio: ['ignore', 'ignore', 'pipe'] });
  bytes = readFileSync(film);
  server = await Server.start();
});

after(async () => {
  try {
    await server?.stop();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

// ---- what is there ----

/** Every process that has our data folder on its command line, except the server. */
function converters() {
  return readdirSync('/proc').filter((n) => /^\d+$/.test(n)).map(Number).filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return command[0].endsWith('parlour-pipeline') && command.some((word) => word.startsWith(server.data)) && !/\) [ZX] /.test(stat);
    } catch {
      return false;
    }
  });
}

const list = (name) => (existsSync(join(server.data, name)) ? readdirSync(join(server.data, name)) : []);

const get = (id) => server.must('GET', `/api/v1/walkthroughs/${id}`);

/** Until it is ready or failed. What is not ready has no film to show, whenever one looks. */
async function settled(id) {
  return until(`${id} to be settled`, 40_000, async () => {
    const w = await get(id);
    if (w.state !== 'ready') assert.equal((w.rungs ?? []).length, 0, 'half a film is shown');
    return w.state !== 'compiling' && w;
  });
}

async function assertReady(id) {
  const w = await settled(id);
  assert.equal(w.state, 'ready', w.error);
  assert.ok(Math.abs(w.duration - 5) < 0.2, `${w.duration} s`);
  assert.ok(w.rungs.some((r) => r.codec === 'h264') && w.rungs.some((r) => r.codec === 'opus'), 'rungs');
  return w;
}

/** One whole presentation for each film that is ready, and nothing else. */
async function assertTidy() {
  await until('the converters to be gone', 5000, () => converters().length === 0);
  const all = await server.must('GET', '/api/v1/walkthroughs');
  const ready = all.filter((w) => w.state === 'ready').length;
  const places = list('presentations');
  assert.deepEqual(list('jobs'), [], 'rooms of jobs that are over');
  assert.deepEqual(places.filter((n) => n.startsWith('.')), [], 'half-done directories');
  assert.equal(places.length, ready, `${places} for ${ready} films`);
  for (const name of places) {
    const manifest = JSON.parse(readFileSync(join(server.data, 'presentations', name, 'manifest.json'), 'utf8'));
    for (const rung of manifest.rungs) assert.ok(statSync(join(server.data, 'presentations', name, rung.file)).size > 64);
  }
}

/** As a power cut would, and the lights come back. */
async function killServer() {
  const running = converters();
  await server.kill();
  await until('no converter to outlive the server', 3000, () => running.every((pid) => !converters().includes(pid)));
  await server.restart();
}

// ---- doing things ----

async function createUpload() {
  const r = await fetch(`${server.base}/api/v1/uploads`, { method: 'POST',
    headers: { ...TUS, authorization: `Bearer ${server.token}`, 'upload-length': String(bytes.length) } });
  assert.equal(r.status, 201, await r.text());
  return r.headers.get('location');
}

function patch(location, offset, part) {
  return fetch(server.base + location, { method: 'PATCH', body: part,
    headers: { ...TUS, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' } });
}

async function offsetOf(location) {
  const r = await fetch(server.base + location, { method: 'HEAD', headers: TUS });
  assert.equal(r.status, 200);
  return Number(r.headers.get('upload-offset'));
}

const finish = (location, title) => server.must('POST', '/api/v1/walkthroughs', { upload: location.split('/').at(-1), title });

async function compile(title) {
  const location = await createUpload();
  assert.equal((await patch(location, 0, bytes)).status, 204);
  return finish(location, title);
}

const sha = (b) => createHash('sha256').update(b).digest('hex');

/** Sends the rest slowly by one request, as a slow line does, until the connection ends. */
function drip(location, offset) {
  return new Promise((done) => {
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: ${offset}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: ${bytes.length - offset}\r\n\r\n`);
      let at = offset;
      const timer = setInterval(() => {
        if (at < bytes.length - 5000) socket.write(bytes.subarray(at, at += 4000));
      }, 5);
      socket.on('error', () => {});
      socket.on('close', () => { clearInterval(timer); done(); });
    });
    socket.on('error', done);
  });
}

// ---- the kills ----

for (let i = 0; i < UPLOAD_KILLS; i++) {
  test(`upload: kill ${i + 1} of the server loses nothing that was acknowledged`, async () => {
    const location = await createUpload();
    const first = 1 + random(Math.floor(bytes.length / 2));
    assert.equal((await patch(location, 0, bytes.subarray(0, first))).status, 204);
    const dripping = drip(location, first);
    await sleep(random(120));
    await killServer();
    await dripping;
    let at = await offsetOf(location);
    assert.ok(at >= first && at <= bytes.length, `${at} of ${first} acknowledged bytes`);
    const early = await server.api('POST', '/api/v1/walkthroughs', { upload: location.split('/').at(-1), title: 'Half a film' });
    assert.equal(early.status, at === bytes.length ? 201 : 400, early.text);
    assert.equal((await patch(location, at, bytes.subarray(at))).status, 204);
    at = await offsetOf(location);
    assert.equal(at, bytes.length);
    const file = join(server.data, 'uploads', list('uploads').find((n) => n.startsWith(location.split('/').at(-1)) && statSync(join(server.data, 'uploads', n)).size === bytes.length));
    assert.equal(sha(readFileSync(file)), sha(bytes), 'the bytes came out of order');
    const gone = await fetch(server.base + location, { method: 'DELETE', headers: { ...TUS, authorization: `Bearer ${server.token}` } });
    assert.equal(gone.status, 204);
  });
}

for (let i = 0; i < SERVER_KILLS; i++) {
  test(`compile: kill ${i + 1} of the server is no end of the job`, async () => {
    const made = await compile(`Server ${i}`);
    if (i % 3 === 2) { // a converter that hangs cannot hear that the server is gone
      const [pid] = await until('its converter', 5000, () => converters().length > 0 && converters());
      process.kill(pid, 'SIGSTOP');
    } else {
      await sleep(random(900) * PATIENCE);
    }
    await killServer();
    await assertReady(made.id);
    await assertTidy();
  });
}

for (let i = 0; i < PROCESS_KILLS; i++) {
  test(`compile: kill ${i + 1} of the converter is told in words, and a retry helps`, async () => {
    const made = await compile(`Converter ${i}`);
    const [pid] = await until('its converter', 5000, () => converters().length > 0 && converters());
    await sleep(random(500));
    let done = false;
    try { process.kill(pid, 'SIGKILL'); } catch { done = true; }
    const w = await settled(made.id);
    if (!done && w.state === 'failed') {
      assert.equal(w.reason, 'crashed');
      assert.match(w.error, /stopped unexpectedly while reading this file/);
      await assertTidy();
      const again = await server.api('POST', `/api/v1/walkthroughs/${made.id}/retry`);
      assert.equal(again.status, 202, again.text);
    }
    await assertReady(made.id);
    await assertTidy();
  });
}

test('afterwards the folder holds the films and their sources, and nothing else', async () => {
  await assertTidy();
  const all = await server.must('GET', '/api/v1/walkthroughs');
  assert.equal(all.length, SERVER_KILLS + PROCESS_KILLS);
  for (const w of all) assert.ok((await server.api('DELETE', `/api/v1/walkthroughs/${w.id}`)).status < 300);
  await until('everything to be cleared away', 5000, () => list('presentations').length === 0 && list('uploads').length === 0);
});
