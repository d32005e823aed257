// A visit as it is kept: who agreed is recorded and nobody else, through the death of the recorder and of
// the server, and becomes a replay that guests of the visit may play; who takes the word back is gone from
// it. Sources: the pipeline's test feed (flash and beep each second) and a customer's camera by webrtcbin.
//
//   PARLOUR_BUILD=build node --test tests/net/test_recording.mjs
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Peer } from './lib/peers.mjs';
import { BUILD, PIPELINE, Server, sleep, until } from './lib/server.mjs';
import { RawWebSocket } from './lib/websocket.mjs';

const DUMP = join(BUILD, 'tests/net/rung_dump');
const FPS = 30; // of the test feed
const SYNC = 0.04; // s between flash and beep
const READY = 60_000; // ms from the end of a visit to its replay

const ways = [[PIPELINE, 'no pipelines in this build'], ['/usr/bin/ffmpeg', 'no ffmpeg to decode with'], [DUMP, 'no rung_dump']];
const missing = ways.find(([file]) => !existsSync(file));
const available = missing ? { skip: missing[1] } : {};
let dir;
let server;

before(async () => {
  if (available.skip) return;
  dir = mkdtempSync(join(tmpdir(), 'parlour-recording-'));
  const web = join(dir, 'web');
  mkdirSync(web);
  writeFileSync(join(web, 'visit.html'), '<!doctype html><head><!--parlour:head--></head><body><!--parlour:boot--></body>');
  server = await Server.start(['--web-root', web]);
});

after(async () => {
  try {
    await server?.stop();
  } finally {
    if (dir) rmSync(dir, { recursive: true, force: true });
  }
});

// ---- the server's processes and files ----

function children(job) {
  return readdirSync('/proc').filter((n) => /^\d+$/.test(n)).map(Number).filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const parent = Number(/\) . (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]);
      return parent === server.child.pid && command[0].endsWith('parlour-pipeline') && command.includes(job);
    } catch {
      return false; // ended meanwhile
    }
  });
}

const recording = (visit) => join(server.data, 'recordings', visit.id);
const tracks = (visit) => {
  const at = join(recording(visit), 'tracks');
  return existsSync(at) ? readdirSync(at).map((name) => ({ name, source: BigInt(`0x${name.split('-')[0]}`),
    kind: name.split('-')[1], size: statSync(join(at, name)).size })) : [];
};
const bytes = (visit) => tracks(visit).reduce((sum, t) => sum + t.size, 0);
const log = (visit) => readFileSync(join(recording(visit), 'log.jsonl'), 'utf8').trim().split('\n').map((l) => JSON.parse(l));

const grows = (visit, what) => {
  const from = bytes(visit);
  return until(`${what} to be recorded`, 15_000, () => bytes(visit) > from + 20_000);
};

// ---- people ----

class Person {
  static async enter(visit, token, name) {
    const p = new Person();
    p.ws = await RawWebSocket.open(server.port);
    p.ws.send({ v: 1, id: 'hello', type: 'hello', data: { visit: visit.id, token, name } });
    p.welcome = (await p.message((m) => m.type === 'welcome')).data;
    return p;
  }

  message(wanted, ms = 10_000) {
    return until(`a message ${wanted}`, ms, () => this.ws.messages.find(wanted));
  }

  async ask(type, data = {}) {
    const id = `${type}-${this.ws.messages.length}`;
    this.ws.send({ v: 1, id, type, data });
    const reply = await this.message((m) => m.id === id);
    assert.equal(reply.type, 'ok', JSON.stringify(reply));
  }

  /** The newest word about the visit. */
  get visit() {
    return this.ws.messages.filter((m) => m.type === 'visit').at(-1)?.data ?? this.welcome.state.visit;
  }

  active(yes) {
    return until(`recording_active to be ${yes}`, 10_000, () => this.visit.recording_active === yes);
  }
}

async function makeVisit(recordingSetting) {
  const made = await server.must('POST', '/api/v1/visits', { title: 'Tea with Robin', recording: recordingSetting });
  const invite = await server.must('POST', `/api/v1/visits/${made.id}/invites`, { name: 'Robin' });
  return { id: made.id, whip: made.whip_url, whep: made.whep_url, invite: invite.token, inviteId: invite.id };
}

const feed = (visit) => server.must('POST', `/api/v1/visits/${visit.id}/feeds`, { source: 'test' });

