// Malformed and hostile datagrams on the media port, from strangers and from peers that were let in,
// while a visit goes on: its viewer must not lose a packet, and what was refused is counted.
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { after, before, describe, test } from 'node:test';
import { LiveVisit } from './lib/live.mjs';
import { Peer, makeClips } from './lib/peers.mjs';
import { PATIENCE, Server, sleep, until } from './lib/server.mjs';
import { attribute, check, concat, stun, u16, u32 } from './lib/stun.mjs';
import { Session } from './peers/whip.mjs';
import * as werift from './peers/werift.mjs';

const MANY = 3000;
const BATCH = 60; // datagrams every few milliseconds: some 10,000 a second

let server;
let clips;
let live;
let stranger;
let credentials; // of a session that was asked for and never came: { ufrag, pwd, remote }

before(async () => {
  server = await Server.start();
  clips = await makeClips(server.dir);
  live = await LiveVisit.start(server, clips);
  stranger = createSocket('udp4');
  stranger.on('error', () => {});
  const visit = await server.visit('Nobody comes');
  const peer = await werift.open('watch', 'vp8', () => {});
  const offer = await peer.offer();
  const answer = await new Session(visit.whep, visit.invite).offer(offer);
  await peer.close();
  const of = (sdp, name) => new RegExp(`a=${name}:(\\S+)`).exec(sdp)[1];
  credentials = { ufrag: of(answer, 'ice-ufrag'), pwd: of(answer, 'ice-pwd'), remote: of(offer, 'ice-ufrag') };
});
after(async () => {
  stranger?.close();
  await live?.stop();
  await server?.stop();
});

async function metrics() {
  const text = await (await fetch(`${server.base}/metrics`)).text();
  return Object.fromEntries([...text.matchAll(/^(\w+) (\d+)$/gm)].map((m) => [m[1], Number(m[2])]));
}

/** What the named counters rose by, together; waits for `least`, since the server sums up now and then. */
async function rise(before, least, ...names) {
  let sum = 0;
  await until(`${least} of ${names}`, 4000, async () => {
    const now = await metrics();
    sum = names.reduce((n, name) => n + now[`parlour_media_${name}_total`] - before[`parlour_media_${name}_total`], 0);
    return sum >= least;
  });
  return sum;
}

async function flood(make, count = MANY, send = (d) => stranger.send(d, server.mediaPort, '127.0.0.1', () => {})) {
  for (let i = 0; i < count; i++) {
    send(make(i));
    if (i % BATCH === BATCH - 1) await sleep(5);
  }
  await sleep(100);
}

function damaged(bytes) {
  const copy = Buffer.from(bytes);
  for (let i = randomInt(1, 6); i > 0; i--) copy[randomInt(copy.length)] = randomInt(256);
  return copy.subarray(0, randomInt(4) ? copy.length : randomInt(copy.length));
}

// --- DTLS, RTP, RTCP

function dtlsRecord(type, body, { version = 0xfefd, claim = body.length, epoch = 0 } = {}) {
  return concat([type], u16(version), u16(epoch), randomBytes(6), u16(claim), body);
}

function handshake(type, size, offset, piece, claim = piece.length) {
  const u24 = (n) => [n >> 16 & 255, n >> 8 & 255, n & 255];
  return concat([type], u24(size), u16(0), u24(offset), u24(claim), piece);
}

const DTLS = [
  () => dtlsRecord(22, handshake(1, 300, 0, randomBytes(300))),
  () => dtlsRecord(22, handshake(1, 0xffffff, randomInt(0xffff), randomBytes(50))),
  () => dtlsRecord(22, handshake(1, 200, 190, randomBytes(40), 0xffffff)),
  () => dtlsRecord(22, randomBytes(30), { claim: 0xffff }),
  () => dtlsRecord(20, [1]),
  () => dtlsRecord(21, [2, 40]),
  () => dtlsRecord(23, randomBytes(100), { epoch: 1 }),
  () => dtlsRecord(randomInt(20, 64), randomBytes(randomInt(0, 1200))),
];

const rtp = (ssrc, size) => concat([0x80 | randomInt(64), randomInt(128)], randomBytes(6), u32(ssrc), randomBytes(size));

const RTCP = [
  () => concat([0x80 | randomInt(32), randomInt(192, 224)], u16(randomInt(65536)), randomBytes(randomInt(0, 200))), // lying length
  () => concat([0x81, 205], u16(3), u32(1), u32(randomInt(4)), u16(randomInt(65536)), u16(0xffff)), // NACK of everything
  () => concat([0x8f, 205], u16(5), u32(1), u32(2), randomBytes(12)), // transport-wide feedback
  () => concat([0x81, 206], u16(2), u32(1), u32(randomInt(4))), // PLI
  () => concat([0x84, 206], u16(4), u32(1), u32(0), randomBytes(8)), // FIR
  () => concat([0x9f, 201], u16(1), u32(1)), // RR that claims 31 blocks
  () => concat([0x80, 200], u16(6), u32(1), randomBytes(20)), // SR from another century
  () => concat([0x82, 203], u16(1), u32(1)), // BYE of more sources than there are
  () => concat([0x8f, 206], u16(4), u32(1), u32(0), Buffer.from('REMB'), randomBytes(4)),
];
const anyOf = (makers) => makers[randomInt(makers.length)]();

