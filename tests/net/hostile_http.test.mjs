// Hostile offers, HTTP, JSON and WebSocket input against the running server: each is answered with a
// 4xx and the reason in words (or the documented close code), and a visit that goes on beside it does
// not lose a packet.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { LiveVisit } from './lib/live.mjs';
import { makeClips } from './lib/peers.mjs';
import { PATIENCE, Server, sleep, until } from './lib/server.mjs';
import { RawWebSocket } from './lib/websocket.mjs';
import * as datachannel from './peers/datachannel.mjs';

let server;
let live; // goes on beside all this
let target; // the visit that is knocked at
let offers;

before(async () => {
  server = await Server.start();
  live = await LiveVisit.start(server, await makeClips(server.dir));
  target = await server.visit('A visit to knock at');
  offers = {};
  for (const role of ['publish', 'watch']) {
    const peer = await datachannel.open(role, 'vp8', () => {});
    offers[role] = await peer.offer();
    peer.close();
  }
});
after(async () => {
  datachannel.cleanup();
  await live?.stop();
  await server?.stop();
});

const DOORS = {
  WHIP: { role: 'publish', url: () => target.whip, token: () => target.streamKey },
  WHEP: { role: 'watch', url: () => target.whep, token: () => target.invite },
};

async function post(url, body, { token, type = 'application/sdp', method = 'POST' } = {}) {
  const headers = {};
  if (type) headers['content-type'] = type;
  if (token) headers.authorization = `Bearer ${token}`;
  const r = await fetch(url, { method, body, headers });
  const text = await r.text();
  let problem = null;
  try { problem = JSON.parse(text); } catch { /* asserted below */ }
  return { status: r.status, text, problem, type: r.headers.get('content-type'), location: r.headers.get('location') };
}

/** RFC 9457 with a type that stays and a sentence for people. */
function assertProblem(r, statuses, what, words) {
  const said = `${what}: ${r.status} ${r.text.slice(0, 300)}`;
  assert.ok(statuses.includes(r.status), said);
  assert.match(r.type ?? '', /^application\/problem\+json/, said);
  assert.match(r.problem?.type ?? '', /^urn:parlour:problem:[a-z-]+$/, said);
  assert.equal(r.problem.status, r.status, said);
  assert.ok((r.problem.detail ?? '').length >= 10 && /[.…]$/.test(r.problem.detail), said);
  if (words) assert.match(r.problem.detail, words, said);
}

const without = (sdp, re) => sdp.split('\r\n').filter((l) => !re.test(l)).join('\r\n');
const mediaLines = (sdp) => sdp.split(/(?=^m=)/m);

function hundredLines(sdp) {
  const [session, line] = mediaLines(sdp);
  const mids = Array.from({ length: 100 }, (_, i) => `x${i}`);
  return session.replace(/a=group:BUNDLE.*/, `a=group:BUNDLE ${mids.join(' ')}`) +
    mids.map((mid) => line.replace(/a=mid:.*/, `a=mid:${mid}`)).join('');
}

const foreignCodecs = (sdp) => sdp.replace(/VP8\/90000/g, 'H261/90000').replace(/opus\/48000\/2/gi, 'G728/8000')
  .split('\r\n').filter((l) => !/^a=fmtp/.test(l)).join('\r\n');