async function replayOf(visit, token) {
  return until('the replay', READY, async () => {
    const r = await server.api('GET', `/api/v1/visits/${visit.id}/replay`, undefined, token);
    assert.equal(r.status, 200, r.text);
    assert.notEqual(r.json.state, 'failed', `${r.text}\n${server.logText().slice(-2000)}`);
    return r.json.state === 'ready' && r.json;
  });
}

// ---- what a replay shows ----

function rungs(replay) {
  const presentations = join(server.data, 'presentations');
  const name = readdirSync(presentations).find((n) => n.startsWith(replay.id));
  const at = join(presentations, name);
  const manifest = JSON.parse(readFileSync(join(at, 'manifest.json'), 'utf8'));
  return { at, manifest };
}

/** [{ at, number }]: when each frame is shown, and the number on the test card, null on other pictures. */
function pictures(file, codec, width, height) {
  const out = join(dir, `video.${codec === 'vp8' ? 'ivf' : 'h264'}`);
  execFileSync(DUMP, [file, out]);
  const raw = join(dir, 'video.gray');
  const told = execFileSync('/bin/sh', ['-c', `ffmpeg -hide_banner -nostats -y -i ${out} -vf scale=320:180,showinfo `
    + `-fps_mode passthrough -pix_fmt gray -f rawvideo ${raw} 2>&1`], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const times = [...told.matchAll(/pts_time:([\d.]+)/g)].map((m) => Number(m[1]));
  const data = readFileSync(raw);
  assert.equal(data.length, times.length * 320 * 180, `${width}x${height}: a time for each frame`);
  return times.map((at, n) => {
    const frame = data.subarray(n * 320 * 180, (n + 1) * 320 * 180);
    let bits = 0n;
    for (let cell = 0; cell < 32; cell++) bits = bits << 1n | (frame[7 * 320 + cell * 10 + 5] > 128 ? 1n : 0n);
    const number = bits >> 4n & 0xffffffn;
    let check = 0n;
    for (let shift = 0n; shift < 24n; shift += 4n) check ^= number >> shift & 15n;
    return { at, number: bits === (0xa0000000n | number << 4n | check) ? Number(number) : null };
  });
}

/** When the test card's beeps (1 kHz) begin. */
function beeps(file) {
  const out = join(dir, 'audio.ogg');
  execFileSync(DUMP, [file, out]);
  const high = 'highpass=f=800,highpass=f=800,highpass=f=800,highpass=f=800';
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', out, '-af', high, '-ac', '1', '-ar', '48000', '-f', 's16le', '-'], { maxBuffer: 1 << 28 });
  const found = [];
  const isBeep = (from) => { // 30 ms of it, not the click of something that begins
    let crossings = 0;
    for (let i = from; i < from + 2 * 1440; i += 2) crossings += raw.readInt16LE(i) < 0 !== raw.readInt16LE(i + 2) < 0 ? 1 : 0;
    return Math.abs(crossings - 60) <= 4;
  };
  let quiet = 0; // a beep that was cut at the beginning is none
  for (let i = 0; i + 2 * 1500 < raw.length; i += 2) {
    const loud = Math.abs(raw.readInt16LE(i)) > 2500;
    if (loud && quiet > 0.3 && isBeep(i)) found.push(i / 2 / 48000);
    quiet = loud ? 0 : quiet + 1 / 48000;
  }
  return { found, seconds: raw.length / 2 / 48000 };
}

/** Beeps against the pictures that are shown around them: at most SYNC apart, also the last one. */
function assertInStep({ at, manifest }) {
  const video = manifest.rungs.find((r) => r.kind === 'video');
  const audio = manifest.rungs.find((r) => r.kind === 'audio' && (r.speed ?? 100) === 100);
  const shown = pictures(join(at, video.file), video.codec.toLowerCase(), video.width, video.height).filter((p) => p.number !== null);
  const { found, seconds } = beeps(join(at, audio.file));
  const told = [];
  for (const beep of found) {
    const near = shown.filter((p) => Math.abs(p.at - beep) < 0.2);
    if (near.length === 0) continue; // another picture was on the stage
    const offsets = near.map((p) => p.at - p.number / FPS).sort((a, b) => a - b);
    const away = beep - offsets[offsets.length >> 1];
    const apart = away - Math.round(away);
    told.push(apart * 1000);
  }
  // On a busy machine the feed itself may be late with a picture once.
  const off = told.filter((ms) => Math.abs(ms) > SYNC * 1000);
  assert.ok(off.length <= told.length / 5 && !(Math.abs(told.at(-1)) > SYNC * 1000), `beeps against flashes, ms: ${told}`);
  return { judged: told.length, apart: told, shown, found, seconds };
}

// ---- the tests ----

describe('a visit that is recorded', available, () => {
  test('from the first yes through the deaths of recorder and server to the replay, and without who says no', async () => {
    const visit = await makeVisit('ask');
    let rep = await Person.enter(visit, server.token, 'Mara');
    let robin = await Person.enter(visit, visit.invite, 'Robin');
    await feed(visit);
    await until('the visit to be live', 10_000, () => rep.visit.state === 'live');
    await sleep(1500);
    assert.equal(rep.visit.recording_active, false, 'nobody has agreed yet');
    assert.equal(existsSync(recording(visit)), false, 'so nothing is on the disk');
    assert.equal((await server.api('GET', `/api/v1/visits/${visit.id}/replay`)).status, 404);

    await robin.ask('consent', { watch: true, recording: true });
    await rep.active(true);
    await grows(visit, 'the feed');
    const camera = new Peer('gstreamer', 'publish', { url: `${visit.whip}?source=camera`, token: visit.invite, codec: 'vp8' });
    await camera.event('connected');
    await grows(visit, 'the camera');
    const source = await robin.message((m) => m.type === 'source.added' && m.data.source.kind === 'camera');
    await until('the camera to send', 10_000, () => robin.ws.messages.some((m) => m.type === 'source.changed' && m.data.source.kind === 'camera' && m.data.source.video_alive));
    await rep.ask('stage.set', { main: source.data.source.id });
    await sleep(2000);
    await robin.ask('ask', { text: 'Does it come in green?' });
    await rep.ask('stage.set', { main: null });
    await sleep(500);

    const before = tracks(visit).length;
    const [recorder] = children('record');
    process.kill(recorder, 'SIGKILL');
    await until('another recorder', 10_000, () => children('record').some((pid) => pid !== recorder));
    await until('new tracks', 10_000, () => tracks(visit).length > before);
    await grows(visit, 'what comes after the recorder died');

    const [orphan] = children('record');
    await server.kill();
    await camera.kill();
    const kept = bytes(visit);
    await until('the orphaned recorder to end', 5000, () => !existsSync(`/proc/${orphan}`));
    await server.restart();
    assert.ok(bytes(visit) >= kept, 'nothing that was recorded is lost');
    rep = await Person.enter(visit, server.token, 'Mara');
    robin = await Person.enter(visit, visit.invite, 'Robin');
    await feed(visit);
    await sleep(1000);
    assert.equal(rep.visit.recording_active, false, 'a new run asks again');
    await robin.ask('consent', { watch: true, recording: true });
    await rep.active(true);
    await grows(visit, 'what comes after the server died');
    await sleep(2000);

    const events = log(visit);
    for (const event of ['clock', 'visit', 'start', 'source', 'stage', 'consent', 'question']) {
      assert.ok(events.some((e) => e.event === event), `the log has no ${event}`);
    }
    const ids = events.filter((e) => e.event === 'source').map((e) => e.media);
    assert.equal(new Set(ids).size, ids.length, 'no media id comes twice');
    const theirs = events.filter((e) => e.event === 'source' && e.side === 'customer').map((e) => BigInt(e.media));
    assert.equal(theirs.length, 1);
    assert.ok(tracks(visit).some((t) => theirs.includes(t.source)), 'the customer is recorded');

    await rep.ask('visit.end');
    const ended = Date.now();
    const replay = await replayOf(visit, visit.invite);
    console.log(`# the replay was ready after ${((Date.now() - ended) / 1000).toFixed(1)} s`);
    assert.equal(children('record').length, 0, 'no recorder is left');
    assert.equal(replay.published, false);
    assert.equal(replay.visit, visit.id);
    const row = `/api/v1/walkthroughs/${replay.id}`;
    assert.match((await server.api('PATCH', row, { upload: 'x' })).text, /made of its visit/, 'no other film takes its place');
    await server.must('PATCH', row, { published: true });
    const poster = await fetch(server.base + replay.poster);
    assert.equal(poster.status, 200);
    assert.equal(poster.headers.get('cache-control'), 'private, no-cache', 'what is taken back is gone at once');
    await server.must('PATCH', row, { published: false });
    assert.ok(replay.duration > 5, `${replay.duration} s`);
    const seen = assertInStep(rungs(replay));
    assert.ok(seen.judged >= 4, `${seen.judged} beeps were judged, of ${seen.found}`);
    const steps = seen.shown.slice(1).map((f, n) => f.number - seen.shown[n].number).filter((d) => d > 0);
    console.log(`# ${seen.shown.length} frames of the card, ${steps.filter((d) => d > 1).length} holes`);
    const metrics = await (await fetch(`${server.base}/metrics`)).text();
    const metric = (name) => Number(new RegExp(`^\\S*${name}\\S* (\\d+)$`, 'm').exec(metrics)[1]);
    assert.ok(metric('media_recorded_packets') > 0);
    assert.equal(metric('media_record_dropped'), 0, 'the recorder was fast enough');
    console.log(`# beeps against flashes, ms: ${seen.apart.map((ms) => ms.toFixed(1)).join(' ')}`);

    await assertRights(visit, replay);

    const listed = (await server.must('GET', '/api/v1/visits')).find((v) => v.id === visit.id);
    assert.deepEqual(listed.replay, { slug: replay.slug, state: 'ready' });
    assert.deepEqual(await bootOf(visit), { consented_recording: true, replay: { slug: replay.slug, state: 'ready' } });

    const revoked = await server.api('POST', `/api/v1/visits/${visit.id}/recording-consent`, { recording: false }, visit.invite);
    assert.equal(revoked.status, 200, revoked.text);
    assert.ok(!tracks(visit).some((t) => theirs.includes(t.source)), 'the tracks went at once');
    const anew = await until('the replay without the customer', READY, async () => {
      const r = await server.api('GET', `/api/v1/visits/${visit.id}/replay`);
      return r.json.state === 'ready' && r.json;
    });
    assert.equal(anew.id, replay.id);
    assert.equal((await bootOf(visit)).consented_recording, false);
    const again = await server.api('POST', `/api/v1/visits/${visit.id}/recording-consent`, { recording: true }, visit.invite);
    assert.deepEqual(again.json, { recording: false }, 'what is gone does not come back');
    assert.equal(JSON.stringify(rungs(anew).manifest.chapters ?? []).includes('green'), false, 'nor the question');

    assert.equal((await server.api('DELETE', `/api/v1/visits/${visit.id}`)).status, 204);
    assert.equal(existsSync(recording(visit)), false);
    await until('the presentation to go', 5000, () => !readdirSync(join(server.data, 'presentations')).some((n) => n.startsWith(replay.id)));
    rep.ws.close();
    robin.ws.close();
  });

  test('whose server dies as it ends still becomes a replay; the replay takes the recording along', async () => {
    const visit = await makeVisit('on');
    const rep = await Person.enter(visit, server.token, 'Mara');
    await feed(visit);
    await rep.active(true);
    await grows(visit, 'the feed');
    await sleep(2000);
    await server.must('POST', `/api/v1/visits/${visit.id}/end`);
    await server.kill();
    await server.restart();
    const replay = await replayOf(visit, server.token);
    assert.ok(assertInStep(rungs(replay)).judged >= 1);
    assert.equal((await server.api('DELETE', `/api/v1/walkthroughs/${replay.id}`)).status, 204);
    assert.equal(existsSync(recording(visit)), false);
    const gone = await server.api('GET', `/api/v1/visits/${visit.id}/replay`);
    assert.equal(gone.status, 404);
    assert.match(gone.json.type, /not-recorded/);
    rep.ws.close();
  });

  test('without a customer who says no in the middle, and with what comes after another yes', async () => {
    const visit = await makeVisit('on');
    const rep = await Person.enter(visit, server.token, 'Mara');
    const robin = await Person.enter(visit, visit.invite, 'Robin');
    await feed(visit);
    await rep.active(true);
    const camera = new Peer('gstreamer', 'publish', { url: `${visit.whip}?source=camera`, token: visit.invite, codec: 'vp8' });
    await camera.event('connected');
    await grows(visit, 'the feed');
    const theirs = () => {
      const ids = log(visit).filter((e) => e.event === 'source' && e.side === 'customer').map((e) => BigInt(e.media));
      return tracks(visit).filter((t) => ids.includes(t.source));
    };
    assert.deepEqual(theirs(), [], 'the customer has not agreed');
    await robin.ask('consent', { watch: true, recording: true });
    await until('the customer to be recorded', 10_000, () => theirs().filter((t) => t.size > 2000).length === 2);
    assert.equal(rep.ws.messages.filter((m) => m.type === 'participant.changed').at(-1).data.participant.consented_recording, true);
    const gone = theirs().map((t) => t.name);
    await robin.ask('consent', { watch: true, recording: false });
    await until('the tracks to go', 5000, () => theirs().length === 0);
    await grows(visit, 'the rest');
    assert.deepEqual(theirs(), [], 'nothing of them is written any more');
    robin.ws.send({ v: 1, id: 'at-once', type: 'consent', data: { watch: true, recording: true } });
    assert.equal((await robin.message((m) => m.id === 'at-once')).data.code, 'too-fast');
    await sleep(2000);
    await robin.ask('consent', { watch: true, recording: true });
    await until('the customer to be recorded again', 10_000, () => theirs().filter((t) => t.size > 2000).length === 2);
    assert.ok(theirs().every((t) => !gone.includes(t.name)), 'in tracks of their own');
    await camera.stop();
    await rep.ask('visit.end');
    await replayOf(visit, visit.invite);
    rep.ws.close();
    robin.ws.close();
  });

  test('goes on where it was when everybody left and came back', async () => {
    const visit = await makeVisit('on');
    let rep = await Person.enter(visit, server.token, 'Mara');
    const one = await feed(visit);
    await rep.active(true);
    await grows(visit, 'the feed');
    await server.api('DELETE', `/api/v1/visits/${visit.id}/feeds/${one.id}`);
    await rep.ask('bye');
    await until('the recorder to end', 10_000, () => children('record').length === 0);
    rep = await Person.enter(visit, server.token, 'Mara');
    await feed(visit);
    await grows(visit, 'the second feed');
    await rep.ask('visit.end');
    const replay = await replayOf(visit, server.token);
    const words = log(visit).map((e) => e.event);
    assert.deepEqual(words.filter((w) => ['start', 'pause', 'resume', 'end'].includes(w)), ['start', 'pause', 'resume', 'pause', 'end']);
    assert.ok(replay.duration > 1);
    rep.ws.close();
  });
});

describe('a server that has no room left on its disk', available, () => {
  test('says so and records nothing', async () => {
    const full = await Server.start(['--recordings-min-free', '1000T']);
    const made = await full.must('POST', '/api/v1/visits', { title: 'Tea', recording: 'on' });
    const ws = await RawWebSocket.open(full.port);
    ws.send({ v: 1, id: '1', type: 'hello', data: { visit: made.id, token: full.token, name: 'Mara' } });
    ws.send({ v: 1, id: '2', type: 'visit.start' });
    const word = await until('the word about the disk', 10_000, () => ws.messages.find((m) => m.type === 'visit' && m.data.recording_problem));
    assert.equal(word.data.recording_problem, 'disk_full');
    assert.equal(word.data.recording_active, false);
    assert.equal(existsSync(join(full.data, 'recordings')), false);
    ws.close();
    await full.stop();
  });
});

/** What the page of an ended visit is told. */
async function bootOf(visit) {
  const page = await fetch(`${server.base}/v/${visit.invite}`);
  assert.equal(page.status, 410);
  const boot = JSON.parse(/<script[^>]*type="application\/json"[^>]*>(.*?)<\/script>/s.exec(await page.text())[1]);
  assert.equal(boot.visit.id, visit.id);
  assert.equal(boot.invite.name, 'Robin');
  return { consented_recording: boot.consented_recording, replay: boot.replay };
}

async function assertRights(visit, replay) {
  const other = await makeVisit('off');
  const ask = (token) => server.api('GET', `/api/v1/visits/${visit.id}/replay`, undefined, token);
  assert.equal((await ask(visit.invite)).status, 200);
  assert.equal((await ask(server.token)).status, 200);
  assert.equal((await ask(other.invite)).status, 403);
  assert.equal((await ask(null)).status, 401);
  const say = (token) => server.api('POST', `/api/v1/visits/${visit.id}/recording-consent`, { recording: true }, token);
  assert.equal((await say(other.invite)).status, 403);
  assert.equal((await say(server.token)).status, 403);
  assert.equal((await say(null)).status, 401);
  const play = async (token) => {
    const peer = new Peer('gstreamer', 'watch', { url: `${server.base}/whep/w/${replay.slug}`, token, codec: 'vp8', card: true, seconds: 2, frames: 20 });
    try {
      return await peer.event('result');
    } finally {
      await peer.stop();
    }
  };
  const result = await play(visit.invite);
  assert.ok(result.frames >= 20, JSON.stringify(result));
  await assert.rejects(play(other.invite), /404/);
  await assert.rejects(play(undefined), /404/);
}
