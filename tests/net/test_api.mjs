// The HTTP and WebSocket side of `parlour serve` as an outside tool sees it: status codes, problem
// types, and that hostile input is refused with a reason. node:test, no dependencies.
//
//   node --test tests/net/test_api.mjs        PARLOUR=build/server/app/parlour
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';

const parlour = process.env.PARLOUR ?? 'build/server/app/parlour';
const root = mkdtempSync(path.join(os.tmpdir(), 'parlour-api-'));
const data = path.join(root, 'data');
const web = path.join(root, 'web');
let server, port, admin, base;

function freePort() {
  return new Promise((resolve) => {
    const s = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

function command(args, input) {
  const r = spawnSync(parlour, args, { input, encoding: 'utf8' });
  assert.equal(r.status, 0, `parlour ${args.join(' ')}: ${r.stderr}`);
  return r.stdout.trim();
}

before(async () => {
  mkdirSync(data);
  mkdirSync(path.join(web, 'assets'), { recursive: true });
  for (const page of ['console', 'visit', 'walkthrough', 'embed']) {
    writeFileSync(path.join(web, `${page}.html`),
      '<!doctype html><head><!--parlour:head--></head><body><!--parlour:boot--></body>');
  }
  writeFileSync(path.join(web, 'assets', 'letters.txt'), 'abcdefghijklmnopqrstuvwxyz');
  writeFileSync(path.join(root, 'secret.txt'), 'secret');
  command(['user', 'add', 'rep@example.com', '--role', 'rep', '--password-stdin', '--data', data],
    'correct horse battery\n');
  admin = command(['token', 'create', '--role', 'admin', '--data', data]).split('\n').at(-1);
  port = await freePort();
  base = `http://127.0.0.1:${port}`;
  server = spawn(parlour, ['serve', '--data', data, '--listen', `127.0.0.1:${port}`, '--media-port',
    '0', '--web-root', web, '--company', 'Åkesson & <Sons>'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  server.stderr.on('data', (d) => { log += d; });
  for (let i = 0; i < 100; i++) {
    try {
      if ((await call('GET', '/healthz')).status === 200) { return; }
    } catch { /* not yet */ }
    if (server.exitCode !== null) { break; }
    await new Promise((r) => setTimeout(r, 50));
  }
  throw new Error(`the server did not start:\n${log}`);
});

after(async () => {
  if (server?.exitCode === null) {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    assert.equal(await ended, 0);
  }
  rmSync(root, { recursive: true, force: true });
});

// One request; redirects are not followed, the path is sent as it is.
function call(method, target, { body, type, token, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const h = { ...headers };
    if (token) { h.authorization = `Bearer ${token}`; }
    if (body !== undefined) {
      if (typeof body === 'object' && !Buffer.isBuffer(body)) {
        body = JSON.stringify(body);
        type ??= 'application/json';
      }
      h['content-length'] = Buffer.byteLength(body);
    }
    if (type) { h['content-type'] = type; }
    const r = http.request({ host: '127.0.0.1', port, method, path: target, headers: h, agent: false },
      (res) => {
        const chunks = [];
        res.on('data', (c) => chunks.push(c));
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          let json;
          try { json = JSON.parse(text); } catch { /* no JSON */ }
          resolve({ status: res.statusCode, headers: res.headers, text, json });
        });
      });
    r.setTimeout(8000, () => r.destroy(new Error('timeout')));
    r.on('error', reject);
    r.end(body);
  });
}

function assertProblem(answer, status, word) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.json.type, `urn:parlour:problem:${word}`);
  assert.equal(answer.json.status, status);
  assert.ok(answer.json.title && answer.json.detail);
}

// Bytes as they are; what comes back until the server closes or `ms` pass.
function raw(bytes, ms = 3000) {
  return new Promise((resolve) => {
    const s = net.connect(port, '127.0.0.1');
    let got = '';
    const end = () => { s.destroy(); resolve(got); };
    const timer = setTimeout(end, ms);
    s.on('data', (d) => { got += d.toString('latin1'); });
    s.on('close', () => { clearTimeout(timer); resolve(got); });
    s.on('error', () => {});
    s.write(bytes);
  });
}