const OFFERS = [
  ['empty', () => '', [400, 422], null],
  ['blank', () => '\r\n\r\n', [400, 422], null],
  ['random bytes', () => randomBytes(2000), [400, 422], null],
  ['NUL bytes inside', (s) => s.replace('a=group', 'a=\0group'), [400, 422], null],
  ['no BUNDLE', (s) => without(s, /^a=group:BUNDLE/), [422], /bundle/i],
  ['no fingerprint', (s) => without(s, /^a=fingerprint/), [422], /fingerprint/i],
  ['an MD5 fingerprint', (s) => s.replace(/a=fingerprint:.*/g, `a=fingerprint:md5 ${Array(16).fill('AA').join(':')}`), [422], /fingerprint|sha/i],
  ['a fingerprint that is too short', (s) => s.replace(/a=fingerprint:sha-256 .*/g, 'a=fingerprint:sha-256 AA:BB'), [400, 422], /fingerprint/i],
  ['no ICE credentials', (s) => without(s, /^a=ice-(ufrag|pwd)/), [400, 422], /ice/i],
  ['a very short ICE password', (s) => s.replace(/a=ice-pwd:.*/g, 'a=ice-pwd:x'), [400, 422], /ice|password/i],
  ['setup:passive', (s) => s.replace(/a=setup:.*/g, 'a=setup:passive'), [422], /setup|passive|actpass/i],
  ['no rtcp-mux', (s) => without(s, /^a=rtcp-mux/), [422], /rtcp-mux|multiplex/i],
  ['a hundred m-lines', hundredLines, [400, 422], /m-lines|lines|sections|16/i],
  ['codecs that nobody has', foreignCodecs, [422], /codec/i],
  ['no m-line at all', (s) => mediaLines(s)[0], [400, 422], null],
  ['only a data channel', (s) => `${mediaLines(s)[0].replace(/a=group:BUNDLE.*/, 'a=group:BUNDLE 0')}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sctp-port:5000\r\na=setup:actpass\r\n`, [400, 422], null],
  ['two equal mids', (s) => s.replace(/a=mid:.*/g, 'a=mid:same').replace(/a=group:BUNDLE.*/, 'a=group:BUNDLE same same'), [400, 422], null],
  ['the wrong direction', (s) => s.replace(/a=sendonly/g, 'a=x').replace(/a=recvonly/g, 'a=sendonly').replace(/a=x/g, 'a=recvonly'), [422], null],
  ['one line of 60 KB', (s) => s.replace('t=0 0', `t=0 0\r\na=x:${'y'.repeat(60_000)}`).replace(/a=fingerprint/g, 'a=finger'), [400, 413, 422], null],
  ['1 MB', (s) => s + 'a=x:yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(18_000), [400, 413], null],
  ['HTML', () => '<!doctype html><title>hello</title>', [400, 422], null],
];

for (const [name, door] of Object.entries(DOORS)) {
  describe(`${name}: an offer that cannot be served`, () => {
    for (const [what, change, statuses, words] of OFFERS) {
      test(what, async () => {
        const r = await post(door.url(), change(offers[door.role]), { token: door.token() });
        assertProblem(r, statuses, what, words);
      });
    }
    test('the offer as it was is served', async () => {
      const r = await post(door.url(), offers[door.role], { token: door.token() });
      assert.equal(r.status, 201, r.text);
      const gone = await post(new URL(r.location, server.base), undefined, { token: door.token(), method: 'DELETE', type: null });
      assert.equal(gone.status, 200);
    });
  });
}

describe('who may not come in', () => {
  for (const [name, door] of Object.entries(DOORS)) {
    test(`${name}: no token, wrong token, wrong type, wrong visit, ended visit`, async () => {
      const offer = offers[door.role];
      assertProblem(await post(door.url(), offer), [401], 'no token', /token/i);
      assertProblem(await post(door.url(), offer, { token: 'nobody' }), [403], 'wrong token', null);
      assertProblem(await post(door.url(), offer, { token: 'x'.repeat(5000) }), [400, 401, 403, 431], 'giant token', null);
      assertProblem(await post(door.url(), offer, { token: door.token(), type: 'application/json' }), [415], 'type', null);
      assertProblem(await post(door.url(), offer, { token: door.token(), type: null }), [415], 'no type', null);
      const unknown = door.url().replace(target.id, 'AAAAAAAAAAAA');
      assertProblem(await post(unknown, offer, { token: server.token }), [404], 'unknown visit', null);
      assertProblem(await post(unknown, offer, { token: door.token() }), [403, 404], 'another visit', null);
      const over = await server.visit('over');
      await server.must('POST', `/api/v1/visits/${over.id}/end`);
      const url = name === 'WHIP' ? over.whip : over.whep;
      assertProblem(await post(url, offer, { token: server.token }), [409], 'ended visit', /ended/i);
      const revoked = await server.visit('revoked');
      await server.must('DELETE', `/api/v1/visits/${revoked.id}/invites/${revoked.inviteId}`);
      assertProblem(await post(revoked.whep, offers.watch, { token: revoked.invite }), [401, 403], 'revoked invite', null);
    });
  }
  test('a customer may not publish as the rep, an invite opens one visit only', async () => {
    const other = await server.visit('another');
    assertProblem(await post(`${live.visit.whip}?source=content`, offers.publish, { token: live.visit.invite }), [403], 'content', null);
    assertProblem(await post(other.whep, offers.watch, { token: live.visit.invite }), [403, 404], 'other visit', null);
    assertProblem(await post(`${live.visit.whip}?source=banana`, offers.publish, { token: live.visit.streamKey }), [400], 'source', /source/);
  });
  after(() => live.assertUndisturbed('after the refusals'));
});

// --- bytes on the wire

/** Sends bytes and gathers what comes until the connection closes or `ms` have passed. */
function wire(bytes, { ms = 3000, localAddress } = {}) {
  return new Promise((done) => {
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress });
    let text = '';
    const timer = setTimeout(() => socket.destroy(), ms * PATIENCE);
    socket.on('data', (d) => { text += d.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      done({ text, status: Number(/^HTTP\/1\.[01] (\d+)/.exec(text)?.[1] ?? 0) });
    });
    socket.write(bytes);
  });
}

