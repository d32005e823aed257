// The recorded walkthrough by WHEP, seen by peers that count every packet: play, pause, seek, rate and
// end through control and events, on one unbroken stream of sequence numbers and timestamps. The film
// is the pattern, so that what comes after a seek tells where the film really is.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { judge, makeFilm } from './lib/peers.mjs';
import { PATIENCE, PIPELINE, Server, sleep, until } from './lib/server.mjs';
import { Reception, joinClip } from './peers/rtp_media.mjs';
import { Session } from './peers/whip.mjs';
import * as datachannel from './peers/datachannel.mjs';
import * as werift from './peers/werift.mjs';

const LENGTH = 20;
const FPS = 15;
const FIRST_AFTER_SEEK = 300; // ms
const KEY_EVERY = 2; // seconds between key frames, at most

const available = existsSync(PIPELINE) ? {} : { skip: 'this build has no pipelines' };
let server;
let slug;

before(async () => {
  if (available.skip) return;
  server = await Server.start();
  slug = server.publish(await makeFilm(LENGTH, join(server.dir, 'film.mkv')), 'The pattern');
});
after(async () => {
  datachannel.cleanup();
  await server?.stop();
});

class Player {
  static async open(stack, codec, query = '') {
    const p = new Player();
    p.codec = codec;
    p.frames = { video: [], audio: [] };
    p.events = [];
    p.reception = { video: new Reception(codec, (f) => p.frames.video.push(f)),
      audio: new Reception('opus', (f) => p.frames.audio.push(f)) };
    p.peer = await stack.open('watch', codec, (kind, rtp) => p.reception[kind].input(rtp));
    p.session = new Session(`${server.base}/whep/w/${slug}${query}`);
    await p.peer.answer(await p.session.offer(await p.peer.offer()));
    await p.peer.connected;
    p.listening = new AbortController();
    p.stream = p.session.events((name, data) => p.events.push({ name, data, now: performance.now() }),
      p.listening.signal).catch((e) => { if (e.name !== 'AbortError') p.streamError = e; });
    await until('the first frame', 5000, () => p.frames.video.length > 0 && p.frames.audio.length > 0);
    return p;
  }

  /** Sends a control; `at` is when it was sent. */
  async control(action) {
    const at = performance.now();
    return { at, ...await this.session.control(action) };
  }

  /** Frames with their numbers, as a decoder sees the whole stream. */
  async decoded() {
    const file = join(server.dir, `player.${this.codec}`);
    const frames = [...this.frames.video]; // more come while it decodes
    writeFileSync(file, joinClip(frames.map((f) => f.data)));
    const seen = await judge(this.codec, file);
    assert.equal(seen.frames, frames.length, 'every frame can be decoded');
    assert.equal(seen.unreadable, 0, 'every frame shows its number');
    assert.equal(seen.wrong_colour, 0, 'every frame has its colour');
    return frames.map((f, i) => ({ ...f, number: seen.numbers[i] }));
  }

  assertUnbroken() {
    for (const kind of ['video', 'audio']) {
      const got = this.reception[kind].result();
      for (const fault of ['missing', 'duplicates', 'timestamps_back', 'broken', 'other_ssrc', 'picture_id_breaks']) {
        assert.equal(got[fault], 0, `${kind} ${fault}: ${JSON.stringify(got)}`);
      }
    }
  }

  async close() {
    this.listening?.abort();
    await this.session.end();
    await this.peer.close();
  }
}

/** Timestamps follow the clock on the wall, whatever the film does. */
function assertRealTime(frames, clock, what) {
  const [a, b] = [frames[0], frames.at(-1)];
  const ticks = (b.timestamp - a.timestamp | 0) / clock;
  const wall = (b.now - a.now) / 1000;
  assert.ok(Math.abs(ticks - wall) < 0.5 * PATIENCE, `${what}: ${ticks.toFixed(2)} s of timestamps in ${wall.toFixed(2)} s`);
}