describe('strangers', () => {
  const FLOODS = [
    ['random bytes', () => randomBytes(randomInt(0, 1500)), ['bad_stun', 'unknown_path']],
    ['no bytes at all', () => Buffer.alloc(0), null],
    ['giant datagrams', () => randomBytes(40_000), null, 200],
    ['STUN with damaged bytes', () => damaged(check(`${credentials.ufrag}:${credentials.remote}`, credentials.pwd)), ['bad_stun', 'unknown_path']],
    ['STUN with lying lengths', () => stun(1, [attribute(6, randomBytes(20), randomInt(65536))], { claim: randomInt(65536) }), ['bad_stun']],
    ['STUN with a thousand attributes', () => stun(1, Array.from({ length: 300 }, () => attribute(randomInt(65536), Buffer.alloc(0)))), ['bad_stun', 'unknown_path'], 500],
    ['checks of unknown people', () => check(`${randomBytes(4).toString('hex')}:abcd`, 'x'.repeat(24)), ['bad_stun', 'unknown_path']],
    ['checks of a real name with a wrong password', () => check(`${credentials.ufrag}:${credentials.remote}`, 'x'.repeat(24)), ['bad_stun']],
    ['STUN answers that nobody asked for', () => stun(0x101, [attribute(0x20, randomBytes(8))]), ['bad_stun', 'unknown_path']],
    ['DTLS before any check', () => anyOf(DTLS), ['unknown_path', 'bad_dtls']],
    ['RTP and RTCP with the live source\'s SSRC', (i) => (i % 2 ? rtp(0x11112222, randomInt(0, 1200)) : anyOf(RTCP)), ['unknown_path', 'bad_srtp']],
  ];
  for (const [what, make, counters, count] of FLOODS) {
    test(what, async (t) => {
      const before = await metrics();
      await flood(make, count);
      if (counters) {
        t.diagnostic(`${await rise(before, (count ?? MANY) / 2, ...counters)} counted as refused`);
      }
      await live.assertUndisturbed(what);
    });
  }

  test('addresses that a peer names as its candidates get nothing from us', async () => {
    const victim = createSocket('udp4');
    let received = 0;
    victim.on('message', () => { received++; });
    await new Promise((done) => { victim.bind(0, '127.0.0.1', done); });
    const candidate = `a=candidate:1 1 udp 2130706431 127.0.0.1 ${victim.address().port} typ host\r\n`;
    const visit = await server.visit('Told of others');
    const peer = await werift.open('watch', 'vp8', () => {});
    const offer = (await peer.offer()).replace(/^a=candidate.*\r\n/gm, '').replace(/^(a=ice-ufrag.*\r\n)/gm, `${candidate}$1`);
    assert.match(offer, /127\.0\.0\.1/);
    const answer = await fetch(visit.whep, { method: 'POST', body: offer,
      headers: { 'content-type': 'application/sdp', authorization: `Bearer ${visit.invite}` } });
    assert.equal(answer.status, 201);
    const where = new URL(answer.headers.get('location'), server.base);
    const [ufrag, pwd, mid] = ['ice-ufrag', 'ice-pwd', 'mid'].map((name) => new RegExp(`a=${name}:(\\S+)`).exec(offer)[1]);
    const trickled = await fetch(where, { method: 'PATCH', headers: { 'content-type': 'application/trickle-ice-sdpfrag',
      authorization: `Bearer ${visit.invite}` }, body: `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:${mid}\r\n${candidate}` });
    assert.equal(trickled.status, 204);
    await sleep(1500); // longer than any first retransmission
    assert.equal(received, 0);
    victim.close();
    await peer.close();
  });

  test('a check repeated with the right password opens one door, not memory', async () => {
    const before = await metrics();
    const datagram = check(`${credentials.ufrag}:${credentials.remote}`, credentials.pwd);
    const sockets = Array.from({ length: 40 }, () => createSocket('udp4'));
    for (const s of sockets) for (let i = 0; i < 20; i++) s.send(datagram, server.mediaPort, '127.0.0.1');
    await sleep(200);
    await flood(() => anyOf(DTLS), 500, (d) => sockets[randomInt(40)].send(d, server.mediaPort, '127.0.0.1'));
    for (const s of sockets) s.close();
    assert.equal((await metrics()).parlour_media_sessions, before.parlour_media_sessions);
    await live.assertUndisturbed('after the many paths');
  });
});

