// kill -9 of the server, the recorder and the assembler, at seeded moments of recording a visit and of making
// its replay: what was on the disk stays there, the replay comes, what is called ready is whole, and neither
// process nor file is left over.
//
//   PARLOUR_BUILD=build [PARLOUR_SEED=7] [PARLOUR_ROUNDS=6] node --test tests/net/test_kill_replay.mjs
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PATIENCE, PIPELINE, Server, sleep, until } from './lib/server.mjs';
import { RawWebSocket } from './lib/websocket.mjs';

const SEED = Number(process.env.PARLOUR_SEED ?? 20261122);
const ROUNDS = Number(process.env.PARLOUR_ROUNDS ?? 6);
const READY = 60_000;
const available = existsSync(PIPELINE) ? {} : { skip: 'no pipelines in this build' };
let server;

// A small generator, so that a failure can be had again (mulberry32).
let state = SEED;
function random(below) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
}

before(async () => {
  if (available.skip) return;
  console.log(`seed ${SEED}`);
  server = await Server.start();
});
after(async () => { await server?.stop(); });

// ---- what is there ----

/** Our processes that do this job; all of them with none. The folder is on every command line but an ingest's. */
function processes(job) {
  return readdirSync('/proc').filter((n) => /^\d+$/.test(n)).map(Number).filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return command[0].endsWith('parlour-pipeline') && !/\) [ZX] /.test(stat) && (!job || command.includes(job))
        && (command.some((word) => word.startsWith(server.data)) || Number(/\) . (\d+)/.exec(stat)[1]) === server.child.pid);
    } catch {
      return false;
    }
  });
}

const list = (...path) => (existsSync(join(server.data, ...path)) ? readdirSync(join(server.data, ...path)) : []);
const tracks = (visit) => Object.fromEntries(list('recordings', visit, 'tracks').map((name) => [name,
  statSync(join(server.data, 'recordings', visit, 'tracks', name)).size]));
const bytes = (visit) => Object.values(tracks(visit)).reduce((sum, size) => sum + size, 0);
const log = (visit) => readFileSync(join(server.data, 'recordings', visit, 'log.jsonl'), 'utf8');

const grows = (visit) => {
  const from = bytes(visit);
  return until('the feed to be recorded', 20_000, () => bytes(visit) > from + 20_000);
};

/** Nothing that was on the disk is gone. */
function assertKept(visit, before) {
  for (const [name, size] of Object.entries(before.tracks)) {
    assert.ok(tracks(visit)[name] >= size, `${name}: ${tracks(visit)[name]} of ${size} bytes`);
  }
  assert.ok(log(visit).startsWith(before.log), 'the log has other lines');
}

function presentation(replay) {
  const name = list('presentations').filter((n) => n.startsWith(replay.id));
  assert.equal(name.length, 1, `${name}`);
  const manifest = JSON.parse(readFileSync(join(server.data, 'presentations', name[0], 'manifest.json'), 'utf8'));
  for (const rung of manifest.rungs) assert.ok(statSync(join(server.data, 'presentations', name[0], rung.file)).size > 64, rung.file);
  assert.ok(manifest.rungs.some((r) => r.kind === 'video') && manifest.rungs.some((r) => r.kind === 'audio'));
  return manifest;
}

/** What the server says of the replay; whenever it says that it is ready, it is whole. */
async function look(visit) {
  const r = await server.api('GET', `/api/v1/visits/${visit}/replay`);
  assert.equal(r.status, 200, r.text);
  if (r.json.state === 'ready') presentation(r.json);
  return r.json;
}

async function killed(pid) {
  try { process.kill(pid, 'SIGKILL'); } catch { return; }
  await until('it to be gone', 5000, () => !processes().includes(pid));
}

/** As a power cut would, and the lights come back. */
async function killServer() {
  const running = processes();
  await server.kill();
  await until('no process to outlive the server', 5000, () => running.every((pid) => !existsSync(`/proc/${pid}`) || !processes().includes(pid)));
  await server.restart();
}

// ---- a visit ----