for (const [name, stack, codec] of [['libdatachannel', datachannel, 'h264'], ['libdatachannel', datachannel, 'vp8'],
  ['werift', werift, 'vp8']]) {
  describe(`${name} plays the walkthrough (${codec})`, available, () => {
    let p;
    const waits = []; // ms from a seek to its first packet
    before(async () => { p = await Player.open(stack, codec); });
    after(() => p?.close());

    test('plays from the start, as the events say', async () => {
      await sleep(1500);
      const frames = await p.decoded();
      assert.equal(frames[0].number, 0);
      frames.forEach((f, i) => assert.equal(f.number, i));
      assert.ok(frames.length >= 15, `${frames.length} frames`);
      const state = p.events.find((e) => e.name === 'state')?.data;
      assert.equal(state?.state, 'playing');
      assert.equal(state?.rate, 1);
      assert.ok(Math.abs(state.duration - LENGTH) < 0.1, `a duration of ${state.duration}`);
    });

    test('a pause stops the packets; play goes on where it was', async () => {
      const paused = await p.control({ action: 'pause' });
      assert.equal(paused.state, 'paused');
      await sleep(400);
      const before = { video: p.reception.video.packets, audio: p.reception.audio.packets };
      const last = p.frames.video.length;
      await sleep(800);
      assert.deepEqual({ video: p.reception.video.packets, audio: p.reception.audio.packets }, before);
      assert.equal((await p.control({ action: 'play' })).state, 'playing');
      await sleep(700);
      const frames = await p.decoded();
      const [a, b] = [frames[last - 1], frames[last]];
      assert.ok(b.number - a.number >= 0 && b.number - a.number <= 2, `from frame ${a.number} to ${b.number}`);
      assert.ok((b.timestamp - a.timestamp | 0) / 90000 > 0.7, 'the timestamps tell of the pause');
      assertRealTime(frames, 90000, 'after a pause');
    });

    for (const t of [14.3, 3.05, 10]) {
      test(`a seek to ${t} s is there at once`, async (d) => {
        const count = p.frames.video.length;
        const heard = p.frames.audio.length;
        const sought = await p.control({ action: 'seek', t });
        assert.equal(sought.state, 'playing');
        assert.ok(sought.t >= t - KEY_EVERY && sought.t <= t + 0.2, `the answer says ${sought.t}`);
        await sleep(700);
        const frames = await p.decoded();
        const near = (f) => f.number / FPS > t - KEY_EVERY - 0.1 && f.number / FPS < t + 1;
        const first = frames.findIndex((f, i) => i >= count && near(f));
        assert.ok(first >= 0, `frames ${frames.slice(count).map((f) => f.number)}`);
        const ms = frames[first].now - sought.at;
        d.diagnostic(`first packet ${ms.toFixed(0)} ms after the seek, at ${(frames[first].number / FPS).toFixed(2)} s`);
        waits.push(ms);
        frames.slice(first).forEach((f, i) => assert.equal(f.number, frames[first].number + i));
        assert.ok(p.frames.audio.length > heard + 20, 'sound goes on');
        p.assertUnbroken();
      });
    }

    test('the first packet after a seek', (d) => {
      const median = waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)];
      d.diagnostic(`median of ${waits.length}: ${median?.toFixed(0)} ms`);
      assert.ok(median <= FIRST_AFTER_SEEK * PATIENCE, `${median} ms`);
    });

    for (const rate of [2, 0.5]) {
      test(`rate ${rate}`, async () => {
        await p.control({ action: 'seek', t: 5 });
        assert.equal((await p.control({ action: 'rate', rate })).rate, rate);
        await sleep(300);
        const from = p.frames.video.length;
        await sleep(1500);
        const frames = (await p.decoded()).slice(from);
        const pace = (frames.at(-1).number - frames[0].number) / FPS / ((frames.at(-1).now - frames[0].now) / 1000);
        assert.ok(Math.abs(pace - rate) < 0.25 * rate, `the film went ${pace.toFixed(2)} as fast`);
        assertRealTime(frames, 90000, 'pictures');
        assertRealTime(p.frames.audio.slice(-40), 48000, 'sound');
      });
    }

    test('ends, and says so', async () => {
      await p.control({ action: 'rate', rate: 1 });
      await p.control({ action: 'seek', t: LENGTH - 1 });
      const told = p.events.length;
      await until('the end', 6000, () => p.events.slice(told).some((e) => e.name === 'ended'));
      assert.equal(p.events.findLast((e) => e.name === 'ended').data.state, 'ended');
      assert.equal((await p.decoded()).at(-1).number, LENGTH * FPS - 1);
      const packets = p.reception.video.packets;
      await sleep(400);
      assert.equal(p.reception.video.packets, packets, 'nothing follows');
      await p.control({ action: 'seek', t: 1 });
      assert.equal((await p.control({ action: 'play' })).state, 'playing');
      await until('more pictures', 2000, () => p.reception.video.packets > packets + 5);
    });

    test('one unbroken stream, from first to last', () => {
      p.assertUnbroken();
      assertRealTime(p.frames.video, 90000, 'pictures');
      assertRealTime(p.frames.audio, 48000, 'sound');
      assert.equal(p.streamError, undefined);
      const positions = p.events.filter((e) => e.name === 'position');
      assert.ok(positions.length >= 5, `${positions.length} position events`);
    });
  });
}

describe('beginnings', available, () => {
  test('?t= starts there', async () => {
    const p = await Player.open(datachannel, 'vp8', '?t=12.5');
    await sleep(300);
    const { number } = (await p.decoded())[0];
    await p.close();
    assert.ok(number / FPS <= 12.6 && number / FPS >= 12.5 - KEY_EVERY, `frame ${number}`);
  });

  test('control refuses what makes no sense, in words', async () => {
    const p = await Player.open(datachannel, 'vp8');
    for (const [body, word] of [[{ action: 'seek' }, /t/], [{ action: 'seek', t: -1 }, /t/],
      [{ action: 'rate', rate: 9 }, /rate/], [{ action: 'dance' }, /action/], [{}, /action/]]) {
      await assert.rejects(p.session.control(body), (e) => /^400 /.test(e.message) && word.test(e.message));
    }
    await assert.doesNotReject(p.session.control({ action: 'seek', t: 19 }));
    await p.close();
  });

  test('a walkthrough nobody published is not there', async () => {
    const r = await fetch(`${server.base}/whep/w/nothing`, { method: 'POST', body: 'v=0\r\n',
      headers: { 'content-type': 'application/sdp' } });
    assert.equal(r.status, 404);
  });
});