// --- peers that were let in

/** A peer whose keys are good and whose manners are not. */
class Vandal {
  static async open(role) {
    const v = new Vandal();
    v.packets = 0;
    v.visit = await server.visit(`A vandal who wants to ${role}`);
    v.peer = await werift.open(role, 'vp8', () => { v.packets++; });
    v.session = role === 'publish' ? new Session(`${v.visit.whip}?source=camera`, v.visit.streamKey)
      : new Session(v.visit.whep, v.visit.invite);
    await v.peer.answer(await v.session.offer(await v.peer.offer()));
    await v.peer.connected;
    v.transport = v.peer.transport();
    return v;
  }

  datagram(bytes) { this.transport.iceTransport.connection.send(bytes).catch(() => {}); }

  rtcp(bytes) { this.transport.sendRtcp([{ serialize: () => bytes }]).catch(() => {}); }

  async close() {
    await this.session.end();
    await this.peer.close();
  }
}

for (const role of ['publish', 'watch']) {
  describe(`a peer that was let in to ${role}`, () => {
    let vandal;
    before(async () => { vandal = await Vandal.open(role); });
    after(() => vandal?.close());

    const KINDS = [
      ['packets that were sealed with other keys', () => rtp(randomInt(10), randomInt(20, 1000)), ['bad_srtp', 'bad_rtp', 'bad_rtcp']],
      ['DTLS records inside the session', () => anyOf(DTLS), null],
      ['STUN nonsense', () => damaged(stun(1, [attribute(6, randomBytes(9))])), ['bad_stun', 'unknown_path']],
      ['first bytes of no protocol', () => concat([randomInt(64, 128)], randomBytes(50)), null],
    ];
    for (const [what, make, counters] of KINDS) {
      test(what, async () => {
        const before = await metrics();
        await flood(make, 1500, (d) => vandal.datagram(d));
        if (counters) await rise(before, 700, ...counters);
        await live.assertUndisturbed(what);
      });
    }

    test('well sealed RTCP that is nonsense', async () => {
      await flood(() => anyOf(RTCP), 1500, (d) => vandal.rtcp(d));
      await live.assertUndisturbed('sealed RTCP');
    });

    if (role === 'publish') {
      test('well sealed RTP that is nonsense, then a stream that is none', async () => {
        await flood((i) => i, 1500, (i) => vandal.peer.sendRaw({ payloadType: randomInt(128), ssrc: randomInt(i % 3 ? 4 : 1 << 30),
          sequenceNumber: randomInt(65536), timestamp: randomInt(2 ** 32), marker: i % 2 === 0, padding: i % 5 === 0 },
        randomBytes(randomInt(0, 1100))));
        await live.assertUndisturbed('sealed RTP');
      });

      test('and whoever publishes there next is seen', async () => {
        await vandal.close();
        const source = new Peer('datachannel', 'publish', { url: `${vandal.visit.whip}?source=camera`,
          token: vandal.visit.streamKey, codec: 'vp8', clip: clips.vp8, sound: clips.opus });
        await source.event('connected');
        const viewer = new Peer('aiortc', 'watch', { url: vandal.visit.whep, token: vandal.visit.invite, seconds: 2 });
        const seen = await viewer.event('result');
        await Promise.all([viewer.stop(), source.stop()]);
        assert.ok(seen.frames > 15 && seen.unreadable + seen.wrong_colour + seen.backwards === 0, JSON.stringify(seen));
      });
    }
  });
}

test('a replayed packet is forwarded once', async () => {
  const before = await metrics();
  const vandal = await Vandal.open('publish');
  const sealed = vandal.peer.seal({ payloadType: 96, ssrc: 77, sequenceNumber: 5, timestamp: 1, marker: true }, randomBytes(100));
  await flood(() => sealed, 500, (d) => vandal.datagram(d));
  await rise(before, 300, 'replayed');
  await vandal.close();
  await live.assertUndisturbed('replays');
});

test('a hundred sessions that never come, then one that does', async () => {
  const visit = await server.visit('Many are called');
  const peer = await werift.open('watch', 'vp8', () => {});
  const offer = await peer.offer();
  const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(visit.whep, { method: 'POST', body: offer,
    headers: { 'content-type': 'application/sdp', authorization: `Bearer ${visit.invite}` } })));
  for (const r of answers) assert.ok([201, 429].includes(r.status), `${r.status}`);
  const session = new Session(visit.whep, visit.invite);
  await peer.answer(await session.offer(offer));
  await Promise.race([peer.connected, sleep(5000 * PATIENCE).then(() => assert.fail('not connected'))]);
  await session.end();
  await peer.close();
  await live.assertUndisturbed('sessions that never come');
});