async function enter(visit) {
  const ws = await RawWebSocket.open(server.port);
  ws.send({ v: 1, id: 'hello', type: 'hello', data: { visit, token: server.token, name: 'Mara' } });
  await until('the welcome', 10_000, () => ws.messages.find((m) => m.type === 'welcome'));
  await server.must('POST', `/api/v1/visits/${visit}/feeds`, { source: 'test' });
  return ws;
}

const midway = {
  none: async () => {},
  recorder: async (visit) => {
    const before = { tracks: tracks(visit), log: log(visit) };
    const [pid] = processes('record');
    await killed(pid);
    await until('another recorder', 15_000, () => processes('record').some((p) => p !== pid));
    assertKept(visit, before);
  },
  server: async (visit, ws) => {
    const before = { tracks: tracks(visit), log: log(visit) };
    await killServer();
    assertKept(visit, before);
    ws.close();
    return enter(visit);
  },
};

const atTheEnd = {
  none: async () => {},
  server: async () => { await sleep(random(900) * PATIENCE); await killServer(); },
  assemble: async (visit) => kill('assemble', visit),
  enrich: async (visit) => kill('enrich', visit),
};

async function kill(job, visit) {
  const over = async () => {
    const now = await look(visit);
    return now.state === 'ready' && (job === 'assemble' || presentation(now).storyboard) && -1;
  };
  const pid = await until(`its ${job}`, 20_000, async () => processes(job)[0] ?? over());
  if (pid < 0) return; // it was quicker
  await sleep(random(250));
  await killed(pid);
}

const plans = [['recorder', 'assemble'], ['server', 'server'], ['none', 'server'], ['recorder', 'enrich'], ['server', 'assemble'], ['none', 'server']];

for (let round = 0; round < ROUNDS; round++) {
  const [during, end] = plans[round % plans.length];
  test(`round ${round + 1}: ${during} is killed while it records, ${end} while the replay is made`, available, async () => {
    const { id: visit } = await server.must('POST', '/api/v1/visits', { title: `Round ${round}`, recording: 'on' });
    let ws = await enter(visit);
    await grows(visit);
    const first = Date.now();
    await sleep(500 + random(1500));
    ws = await midway[during](visit, ws) ?? ws;
    await grows(visit);
    await sleep(random(1000));
    const last = Date.now();
    await server.must('POST', `/api/v1/visits/${visit}/end`);
    const before = { tracks: tracks(visit), log: log(visit) };
    await atTheEnd[end](visit);
    let retried = false;
    const replay = await until('the replay', READY, async () => {
      const now = await look(visit);
      if (now.state === 'failed') {
        assert.ok(!retried && /assemble|enrich/.test(end), JSON.stringify(now));
        assert.equal(now.reason, 'crashed');
        const again = await server.api('POST', `/api/v1/walkthroughs/${now.id}/retry`);
        assert.equal(again.status, 202, again.text);
        retried = true;
      }
      return now.state === 'ready' && now;
    });
    assertKept(visit, before);
    assert.ok(replay.duration > (last - first) / 1000 - 2, `${replay.duration} s of ${(last - first) / 1000} s`);
    console.log(`${replay.duration.toFixed(1)} s of ${((last - first) / 1000).toFixed(1)} s, ${Object.keys(before.tracks).length} tracks${retried ? ', retried' : ''}`);
    await until('all jobs to be over', 30_000, () => processes().length === 0);
    assert.deepEqual(list('jobs'), [], 'rooms of jobs that are over');
    presentation(replay);
    ws.close();
  });
}

test('afterwards there is one presentation for each replay, and nothing else', available, async () => {
  const all = await server.must('GET', '/api/v1/walkthroughs');
  assert.equal(all.length, ROUNDS);
  assert.ok(all.every((w) => w.state === 'ready'), JSON.stringify(all));
  assert.equal(list('presentations').length, ROUNDS, `${list('presentations')}`);
  for (const w of all) assert.equal((await server.api('DELETE', `/api/v1/walkthroughs/${w.id}`)).status, 204);
  await until('everything to be cleared away', 5000, () => list('presentations').length === 0 && list('recordings').length === 0);
});