/** healthz as somebody else in the house sees it. */
function healthFrom(localAddress) {
  return new Promise((done, fail) => {
    const r = request({ host: '127.0.0.1', port: server.port, path: '/healthz', localAddress, agent: false, timeout: 4000 * PATIENCE },
      (answer) => { answer.resume(); done(answer.statusCode); });
    r.on('timeout', () => r.destroy(new Error('no answer')));
    r.on('error', fail);
    r.end();
  });
}

describe('hostile HTTP', () => {
  const head = (line, ...more) => [line, `Host: 127.0.0.1:${server.port}`, ...more, '', ''].join('\r\n');

  test('what is no HTTP is refused or closed', async () => {
    for (const bytes of [randomBytes(3000), '\x16\x03\x01\x02\x00\x01\x00', '\r\n'.repeat(3000), 'GET\r\n\r\n',
      'BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET /%zz%00/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n']) {
      const r = await wire(bytes, { ms: 700 });
      assert.ok(r.status === 0 || (r.status >= 400 && r.status !== 500), `${JSON.stringify(String(bytes).slice(0, 40))}: ${r.status}`);
    }
  });

  test('giant headers', async () => {
    for (const r of await Promise.all([
      wire(head('GET /healthz HTTP/1.1', `X: ${'y'.repeat(100_000)}`)),
      wire(head('GET /healthz HTTP/1.1', ...Array.from({ length: 5000 }, (_, i) => `X-${i}: y`))),
      wire(head(`GET /${'a'.repeat(100_000)} HTTP/1.1`)),
    ])) assert.ok(r.status === 0 || [400, 414, 431].includes(r.status), `${r.status}`);
  });

  test('contradicting and impossible lengths', async () => {
    const post = 'POST /api/v1/visits HTTP/1.1';
    const json = ['Content-Type: application/json', `Authorization: Bearer ${server.token}`];
    for (const [more, body] of [
      [['Content-Length: -1'], ''], [['Content-Length: 99999999999999999999'], ''], [['Content-Length: 1e3'], ''],
      [['Content-Length: 10000000000'], '{'], [['Content-Length: 5', 'Content-Length: 50'], '{"a":'],
      [['Transfer-Encoding: chunked'], 'FFFFFFFFFFFFFFFFFF\r\n'], [['Transfer-Encoding: chunked'], 'zz\r\n'],
    ]) {
      const r = await wire(head(post, ...json, ...more) + body, { ms: 700 });
      assert.ok(r.status === 0 || (r.status >= 400 && r.status < 500) || r.status === 501, `${more}: ${r.status}`);
    }
  });

  test('three hundred half-open requests from one address starve nobody else', async () => {
    const sockets = [];
    for (let i = 0; i < 300; i++) {
      const s = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
      s.on('error', () => {});
      s.write(i % 2 ? 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ' :
        `POST /whep/${live.visit.id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nAuthorization: Bearer ${live.visit.invite}\r\nContent-Length: 4000\r\n\r\nv=0\r\n`);
      sockets.push(s);
    }
    await sleep(500);
    for (const s of sockets) if (!s.destroyed) s.write('y');
    assert.equal(await healthFrom('127.0.0.3'), 200);
    const r = await post(live.visit.whep, offers.watch, { token: live.visit.invite });
    assert.equal(r.status, 201);
    await post(new URL(r.location, server.base), undefined, { token: live.visit.invite, method: 'DELETE', type: null });
    await live.assertUndisturbed('with half-open requests');
    for (const s of sockets) s.destroy();
    await sleep(100);
    assert.equal(await healthFrom('127.0.0.2'), 200);
  });

  test('a body that never ends is not waited for forever', { timeout: 90_000 }, async (t) => {
    const begin = Date.now();
    const r = await wire(head(`POST /whep/${live.visit.id} HTTP/1.1`, 'Content-Type: application/sdp',
      `Authorization: Bearer ${live.visit.invite}`, 'Content-Length: 4000') + 'v=0\r\n', { ms: 45_000 / PATIENCE });
    const seconds = (Date.now() - begin) / 1000;
    t.diagnostic(`given up after ${seconds.toFixed(0)} s with ${r.status}`);
    assert.ok(seconds < 40, 'still open after 40 s');
    assert.ok([0, 408].includes(r.status), `${r.status}`);
  });

  after(() => live.assertUndisturbed('after hostile HTTP'));
});

