// WebRTC stacks that were not written here: each publishes by WHIP and watches by WHEP, every
// publisher watched by every watcher. A pattern that tells its own number goes in and must come out:
// right number, right colour, in order, and byte for byte where both ends see the packets.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Peer, judge, makeClips } from './lib/peers.mjs';
import { PIPELINE, Server } from './lib/server.mjs';

const RTP_LEVEL = ['werift', 'datachannel'];
const STACKS = ['gstreamer', 'aiortc', ...RTP_LEVEL];
const SECONDS = 3;
const FRAMES_LEAST = 30; // of 45 in that time; a busy machine takes longer

let server;
let clips;

before(async () => {
  server = await Server.start();
  clips = await makeClips(server.dir);
});
after(() => server?.stop());

function publisher(stack, codec, visit) {
  return new Peer(stack, 'publish', { url: `${visit.whip}?source=camera`, token: visit.streamKey, codec,
    ...(RTP_LEVEL.includes(stack) ? { clip: clips[codec], sound: clips.opus } : {}) });
}

const card = (from) => (from === 'pipeline' && { card: true });

function watcher(stack, codec, visit, from) {
  const files = RTP_LEVEL.includes(stack)
    ? { out: join(server.dir, `${from}-${stack}.${codec}`), soundout: join(server.dir, `${from}-${stack}.opus`),
      ...(RTP_LEVEL.includes(from) ? { clip: clips[codec], sound: clips.opus } : {}) }
    : { ...card(from) };
  const peer = new Peer(stack, 'watch', { url: visit.whep, token: visit.invite, codec, seconds: SECONDS,
    frames: FRAMES_LEAST, ...files });
  return Object.assign(peer, { stack, from, codec, files });
}

/** What the pattern must look like wherever it was decoded. */
function assertPattern(seen, what) {
  const words = `${what}: ${JSON.stringify(seen)}`;
  assert.ok(seen.frames >= FRAMES_LEAST, `too few frames; ${words}`);
  assert.equal(seen.unreadable, 0, `unreadable frames; ${words}`);
  assert.equal(seen.wrong_colour, 0, `wrong colours; ${words}`);
  assert.equal(seen.backwards, 0, `numbers that go back; ${words}`);
  assert.ok(seen.colours >= 2, `the colour never changed; ${words}`);
}

/** The pattern's tone, or the beeps of the pipeline's test card. */
const near = (hz, peer) => Math.abs(hz - (peer.from === 'pipeline' ? 1000 : 440)) <= 5;

async function assertPackets(result, peer) {
  for (const kind of ['video', 'audio']) {
    const got = result[kind];
    const words = `${kind} ${JSON.stringify(got)}`;
    for (const fault of ['missing', 'timestamps_back', 'broken', 'other_ssrc', 'picture_id_breaks']) {
      assert.equal(got[fault], 0, `${fault}; ${words}`);
    }
    if (RTP_LEVEL.includes(peer.from)) assert.equal(got.different, 0, `bytes differ; ${words}`);
  }
  assertPattern(await judge(peer.codec, peer.files.out, ...(peer.from === 'pipeline' ? ['card'] : [])), 'decoded');
  const sound = await judge('opus', peer.files.soundout);
  assert.ok(near(sound.hz, peer), `a tone of ${sound.hz} Hz`);
}

async function assertWatched(peer) {
  const result = await peer.event('result', 60_000);
  if (RTP_LEVEL.includes(peer.stack)) {
    await assertPackets(result, peer);
  } else {
    assertPattern(result, 'seen');
    assert.ok(near(result.hz, peer), `a tone of ${result.hz} Hz`);
  }
  return `first frame after ${result.first_frame_ms} ms`;
}

for (const codec of ['vp8', 'h264']) {
  for (const from of STACKS) {
    describe(`${from} publishes ${codec}`, () => {
      let visit;
      let source;
      let watchers;
      before(async () => {
        visit = await server.visit(`${from} ${codec}`);
        source = publisher(from, codec, visit);
        await source.event('connected');
        watchers = Object.fromEntries(STACKS.map((stack) => [stack, watcher(stack, codec, visit, from)]));
      });
      after(async () => {
        await Promise.all([...Object.values(watchers ?? {}), source].map((p) => p?.stop()));
      });
      for (const stack of STACKS) {
        test(`${stack} sees it`, async (t) => t.diagnostic(await assertWatched(watchers[stack])));
      }
    });
  }
}

describe('a kept source, whatever its viewers take', existsSync(PIPELINE) ? {} : { skip: 'this build has no pipelines' }, () => {
  const kinds = STACKS.flatMap((stack) => ['vp8', 'h264'].map((codec) => [stack, codec]));
  let source;
  let watchers;
  before(async () => {
    const visit = await server.visit('A kept source');
    source = await server.must('POST', '/api/v1/sources', { name: 'Pattern', kind: 'test' });
    await server.must('POST', `/api/v1/visits/${visit.id}/feeds`, { source_id: source.id });
    watchers = new Map(kinds.map(([stack, codec]) => [`${stack} ${codec}`, watcher(stack, codec, visit, 'pipeline')]));
  });
  after(async () => {
    await Promise.all([...(watchers?.values() ?? [])].map((p) => p.stop()));
    if (source) await server.must('DELETE', `/api/v1/sources/${source.id}`);
  });
  for (const [stack, codec] of kinds) {
    test(`${stack}, which takes ${codec} alone, sees it`, async (t) => t.diagnostic(await assertWatched(watchers.get(`${stack} ${codec}`))));
  }
});

for (const codec of ['vp8', 'h264']) {
  describe(`parlour-pipeline feeds ${codec}`, existsSync(PIPELINE) ? {} : { skip: 'this build has no pipelines' }, () => {
    let visit;
    let feed;
    let watchers;
    before(async () => {
      visit = await server.visit(`A feed of ${codec}`);
      feed = await server.must('POST', `/api/v1/visits/${visit.id}/feeds`, { source: 'test', codec });
      watchers = Object.fromEntries(STACKS.map((stack) => [stack, watcher(stack, codec, visit, 'pipeline')]));
    });
    after(async () => {
      await Promise.all(Object.values(watchers ?? {}).map((p) => p.stop()));
      if (feed) await server.must('DELETE', `/api/v1/visits/${visit.id}/feeds/${feed.id}`);
    });
    for (const stack of STACKS) {
      test(`${stack} sees it`, async (t) => t.diagnostic(await assertWatched(watchers[stack])));
    }
  });
}
