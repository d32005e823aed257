// What goes wrong with one side of a visit hurts that side alone: beside each fault a healthy viewer of the same
// visit (of a faulty publisher: of another one) loses nothing, and a metric tells of it.
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LoadClient } from '../bench/load_client.mjs';
import { LiveVisit } from './lib/live.mjs';
import { Peer, makeClips } from './lib/peers.mjs';
import { BUILD, PATIENCE, Server, sleep, until } from './lib/server.mjs';
import { check, concat, u16, u32 } from './lib/stun.mjs';
import { Session } from './peers/whip.mjs';
import * as werift from './peers/werift.mjs';

let server, clips, live;

before(async () => {
  server = await Server.start(['--sessions-per-address', '4000', '--session-rate-per-address', '100000',
    '--connections-per-address', '4000']);
  clips = await makeClips(server.dir);
  live = await LiveVisit.start(server, clips);
});
after(async () => {
  await live?.stop();
  await server?.stop();
});

async function metrics() {
  const text = await (await fetch(`${server.base}/metrics`)).text();
  return Object.fromEntries([...text.matchAll(/^(\w+(?:\{[^}]*\})?) ([\d.]+)$/gm)].map((m) => [m[1], Number(m[2])]));
}

/** Waits until the counter has risen by `least`; what it rose by. */
async function rise(before, name, least) {
  let by = 0;
  await until(`${least} more of ${name}`, 5000, async () => {
    by = (await metrics())[name] - (before[name] ?? 0);
    return by >= least;
  });
  return by;
}

/** Somebody in the live visit (or, publishing, in one of their own) whose keys are good and whose manners are not. */
class Guest {
  static async open(role = 'watch') {
    const g = new Guest();
    g.visit = role === 'watch' ? live.visit : await server.visit('A broken camera');
    g.session = role === 'watch' ? new Session(g.visit.whep, g.visit.invite)
      : new Session(`${g.visit.whip}?source=camera`, g.visit.streamKey);
    g.packets = 0;
    g.ssrcs = new Set();
    g.peer = await werift.open(role, 'vp8', (kind, rtp) => { g.packets++; if (kind === 'video') g.ssrcs.add(rtp.ssrc); });
    const offer = await g.peer.offer();
    g.answer = await g.session.offer(offer);
    g.of = (sdp, name) => new RegExp(`a=${name}:(\\S+)`).exec(sdp)[1];
    g.remote = g.of(offer, 'ice-ufrag');
    await g.peer.answer(g.answer);
    await Promise.race([g.peer.connected, sleep(10_000 * PATIENCE).then(() => assert.fail('not connected'))]);
    g.transport = g.peer.transport();
    return g;
  }

  datagram(bytes) { this.transport.iceTransport.connection.send(bytes).catch(() => {}); }

  rtcp(bytes) { this.transport.sendRtcp([{ serialize: () => bytes }]).catch(() => {}); }

  async close() {
    await this.session.end();
    await this.peer.close();
  }
}

async function often(count, send) {
  for (let i = 0; i < count; i++) {
    send(i);
    if (i % 60 === 59) await sleep(5);
  }
}

// These two end by themselves after 30 s; the last test but one looks whether they have.
const TIMED_OUT = 'parlour_sessions_ended_total{reason="timeout"}';
const UNFINISHED = 50;
let stuck, timedOut; // the counter before

test('a viewer that stops reading', async () => {
  timedOut = (await metrics())[TIMED_OUT];
  stuck = new Peer('datachannel', 'watch', { url: live.visit.whep, token: live.visit.invite, codec: 'vp8', seconds: 600 });
  await stuck.event('first_frame');
  await live.assertUndisturbed('before it stops');
  stuck.child.kill('SIGSTOP');
  await sleep(2000);
  await live.assertUndisturbed('a viewer that does not read');
});

test('viewers that never finish their handshake', async (t) => {
  const before = await metrics();
  const peer = await werift.open('watch', 'vp8', () => {});
  t.after(() => peer.close());
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const offer = await peer.offer();
  const of = (sdp, name) => new RegExp(`a=${name}:(\\S+)`).exec(sdp)[1];
  for (let i = 0; i < UNFINISHED; i++) {
    const answer = await new Session(live.visit.whep, live.visit.invite).offer(offer);
    // It passes a check and then begins a handshake that it never goes on with.
    socket.send(check(`${of(answer, 'ice-ufrag')}:${of(offer, 'ice-ufrag')}`, of(answer, 'ice-pwd')), server.mediaPort, '127.0.0.1');
    socket.send(concat([22], u16(0xfefd), randomBytes(8), u16(60), [1, 0, 0, 200, 0, 0, 0, 0, 0, 0, 0, 48], randomBytes(48)),
      server.mediaPort, '127.0.0.1');
  }
  await rise(before, 'parlour_media_sessions_opened_total', UNFINISHED);
  await live.assertUndisturbed('handshakes that do not end');
});

test('a viewer of the same visit that sends garbage as SRTP', async () => {
  const guest = await Guest.open();
  const before = await metrics();
  await often(2000, () => guest.datagram(concat([0x80, 96], randomBytes(randomInt(10, 1100)))));
  await rise(before, 'parlour_media_bad_srtp_total', 1000);
  await live.assertUndisturbed('garbage as SRTP');
  const had = guest.packets;
  await until('its own pictures to go on', 5000, () => guest.packets > had + 20);
  await guest.close();
});