describe('hostile JSON', () => {
  const BODIES = [
    ['nothing', ''], ['a lone quote', '"'], ['no object', '[1,2,3]'], ['a number', '1e999'], ['cut off', '{"title": "A'],
    ['100,000 brackets', '['.repeat(100_000)], ['100,000 objects', '{"a":'.repeat(100_000)],
    ['a title of 900 KB', JSON.stringify({ title: 'x'.repeat(900_000) })],
    ['50,000 members', JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i])))],
    ['a member twice', '{"title":"a","title":"b"}'], ['an unknown member', '{"title":"a","admin":true}'],
    ['a NUL', '{"title":"a\\u0000b"}'], ['a lone surrogate', '{"title":"\\ud800"}'], ['bad UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['the wrong type', '{"title":{"a":1}}'], ['an impossible time', '{"title":"a","starts_at":"2026-02-31T25:61:00Z"}'],
    ['a comment', '{/**/"title":"a"}'], ['trailing text', '{"title":"a"} {"title":"b"}'],
  ];
  for (const [what, body] of BODIES) {
    test(what, async () => {
      const r = await post(`${server.base}/api/v1/visits`, body, { token: server.token, type: 'application/json' });
      assertProblem(r, [400, 413, 422], what, null);
      if (what === 'an unknown member') assert.match(r.text, /admin/);
    });
  }
  after(() => live.assertUndisturbed('after hostile JSON'));
});