// A WebSocket client just large enough.
class Socket {
  messages = [];
  waiting = [];
  closed = null;
  static open(headers = {}, target = '/ws') {
    const socket = new Socket();
    const key = randomBytes(16).toString('base64');
    return new Promise((resolve, reject) => {
      const r = http.request({ host: '127.0.0.1', port, path: target, agent: false, headers: {
        connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13',
        'sec-websocket-key': key, ...headers } });
      r.on('response', (res) => { res.resume(); reject(Object.assign(new Error('refused'), { status: res.statusCode })); });
      r.on('error', reject);
      r.on('upgrade', (res, stream, head) => {
        assert.equal(res.headers['sec-websocket-accept'], createHash('sha1')
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64'));
        socket.stream = stream;
        socket.buffer = head;
        stream.on('data', (d) => { socket.buffer = Buffer.concat([socket.buffer, d]); socket.parse(); });
        stream.on('close', () => { socket.closed ??= { code: 1006 }; socket.tell(); });
        stream.on('error', () => {});
        socket.parse();
        resolve(socket);
      });
      r.end();
    });
  }
  parse() {
    for (;;) {
      const b = this.buffer;
      if (b.length < 2) { return; }
      let n = b[1] & 127, at = 2;
      if (n === 126) { if (b.length < 4) { return; } n = b.readUInt16BE(2); at = 4; }
      else if (n === 127) { if (b.length < 10) { return; } n = Number(b.readBigUInt64BE(2)); at = 10; }
      if (b.length < at + n) { return; }
      const payload = b.subarray(at, at + n);
      this.buffer = b.subarray(at + n);
      if ((b[0] & 15) === 8) {
        this.closed ??= { code: n >= 2 ? payload.readUInt16BE(0) : 1005, reason: payload.subarray(2).toString() };
      } else if ((b[0] & 15) === 1) {
        this.messages.push(JSON.parse(payload.toString()));
      }
      this.tell();
    }
  }
  tell() { for (const w of this.waiting.splice(0)) { w(); } }
  frame(opcode, payload, fin = true) {
    payload = Buffer.from(payload);
    const mask = randomBytes(4);
    const head = payload.length < 126 ? Buffer.from([0, 128 | payload.length])
      : payload.length < 65536 ? Buffer.from([0, 254, payload.length >> 8, payload.length & 255])
        : Buffer.concat([Buffer.from([0, 255, 0, 0, 0, 0]), Buffer.from(Uint32Array.of(payload.length).buffer).reverse()]);
    head[0] = (fin ? 128 : 0) | opcode;
    this.stream.write(Buffer.concat([head, mask, payload.map((b, i) => b ^ mask[i & 3])]));
  }
  send(message) { this.frame(1, JSON.stringify({ v: 1, ...message })); }
  async until(found, what, most = 4000) {
    const deadline = Date.now() + most;
    for (;;) {
      const result = found();
      if (result) { return result; }
      assert.ok(Date.now() < deadline, `waited for ${what}; got ${JSON.stringify(this.messages)} ${JSON.stringify(this.closed)}`);
      await new Promise((r) => { this.waiting.push(r); setTimeout(r, 100); });
    }
  }
  message(type) {
    return this.until(() => {
      const i = this.messages.findIndex((m) => m.type === type);
      return i >= 0 && this.messages.splice(i, 1)[0];
    }, type);
  }
  close(most) { return this.until(() => this.closed, 'close', most); }
  end() { this.stream.destroy(); }
}

async function newVisit(fields = {}) {
  const r = await call('POST', '/api/v1/visits', { token: admin, body: { title: 'A visit', ...fields } });
  assert.equal(r.status, 201, r.text);
  return r.json;
}

async function newInvite(visit, fields) {
  const r = await call('POST', `/api/v1/visits/${visit.id}/invites`, { token: admin, body: fields ?? {} });
  assert.equal(r.status, 201, r.text);
  return r.json;
}

const offer = (lines = ['video', 'audio'], extra = '', direction = 'sendonly', bundle = true) => [
  'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0',
  ...(bundle ? [`a=group:BUNDLE ${lines.map((_, i) => i).join(' ')}`] : []),
  `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789abcdef01234567', 'a=setup:actpass',
  ...lines.flatMap((kind, i) => [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${kind === 'video' ? 96 : 111}`, 'c=IN IP4 0.0.0.0', `a=mid:${i}`,
    `a=${direction}`, 'a=rtcp-mux', kind === 'video' ? 'a=rtpmap:96 VP8/90000' : 'a=rtpmap:111 opus/48000/2']),
  ...(extra ? [extra] : []), ''].join('\r\n');
const sdp = 'application/sdp';

// ---- operation ----

test('health, readiness and metrics answer', async () => {
  assert.equal((await call('GET', '/healthz')).text, 'ok\n');
  assert.equal((await call('GET', '/readyz')).status, 200);
  const metrics = await call('GET', '/metrics');
  assert.match(metrics.text, /^parlour_http_requests_total \d+$/m);
  assert.match(metrics.text, /^parlour_media_sessions \d+$/m);
});

test('unknown addresses, methods and HEAD', async () => {
  assertProblem(await call('GET', '/api/v1/nothing'), 404, 'not-found');
  const wrong = await call('PUT', '/api/v1/visits', { body: {} });
  assertProblem(wrong, 405, 'method');
  assert.equal(wrong.headers.allow, 'GET, HEAD, POST, OPTIONS');
  const head = await call('HEAD', '/healthz');
  assert.equal(head.status, 200);
  assert.equal(head.headers['content-length'], '3');
  assert.equal(head.text, '');
});

test('every answer carries the security headers', async () => {
  const page = await call('GET', '/');
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers['referrer-policy'], 'no-referrer');
  assert.match(page.headers['content-security-policy'], /frame-ancestors 'none'/);
  assert.equal(page.headers['cache-control'], 'no-store');
});

// ---- staff ----