test('a viewer that floods well signed checks', async () => {
  const guest = await Guest.open();
  const before = await metrics();
  const datagram = check(`${guest.of(guest.answer, 'ice-ufrag')}:${guest.remote}`, guest.of(guest.answer, 'ice-pwd'));
  const socket = createSocket('udp4');
  await often(4000, () => socket.send(datagram, server.mediaPort, '127.0.0.1'));
  await rise(before, 'parlour_media_stun_flooded_total', 2000);
  socket.close();
  await live.assertUndisturbed('a flood of checks');
  const had = guest.packets;
  await until('its own pictures to go on', 5000, () => guest.packets > had + 20);
  await guest.close();
});

test('a viewer that says it lost everything, again and again', async () => {
  const guest = await Guest.open();
  await until('its pictures', 5000, () => guest.ssrcs.size > 0);
  const [ssrc] = guest.ssrcs;
  const before = await metrics();
  await often(3000, (i) => guest.rtcp(concat([0x81, 205], u16(3), u32(1), u32(ssrc), u16(i * 17 & 0xffff), u16(0xffff))));
  await rise(before, 'parlour_media_nacks_received_total', 1000);
  const refused = await rise(before, 'parlour_media_nacks_refused_total', 10_000);
  const again = (await metrics()).parlour_media_retransmitted_total - before.parlour_media_retransmitted_total;
  assert.ok(again < 3000, `${again} packets sent again, ${refused} refused`);
  await live.assertUndisturbed('NACKs of everything');
  await guest.close();
});

/** One VP8 packet that is a whole frame of this size; only its header is read by us. */
function frame(key, width, height) {
  const head = key ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, width & 255, width >> 8, height & 255, height >> 8] : [0x11, 0, 0];
  return concat([0x10], head, randomBytes(300));
}

test('a publisher that changes its SSRC and resolution, stalls, and sends datagrams of 9,000 bytes', async () => {
  const camera = await Guest.open('publish');
  await server.must('PATCH', `/api/v1/visits/${camera.visit.id}`, { title: 'Still a visit' });
  const seen = [];
  const viewer = await werift.open('watch', 'vp8', (kind, rtp) => { if (kind === 'video') seen.push(rtp); });
  const session = new Session(camera.visit.whep, camera.visit.invite);
  await viewer.answer(await session.offer(await viewer.offer()));
  await viewer.connected;

  let sequence = 1000, timestamp = 0;
  const send = (ssrc, payload) => camera.peer.sendRaw({ payloadType: 96, ssrc, sequenceNumber: sequence++ & 0xffff,
    timestamp: timestamp += 3000, marker: true }, payload);
  const stream = async (ssrc, width, height, frames) => {
    for (let i = 0; i < frames; i++) {
      send(ssrc, frame(i % 15 === 0, width, height));
      await sleep(10);
    }
  };
  await stream(0x5001, 640, 360, 60);
  sequence = 40_000;
  await stream(0x5002, 1280, 720, 60); // another camera, at once
  const before = await metrics();
  await often(200, () => camera.datagram(concat([0x80, 96], randomBytes(9000))));
  await rise(before, 'parlour_media_oversized_total', 100);
  await sleep(3500); // it stalls: told as not alive
  const { sources } = await server.must('GET', `/api/v1/visits/${camera.visit.id}/live`);
  assert.equal(sources[0].alive, false, JSON.stringify(sources));
  await stream(0x5002, 320, 180, 60);
  await until('the pictures after all that', 5000, () => seen.length >= 120);
  assert.equal(new Set(seen.map((rtp) => rtp.ssrc)).size, 1, 'its viewer sees one stream');
  const numbers = seen.map((rtp) => rtp.seq);
  const holes = numbers.filter((n, i) => i > 0 && n !== (numbers[i - 1] + 1 & 0xffff)).length;
  assert.equal(holes, 0, 'without a hole');
  await live.assertUndisturbed('a broken publisher');
  await session.end();
  await viewer.close();
  await camera.close();
});

test('who stopped reading and who never finished was ended, and it is told why', async () => {
  await until('their ends', 60_000, async () => (await metrics())[TIMED_OUT] - timedOut > UNFINISHED);
  await stuck.kill();
  await live.assertUndisturbed('after their ends');
});

test('kill −9 under 300 viewers: the server that comes back serves them all again', async (t) => {
  const program = join(BUILD, 'tests/bench/load_client');
  if (!existsSync(program) || /[at]san/.test(BUILD)) return t.skip('no load client, or one under a sanitizer');
  await live.stop();
  live = null;
  const load = new LoadClient(program, 'faults');
  t.after(() => load.end());
  const visit = await server.visit('A large audience');
  await load.ask(`source whip ${visit.whip}?source=camera ${server.token}`);
  await load.ask('size 1');
  await load.ask('gop 0');
  await load.ask(`target whep ${visit.whep} ${visit.invite} 0`);
  const first = await load.ask('join 300 60');
  assert.equal(first.failed, 0, JSON.stringify(first));
  await server.kill();
  await load.ask('wait 0.3');
  const from = performance.now();
  await server.restart();
  await load.ask('source stop');
  await load.ask('leave');
  await load.ask(`source whip ${visit.whip}?source=camera ${server.token}`);
  await load.ask('size 1');
  const again = await load.ask('join 300 60');
  t.diagnostic(`300 again: p50 ${again.p50} ms, p99 ${again.p99} ms, ${Math.round(performance.now() - from)} ms from the start of the server`);
  assert.equal(again.failed, 0, JSON.stringify(again));
  assert.ok(again.key_requests <= Math.ceil(again.seconds) + 1, `${again.key_requests} key-frame requests`);
  await until('the metrics to count them all', 2000, async () => (await metrics())['parlour_media_sessions_by_role{role="watch"}'] === 300);
});