describe('hostile WebSocket', () => {
  const hello = () => ({ v: 1, id: '1', type: 'hello', data: { visit: live.visit.id, token: live.visit.invite, name: 'Robin' } });

  async function greeted() {
    const ws = await RawWebSocket.open(server.port);
    ws.send(hello());
    await until('welcome', 3000, () => ws.messages.some((m) => m.type === 'welcome'));
    return ws;
  }

  const closing = (ws) => Promise.race([ws.closed, sleep(4000 * PATIENCE).then(() => 'still open')]);

  const CASES = [
    ['over 64 KiB', 1009, (ws) => ws.frame(1, `"${'x'.repeat(70_000)}"`)],
    ['over 64 KiB in pieces', 1009, (ws) => {
      ws.frame(1, '"', { fin: false });
      for (let i = 0; i < 80; i++) ws.frame(0, 'x'.repeat(1000), { fin: false });
    }],
    ['no JSON', 1007, (ws) => ws.frame(1, 'hello?')],
    ['deep JSON', 1007, (ws) => ws.frame(1, '['.repeat(60_000))],
    ['no envelope', 1007, (ws) => ws.frame(1, '[]')],
    ['bad UTF-8', 1007, (ws) => ws.frame(1, Buffer.from([0x22, 0xc3, 0x28, 0x22]))],
    ['binary', 1007, (ws) => ws.frame(2, randomBytes(100))],
    ['a flood', 1013, (ws) => { for (let i = 0; i < 3000; i++) ws.send({ v: 1, id: `${i}`, type: 'ping' }); }],
    // It may still be sending when the server has waited long enough: then TCP resets.
    ['a flood of tiny pieces', [1009, 1013, null], (ws) => {
      ws.frame(1, '"', { fin: false });
      for (let i = 0; i < 70_000; i++) ws.frame(0, 'x', { fin: false });
    }],
    ['unmasked', [1002, 1007, null], (ws) => ws.frame(1, '{}', { mask: false })],
    ['reserved bits', [1002, null], (ws) => ws.frame(1, '{}', { rsv: 7 })],
    ['an unknown opcode', [1002, null], (ws) => ws.frame(5, 'x')],
    ['a piece that continues nothing', [1002, 1007, null], (ws) => ws.frame(0, '{}')],
    ['a claim of 2^63 bytes', [1009, 1002, null], (ws) => {
      ws.frame(1, Buffer.alloc(65_600, 0x20), { claim: 2n ** 63n - 1n });
    }],
    ['random bytes', [1002, 1007, 1009, null], (ws) => ws.raw(Buffer.concat([Buffer.from([0xf3, 0x05]), randomBytes(500)]))],
  ];
  for (const [what, code, act] of CASES) {
    test(`${what} closes with ${[code].flat()[0]}`, async () => {
      const ws = await greeted();
      act(ws);
      const got = await closing(ws);
      assert.ok([code].flat().includes(got), `closed with ${got} ${ws.reason ?? ''}`);
      ws.close();
    });
  }

  test('wrong tokens and unknown visits close with 1008', async () => {
    for (const data of [{ visit: live.visit.id, token: 'nobody' }, { visit: 'AAAAAAAAAAAA', token: live.visit.invite },
      { visit: live.visit.id }, { token: live.visit.invite, resume: -1e308, visit: live.visit.id, participant: 'p999999' }]) {
      const ws = await RawWebSocket.open(server.port);
      ws.send({ v: 1, id: '1', type: 'hello', data });
      const got = await Promise.race([closing(ws), until('welcome or error', 3000, () => ws.messages[0]?.type)]);
      assert.ok(got === 1008 || ['error', 'welcome'].includes(got), `${got}`);
      if (got === 'error') assert.ok(ws.messages[0].data.message.length > 5);
      ws.close();
    }
  });

  test('what a customer may not do is refused by name, and the connection stays', async () => {
    const ws = await greeted();
    for (const [type, data] of [['visit.end', {}], ['stage.set', { main: null }], ['no.such.type', {}],
      ['rename', { nom: 'x' }], ['rename', {}]]) {
      ws.send({ v: 1, id: `q-${type}`, type, data });
    }
    await until('five errors', 3000, () => ws.messages.filter((m) => m.type === 'error').length >= 5);
    for (const m of ws.messages.filter((e) => e.type === 'error')) {
      assert.match(m.id, /^q-/);
      assert.ok(m.data.code && m.data.message.length > 5, JSON.stringify(m));
    }
    ws.send({ v: 1, id: 'alive', type: 'ping' });
    await until('an answer', 2000, () => ws.messages.some((m) => m.id === 'alive' && m.type === 'ok'));
    ws.close();
  });

  after(() => live.assertUndisturbed('after hostile WebSockets'));
});