test('signing in, who one is, and signing out', async () => {
  assertProblem(await call('GET', '/api/v1/me'), 401, 'unauthorized');
  assertProblem(await call('POST', '/api/v1/login', { body: { email: 'rep@example.com', password: 'no' } }), 401, 'wrong-password');
  const login = await call('POST', '/api/v1/login', { body: { email: 'rep@example.com', password: 'correct horse battery' } });
  assert.equal(login.status, 204, login.text);
  const cookie = login.headers['set-cookie'][0];
  assert.match(cookie, /^parlour_session=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  const headers = { cookie: cookie.split(';')[0] };
  const me = await call('GET', '/api/v1/me', { headers });
  assert.equal(me.json.email, 'rep@example.com');
  assert.equal(me.json.role, 'rep');
  assert.match((await call('GET', '/', { headers })).text, /"staff":\{"name":/);
  assertProblem(await call('POST', '/api/v1/visits', { body: { title: 'x' }, headers: { ...headers, origin: 'https://evil.example' } }), 403, 'cross-origin');
  assert.equal((await call('POST', '/api/v1/visits', { body: { title: 'x' }, headers: { ...headers, origin: base } })).status, 201);
  assert.equal((await call('POST', '/api/v1/logout', { headers })).status, 204);
  assertProblem(await call('GET', '/api/v1/me', { headers }), 401, 'unauthorized');
});

test('repeated failures to sign in are slowed down', async () => {
  let last;
  for (let i = 0; i < 20; i++) {
    last = await call('POST', '/api/v1/login', { body: { email: 'slow@example.com', password: 'no' } });
    if (last.status === 429) { break; }
  }
  assertProblem(last, 429, 'too-many-tries');
  assert.ok(Number(last.headers['retry-after']) > 0);
});

// ---- bodies ----

test('bad bodies are refused with the reason', async () => {
  const post = (body, type) => call('POST', '/api/v1/visits', { token: admin, body, type });
  assertProblem(await post('{"title":', 'application/json'), 400, 'bad-json');
  assertProblem(await post('[]', 'application/json'), 400, 'bad-json');
  assertProblem(await post('{"title":"a","title":"b"}', 'application/json'), 400, 'bad-json');
  assertProblem(await post('{}', 'text/plain'), 415, 'media-type');
  assertProblem(await post('x'.repeat(2_000_000), 'application/json'), 413, 'too-large');
  const stranger = await post({ title: 'x', colour: 'red' });
  assertProblem(stranger, 400, 'unknown-field');
  assert.equal(stranger.json.field, 'colour');
  for (const [field, value] of [['title', 7], ['title', ' '], ['starts_at', 'tomorrow'], ['recording', 'maybe'], ['products', 'none'], ['products', ['nobody']]]) {
    const r = await post({ title: 'x', [field]: value });
    assertProblem(r, 400, 'bad-field');
    assert.equal(r.json.field, field);
  }
});

test('hostile HTTP is refused or closed, and the server lives on', async () => {
  assert.match(await raw('POST /api/v1/visits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), /^HTTP\/1.1 411 /);
  assert.match(await raw('POST /api/v1/visits HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n'), /^HTTP\/1.1 400 /);
  assert.match(await raw('GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'), /^HTTP\/1.1 400 /);
  assert.doesNotMatch(await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(60000)}\r\n\r\n`), /200 OK/);
  await raw('\0\x01\x02garbage\r\n\r\n', 500);
  await raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 500);
  assert.doesNotMatch(await raw('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n\r\n', 800), /101/);
  const two = await raw('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.equal(two.match(/HTTP\/1.1 200 OK/g)?.length, 2, 'pipelined requests');
  assert.equal((await call('GET', '/healthz')).status, 200);
});

test('a body cannot smuggle in a second request', async () => {
  const inner = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
  const got = await raw(`POST /api/v1/visits/none/start HTTP/1.1\r\nHost: x\r\n\r\n${inner}`, 1500);
  assert.equal(got.match(/HTTP\/1.1 /g)?.length ?? 0, 1);
});

// ---- products ----

test('products are made, changed and deleted', async () => {
  const made = await call('POST', '/api/v1/products', { token: admin, body: {
    name: 'Kettle', summary: 'Boils.', size_mm: { w: 100, h: 200.5, d: 90 }, claims: ['quiet'], call_to_action: { label: 'Buy', url: 'https://x.example' } } });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers.location, `/api/v1/products/${made.json.id}`);
  assert.deepEqual(made.json.size_mm, { w: 100, h: 200.5, d: 90 });
  const changed = await call('PATCH', made.headers.location, { token: admin, body: { summary: 'Boils fast.', claims: null } });
  assert.equal(changed.status, 200, changed.text);
  assert.equal(changed.json.name, 'Kettle');
  assert.equal(changed.json.summary, 'Boils fast.');
  assert.equal(changed.json.claims, null);
  assert.deepEqual([changed.json.images, changed.json.model], [[], null]);
  assert.ok((await call('GET', '/api/v1/products', { token: admin })).json.some((p) => p.id === made.json.id));
  assertProblem(await call('PATCH', made.headers.location, { token: admin, body: { size_mm: { w: -1 } } }), 400, 'bad-field');
  assert.equal((await call('DELETE', made.headers.location, { token: admin })).status, 204);
  assertProblem(await call('GET', made.headers.location, { token: admin }), 404, 'not-found');
});

// ---- visits and invites ----

test('a visit goes from planned to ended', async () => {
  const visit = await newVisit({ starts_at: '2031-03-01T10:00:00+01:00', tz: 'Europe/Stockholm', recording: 'ask' });
  assert.equal(visit.state, 'planned');
  assert.equal(visit.starts_at, '2031-03-01T09:00:00Z');
  assert.equal(visit.whip_url, `${base}/whip/${visit.id}`);
  const at = `/api/v1/visits/${visit.id}`;
  assert.equal((await call('PATCH', at, { token: admin, body: { title: 'Ny titel' } })).json.title, 'Ny titel');
  assert.equal((await call('POST', `${at}/start`, { token: admin })).json.state, 'live');
  const ended = await call('POST', `${at}/end`, { token: admin });
  assert.equal(ended.json.state, 'ended');
  assert.ok(ended.json.ended_at);
  assertProblem(await call('POST', `${at}/start`, { token: admin }), 409, 'ended');
  assertProblem(await call('GET', `${at}/replay`, { token: admin }), 404, 'not-recorded');
  assertProblem(await call('GET', '/api/v1/visits/nobody', { token: admin }), 404, 'not-found');
  assert.equal((await call('DELETE', at, { token: admin })).status, 204);
});

test('an invite opens its page until it is revoked', async () => {
  const visit = await newVisit({ title: 'Tea </script><b>', starts_at: '2031-03-01T09:00:00Z' });
  const invite = await newInvite(visit, { name: 'Ada' });
  assert.equal(invite.url, `${base}/v/${invite.token}`);
  const page = await call('GET', `/v/${invite.token}`);
  assert.equal(page.status, 200);
  assert.ok(!page.text.includes('</script><b>'));
  assert.match(page.text, /<meta property="og:title" content="Tea &lt;\/script&gt;&lt;b&gt;">/);
  const boot = JSON.parse(/id="parlour-boot">(.*?)<\/script>/.exec(page.text)[1]);
  assert.equal(boot.page, 'visit');
  assert.equal(boot.visit.company.name, 'Åkesson & <Sons>');
  assert.equal(boot.invite.name, 'Ada');
  const listed = (await call('GET', `/api/v1/visits/${visit.id}/invites`, { token: admin })).json;
  assert.equal(listed.length, 1);
  assert.equal(listed[0].token, undefined);
  assert.ok(listed[0].opened_at);
  assert.equal((await call('DELETE', `/api/v1/visits/${visit.id}/invites/${invite.id}`, { token: admin })).status, 204);
  const gone = await call('GET', `/v/${invite.token}`);
  assert.equal(gone.status, 410);
  assert.match(gone.text, /urn:parlour:problem:revoked/);
  assert.equal((await call('GET', '/v/nonsense')).status, 404);
});

test('calendar file and QR code', async () => {
  const visit = await newVisit({ title: 'Tea; cake, and more', starts_at: '2031-03-01T09:00:00Z' });
  const invite = await newInvite(visit);
  const ics = await call('GET', `/api/v1/visits/${visit.id}/invite.ics?token=${invite.token}`);
  assert.equal(ics.status, 200);
  assert.equal(ics.headers['content-type'], 'text/calendar; charset=utf-8');
  assert.match(ics.text, /\r\nDTSTART:20310301T090000Z\r\n/);
  assert.match(ics.text, /\r\nSUMMARY:Tea\\; cake\\, and more\r\n/);
  assert.equal(ics.text, (await call('GET', `/api/v1/visits/${visit.id}/invite.ics?token=${invite.token}`)).text);
  const qr = await call('GET', `/api/v1/visits/${visit.id}/qr.svg?token=${invite.token}`);
  assert.equal(qr.headers['content-type'], 'image/svg+xml');
  assert.match(qr.text, /^<svg /);
  assertProblem(await call('GET', `/api/v1/visits/${visit.id}/qr.svg?token=wrong`), 404, 'not-found');
  assertProblem(await call('GET', `/api/v1/visits/${visit.id}/qr.svg`), 401, 'unauthorized');
  const other = await newVisit();
  assertProblem(await call('GET', `/api/v1/visits/${other.id}/qr.svg?token=${invite.token}`), 404, 'not-found');
});

test('customers may not do what staff may', async () => {
  const visit = await newVisit();
  const { token } = await newInvite(visit);
  assertProblem(await call('GET', `/api/v1/visits/${visit.id}`, { token }), 403, 'forbidden');
  assertProblem(await call('POST', `/api/v1/visits/${visit.id}/end`, { token }), 403, 'forbidden');
  assertProblem(await call('GET', '/api/v1/visits', { token: 'nonsense' }), 401, 'unauthorized');
});

// ---- WHIP and WHEP ----

test('WHIP: every status code of the contract', async () => {
  const visit = await newVisit();
  const at = `/whip/${visit.id}`;
  const post = (target, token, body = offer(), type = sdp) => call('POST', target, { token, body, type });
  const options = await call('OPTIONS', at);
  assert.equal(options.status, 200);
  assert.equal(options.headers['accept-post'], sdp);
  assert.equal(options.headers['access-control-allow-origin'], '*');
  assertProblem(await post(at), 401, 'unauthorized');
  assertProblem(await post(at, 'wrong'), 403, 'forbidden');
  assertProblem(await post('/whip/nobody', admin), 404, 'not-found');
  assertProblem(await post(at, admin, offer(), 'text/plain'), 415, 'media-type');
  assertProblem(await post(`${at}?source=hologram`, admin), 400, 'bad-field');
  assertProblem(await post(at, admin, 'hello'), 400, 'sdp-malformed');
  assertProblem(await post(at, admin, offer(['video'], '', 'sendonly', false)), 422, 'no-bundle');
  const created = await post(`${at}?source=screen`, visit.stream_key);
  assert.equal(created.status, 201, created.text);
  assert.equal(created.headers['content-type'], sdp);
  assert.match(created.headers.location, new RegExp(`^/whip/${visit.id}/[A-Za-z0-9]{20,}$`));
  assert.ok(created.headers.etag);
  assert.match(created.text, /a=candidate:.* 127\.0\.0\.1 /);
  const session = created.headers.location;
  const token = visit.stream_key;
  const fragment = 'a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef01234567\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host\r\n';
  const patch = (body, headers = {}, t = token) => call('PATCH', session, { token: t, body, type: 'application/trickle-ice-sdpfrag', headers });
  assert.equal((await patch(fragment, { 'if-match': created.headers.etag })).status, 204);
  assertProblem(await patch(fragment, { 'if-match': '"old"' }), 412, 'etag');
  const restart = await patch(fragment.replace('abcd', 'efgh').replace('0123', '9876'), { 'if-match': '*' });
  assert.equal(restart.status, 200, restart.text);
  assert.match(restart.text, /a=ice-ufrag:/);
  assert.notEqual(restart.headers.etag, created.headers.etag);
  assertProblem(await patch(fragment, {}, 'wrong'), 403, 'forbidden');
  assertProblem(await call('DELETE', session), 401, 'unauthorized');
  assertProblem(await call('PATCH', session, { token, body: '{}', type: 'application/json' }), 415, 'media-type');
  assert.equal((await call('DELETE', session, { token })).status, 200);
  assertProblem(await call('DELETE', session, { token }), 404, 'no-session');
  await call('POST', `/api/v1/visits/${visit.id}/end`, { token: admin });
  assertProblem(await post(at, admin), 409, 'ended');
});

test('a publisher tells how a virtual person is laid out, and all in the visit learn it', async () => {
  const visit = await newVisit({ recording: 'on' });
  const invite = await newInvite(visit);
  const token = visit.stream_key;
  const created = await call('POST', `/whip/${visit.id}?source=person`, { token, body: offer(), type: sdp });
  const at = `${created.headers.location}/matte`;
  const ada = await Socket.open();
  ada.send({ id: '1', type: 'hello', data: { token: invite.token } });
  const [before] = (await ada.message('welcome')).data.state.sources;
  assert.deepEqual([before.kind, before.matte_layout, before.person], ['person', null, null]);

  const patch = (x) => ({ x, y: 0.49375, w: 0.25, h: 0.0125 });
  const layout = {
    width: 480, height: 1280, colour: { x: 0, y: 0, w: 1, h: 0.4875 }, matte: { x: 0, y: 0.5125, w: 1, h: 0.4875 },
    guard: { x: 0, y: 0.4875, w: 1, h: 0.025 }, patches: { black: patch(0.125), white: patch(0.625) },
  };
  const person = { height_mm: 1780, head: 0.05, feet: 2.5, full: false };
  const put = (body, t = token) => call('PUT', at, { token: t === '' ? undefined : t, body });
  const told = await put({ matte_layout: layout, person });
  assert.equal(told.status, 200, told.text);
  assert.deepEqual(told.json, { matte_layout: layout, person });
  const changed = (await ada.message('source.changed')).data.source;
  assert.deepEqual([changed.id, changed.matte_layout, changed.person], [before.id, layout, person]);
  const log = readFileSync(path.join(data, 'recordings', visit.id, 'log.jsonl'), 'utf8').trim().split('\n').map((l) => JSON.parse(l));
  const noted = log.filter((l) => l.event === 'source');
  assert.deepEqual(noted.map((l) => [l.kind, l.stacked]), [['person', false], ['person', true]], 'a replay knows it too');
  assert.equal(noted[0].media, noted[1].media);

  for (const [body, field] of [
    [{ matte_layout: { ...layout, colour: 7 } }, 'matte_layout.colour'], [{ matte_layout: [] }, 'matte_layout'],
    [{ matte_layout: { ...layout, matte: layout.colour } }, 'matte_layout.matte'],
    [{ matte_layout: layout, person: { ...person, feet: 1e9 } }, 'person.feet'],
    [{ person }, 'matte_layout'],
  ]) {
    const refused = await put(body);
    assertProblem(refused, 400, 'bad-field');
    assert.match(refused.text, new RegExp(`“${field.replace('.', '\\.')}”`));
  }
  assertProblem(await put({ matte_layout: layout, colour: 'green' }), 400, 'unknown-field');
  assertProblem(await put({}, ''), 401, 'unauthorized');
  assertProblem(await put({}, admin), 403, 'forbidden');
  assert.equal((await put({})).status, 200);
  assert.equal((await ada.message('source.changed')).data.source.matte_layout, null);
  await call('DELETE', created.headers.location, { token });
  assertProblem(await put({ matte_layout: layout }), 404, 'no-session');
  ada.end();
});

test('WHEP on a visit', async () => {
  const visit = await newVisit();
  const invite = await newInvite(visit);
  const watch = offer(['video', 'audio'], '', 'recvonly');
  assertProblem(await call('POST', `/whep/${visit.id}`, { body: watch, type: sdp }), 401, 'unauthorized');
  const created = await call('POST', `/whep/${visit.id}`, { token: invite.token, body: watch, type: sdp });
  assert.equal(created.status, 201, created.text);
  const control = await call('POST', `${created.headers.location}/control`, { token: invite.token, body: { action: 'pause' } });
  assertProblem(control, 409, 'live');
  await call('DELETE', `/api/v1/visits/${visit.id}/invites/${invite.id}`, { token: admin });
  assertProblem(await call('DELETE', created.headers.location, { token: invite.token }), 404, 'no-session');
  assertProblem(await call('POST', '/whep/w/nothing', { body: watch, type: sdp }), 404, 'not-found');
});

// ---- WebSocket ----

test('a customer says hello, follows events and resumes', async () => {
  const visit = await newVisit();
  const invite = await newInvite(visit, { name: 'Ada' });
  const ada = await Socket.open({ origin: base });
  ada.send({ id: 'h1', type: 'hello', data: { visit: visit.id, token: invite.token } });
  const welcome = await ada.message('welcome');
  assert.equal(welcome.id, 'h1');
  assert.equal(welcome.data.role, 'customer');
  assert.equal(welcome.data.participant.name, 'Ada');
  assert.equal(welcome.data.state.visit.state, 'lobby');
  ada.send({ id: '2', type: 'consent', data: { watch: true, recording: false } });
  assert.equal((await ada.message('ok')).id, '2');
  assert.equal((await ada.message('participant.changed')).data.participant.consented, true);
  ada.send({ id: '3', type: 'stage.set', data: { main: null } });
  assert.equal((await ada.message('error')).data.code, 'forbidden');
  ada.send({ id: '4', type: 'dance' });
  const unknown = await ada.message('error');
  assert.equal(unknown.id, '4');
  assert.equal(unknown.data.code, 'unknown-type');
  const created = await call('POST', `/whip/${visit.id}?source=camera`, { token: visit.stream_key, body: offer(), type: sdp });
  const added = await ada.message('source.added');
  assert.equal(added.data.source.kind, 'camera');
  const stage = await ada.message('stage');
  assert.equal(stage.data.main, added.data.source.id);
  assert.equal((await ada.message('visit')).data.state, 'live');
  ada.end();
  await call('DELETE', created.headers.location, { token: visit.stream_key });
  const again = await Socket.open();
  again.send({ id: 'h2', type: 'hello', data: { visit: visit.id, token: invite.token, participant: welcome.data.participant.id, resume: stage.seq } });
  const back = await again.message('welcome');
  assert.equal(back.data.resumed, true);
  assert.equal(back.data.participant.id, welcome.data.participant.id);
  assert.equal((await again.message('source.removed')).data.id, added.data.source.id);
  await call('DELETE', `/api/v1/visits/${visit.id}/invites/${invite.id}`, { token: admin });
  assert.equal((await again.close()).code, 1008);
});

test('a guest whose invite expires meanwhile is shown out, others stay', async () => {
  const visit = await newVisit();
  const soon = await newInvite(visit, { expires_at: new Date(Date.now() + 3000).toISOString() });
  const never = await newInvite(visit);
  const [going, staying] = [await Socket.open(), await Socket.open()];
  for (const [socket, invite] of [[going, soon], [staying, never]]) {
    socket.send({ type: 'hello', data: { visit: visit.id, token: invite.token } });
    await socket.message('welcome');
  }
  const { code, reason } = await going.close(15000);
  assert.equal(code, 1008);
  assert.equal(reason, 'expired');
  staying.send({ id: 'p', type: 'ping' });
  assert.equal((await staying.message('ok')).id, 'p');
  staying.end();
});

test('a visit ends for everybody', async () => {
  const visit = await newVisit();
  const invite = await newInvite(visit);
  const socket = await Socket.open();
  socket.send({ type: 'hello', data: { visit: visit.id, token: invite.token } });
  await socket.message('welcome');
  await call('POST', `/api/v1/visits/${visit.id}/end`, { token: admin });
  await socket.until(() => socket.messages.find((m) => m.type === 'visit' && m.data.state === 'ended'), 'the end');
  socket.end();
  const late = await Socket.open();
  late.send({ type: 'hello', data: { visit: visit.id, token: invite.token } });
  assert.equal((await late.message('error')).data.code, 'ended');
  assert.equal((await late.close()).code, 1008);
});

test('WebSocket: foreign pages, garbage, floods and giants are closed with a code', async () => {
  await assert.rejects(Socket.open({ origin: 'https://evil.example' }), { status: 403 });
  await assert.rejects(Socket.open({}, '/elsewhere'), { status: 404 });
  const closes = async (act) => {
    const s = await Socket.open();
    act(s);
    const { code } = await s.close();
    s.end();
    return code;
  };
  assert.equal(await closes((s) => s.frame(1, 'not json')), 1007);
  assert.equal(await closes((s) => s.frame(1, '{"v":2,"type":"ping"}')), 1007);
  assert.equal(await closes((s) => s.frame(1, Buffer.from([0xff, 0xfe]))), 1007);
  assert.equal(await closes((s) => s.frame(2, 'binary')), 1007);
  assert.equal(await closes((s) => s.frame(1, `{"v":1,"type":"ping","data":{"x":"${'y'.repeat(70000)}"}}`)), 1009);
  assert.equal(await closes((s) => { for (let i = 0; i < 400; i++) { s.send({ type: 'ping' }); } }), 1013);
  assert.equal(await closes((s) => s.send({ type: 'hello', data: { visit: 'x', token: 'wrong' } })), 1008);
  const early = await Socket.open();
  early.send({ id: 'e', type: 'rename', data: { name: 'x' } });
  assert.equal((await early.message('error')).data.code, 'hello-first');
  early.end();
});

// ---- files ----

test('assets: types, ranges, validation, and nothing outside', async () => {
  const at = '/assets/letters.txt';
  const whole = await call('GET', at);
  assert.equal(whole.headers['content-type'], 'text/plain; charset=utf-8');
  assert.match(whole.headers['cache-control'], /immutable/);
  const range = (value) => call('GET', at, { headers: { range: value } });
  const part = await range('bytes=2-4');
  assert.equal(part.status, 206);
  assert.equal(part.text, 'cde');
  assert.equal(part.headers['content-range'], 'bytes 2-4/26');
  assert.equal((await range('bytes=-3')).text, 'xyz');
  assert.equal((await range('bytes=20-')).text, 'uvwxyz');
  assertProblem(await range('bytes=26-'), 416, 'range');
  assert.equal((await range('bytes=4-2')).status, 200);
  const same = await call('GET', at, { headers: { 'if-none-match': whole.headers.etag } });
  assert.equal(same.status, 304);
  assert.equal(same.text, '');
  for (const escape of ['/assets/../../secret.txt', '/assets/%2e%2e/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/assets/%00', '/visit.html', '/assets//etc/passwd', '/.git']) {
    const r = await raw(`GET ${escape} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.doesNotMatch(r, /200 OK/, escape);
    assert.ok(!r.includes('secret'), escape);
  }
});

// ---- uploads ----

test('tus uploads: creation, resuming, checksums, deletion', async () => {
  const tus = { 'tus-resumable': '1.0.0' };
  const at = '/api/v1/uploads';
  const octets = 'application/offset+octet-stream';
  const options = await call('OPTIONS', at);
  assert.equal(options.headers['tus-extension'], 'creation,expiration,termination,checksum');
  const create = (length, token = admin, headers = {}) => call('POST', at, { token, headers: { ...tus, 'upload-length': String(length), ...headers } });
  assertProblem(await create(10, null), 401, 'unauthorized');
  assertProblem(await call('POST', at, { token: admin, headers: { 'upload-length': '10' } }), 412, 'tus-version');
  assertProblem(await create('ten'), 400, 'bad-header');
  assertProblem(await create(0), 400, 'empty');
  assertProblem(await create(10 ** 15), 413, 'too-large');
  const made = await create(1_000_000);
  assert.equal(made.status, 201, made.text);
  const upload = made.headers.location;
  const whole = randomBytes(1_000_000);
  const patch = (offset, body, headers = {}, type = octets) => call('PATCH', upload, { body, type, headers: { ...tus, 'upload-offset': String(offset), ...headers } });
  const offset = async () => (await call('HEAD', upload, { headers: tus })).headers['upload-offset'];
  assert.equal(await offset(), '0');
  assertProblem(await patch(0, 'x', {}, 'text/plain'), 415, 'media-type');
  assertProblem(await patch(5, 'x'), 409, 'offset');
  const first = await patch(0, whole.subarray(0, 400_000));
  assert.equal(first.status, 204, first.text);
  assert.equal(first.headers['upload-offset'], '400000');
  const sum = (b) => createHash('sha1').update(b).digest('base64');
  assertProblem(await patch(400_000, whole.subarray(400_000, 500_000), { 'upload-checksum': `sha1 ${sum('other')}` }), 460, 'checksum');
  assert.equal(await offset(), '400000');
  assertProblem(await patch(400_000, 'x', { 'upload-checksum': 'crc7 AAAA' }), 400, 'bad-header');
  assert.equal((await patch(400_000, whole.subarray(400_000, 500_000), { 'upload-checksum': `sha1 ${sum(whole.subarray(400_000, 500_000))}` })).status, 204);
  await new Promise((resolve) => { // a connection that breaks keeps what arrived
    const s = net.connect(port, '127.0.0.1', () => {
      s.write(`PATCH ${upload} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 500000\r\nContent-Type: ${octets}\r\nContent-Length: 500000\r\n\r\n`);
      s.write(whole.subarray(500_000, 600_000), () => setTimeout(() => { s.destroy(); resolve(); }, 200));
    });
  });
  let now;
  for (let i = 0; i < 40 && now !== '600000'; i++) {
    now = await offset();
    await new Promise((r) => setTimeout(r, 25));
  }
  assert.equal(now, '600000');
  const early = await call('POST', '/api/v1/walkthroughs', { token: admin, body: { upload: upload.split('/').at(-1), title: 'Film' } });
  assertProblem(early, 400, 'bad-field');
  for (let i = 0; i < 40; i++) { // the broken connection lets go of it
    if ((await patch(600_000, whole.subarray(600_000))).status === 204) { break; }
    await new Promise((r) => setTimeout(r, 25));
  }
  assert.equal(await offset(), '1000000');
  assert.deepEqual(readFileSync(path.join(data, 'uploads', upload.split('/').at(-1))), whole);
  assertProblem(await patch(1_000_000, 'x'), 413, 'too-large');
  assert.equal((await call('DELETE', upload, { headers: tus })).status, 204);
  assert.equal((await call('HEAD', upload, { headers: tus })).status, 404);
  for (const id of ['..', '%2e%2e%2fparlour.db', 'x'.repeat(24), 'short']) {
    assert.equal((await call('HEAD', `${at}/${id}`, { headers: tus })).status, 404, id);
  }
});

// ---- TLS ----

const openssl = spawnSync('openssl', ['version']).status === 0;

function certificate(name) {
  const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', path.join(root, 'key.pem'), '-out',
    path.join(root, 'cert.pem')], { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
}

function connect(at) {
  return new Promise((resolve, reject) => {
    const s = tls.connect({ host: '127.0.0.1', port: at, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] },
      () => resolve(s));
    s.on('error', reject);
  });
}

test('a new certificate is used after SIGHUP, and open connections live on', { skip: !openssl && 'no openssl' }, async () => {
  certificate('old.example');
  const at = await freePort();
  const child = spawn(parlour, ['serve', '--data', data, '--listen', `127.0.0.1:${at}`, '--media-port', '0',
    '--tls-cert', path.join(root, 'cert.pem'), '--tls-key', path.join(root, 'key.pem')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (d) => { log += d; });
  const until = async (found) => {
    for (let i = 0; i < 100; i++) {
      const result = await found();
      if (result) { return result; }
      await new Promise((r) => setTimeout(r, 50));
    }
    throw new Error(log);
  };
  try {
    const old = await until(() => connect(at).catch(() => null));
    assert.equal(old.alpnProtocol, 'http/1.1');
    assert.equal(old.getPeerCertificate().subject.CN, 'old.example');
    const ask = () => new Promise((resolve) => {
      old.once('data', (d) => resolve(d.toString()));
      old.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    assert.match(await ask(), /^HTTP\/1.1 200 OK[^]*strict-transport-security/);
    writeFileSync(path.join(root, 'cert.pem'), 'nonsense');
    child.kill('SIGHUP');
    await until(() => log.includes('kept-old'));
    (await connect(at)).destroy();
    certificate('new.example');
    child.kill('SIGHUP');
    await until(() => log.includes('result=new-certificate'));
    const fresh = await connect(at);
    assert.equal(fresh.getPeerCertificate().subject.CN, 'new.example');
    fresh.destroy();
    assert.match(await ask(), /^HTTP\/1.1 200 OK/);
    old.destroy();
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => { child.once('exit', resolve); });
  }
});

// ---- the written contract ----

test('openapi.yaml names exactly the routes that answer', async () => {
  const file = new URL('../../server/signal/openapi.yaml', import.meta.url);
  assert.ok(existsSync(file));
  const lines = readFileSync(file, 'utf8').split('\n');
  const written = new Set();
  let target, pattern, count = 0;
  for (const line of lines) {
    const p = /^  (\/[^:]*):$/.exec(line);
    if (p) { [, pattern] = p; target = pattern.replace(/\{[^}]+\}/g, 'nothing'); continue; }
    const m = /^    (get|put|post|patch|delete|head|options):$/.exec(line);
    if (m && target) {
      written.add(`${m[1].toUpperCase()} ${pattern.replace(/\{[^}]+\}/g, '{}')}`);
      const r = await call('OPTIONS', target);
      const method = m[1].toUpperCase();
      if (r.headers.allow) {
        assert.ok(r.headers.allow.split(', ').includes(method), `${method} ${target}: ${r.headers.allow}`);
      }
      assert.notEqual(r.status, 404, `${method} ${target}`);
      count++;
    }
  }
  assert.ok(count > 40, `${count} calls`);
  const table = readFileSync(new URL('../../server/signal/routes.c', import.meta.url), 'utf8');
  const routes = [...table.matchAll(/\{METHOD_([A-Z]+), "([^"]+)"/g)].map(([, method, at]) => `${method} ${at.replace(/\{[^}]+\}/g, '{}')}`)
    .filter((r) => !['GET /', 'GET /assets/{}', 'GET /{}', 'GET /ws'].includes(r));
  assert.ok(routes.length > 60, `${routes.length} routes`);
  assert.deepEqual(routes.filter((r) => !written.has(r)), [], 'routes that openapi.yaml leaves out');
});
