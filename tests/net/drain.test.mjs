// An upgrade as people in a visit see it: SIGTERM lets them go on, nobody new comes in, and the server ends when
// the last one has left.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server, until } from './lib/server.mjs';
import { RawWebSocket } from './lib/websocket.mjs';

async function hello(server, token) {
  const socket = await RawWebSocket.open(server.port);
  socket.send({ v: 1, id: '1', type: 'hello', data: { token } });
  socket.heard = (type) => until(`“${type}”`, 5000, () => socket.messages.find((m) => m.type === type));
  return socket;
}

async function draining(t, seconds) {
  const server = await Server.start(['--drain-seconds', String(seconds)]);
  t.after(() => server.child.kill('SIGKILL'));
  const visit = await server.visit();
  const guest = await hello(server, visit.invite);
  await guest.heard('welcome');
  server.child.kill('SIGTERM');
  const news = await guest.heard('going-away');
  return { server, visit, guest, news };
}

test('a visit goes on after SIGTERM, nobody new comes in, and the server ends with its last guest', async (t) => {
  const { server, visit, guest, news } = await draining(t, 60);
  assert.ok(news.data.seconds > 50 && news.data.seconds <= 60);
  assert.equal(news.seq, undefined);

  const readiness = await fetch(`${server.base}/readyz`);
  assert.equal(readiness.status, 503);
  assert.ok(Number(readiness.headers.get('retry-after')) > 30);
  assert.match((await readiness.json()).type, /going-away$/);

  // The API still answers, but whoever is not here yet is sent away.
  const other = await server.must('POST', `/api/v1/visits/${visit.id}/invites`, { name: 'Too late' });
  const offer = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', ''].join('\r\n');
  const whep = await fetch(`${server.base}/whep/${visit.id}`, { method: 'POST', body: offer,
    headers: { Authorization: `Bearer ${other.token}`, 'Content-Type': 'application/sdp' } });
  assert.equal(whep.status, 503);
  assert.ok(Number(whep.headers.get('retry-after')) > 30);
  const late = await hello(server, other.token);
  assert.equal((await late.heard('error')).data.code, 'going-away');
  assert.equal(await late.closed, 1001, 'to be tried again');
  const again = await hello(server, visit.invite); // a connection of who is here may break
  await again.heard('welcome');

  const metrics = await (await fetch(`${server.base}/metrics`)).text();
  assert.match(metrics, /^parlour_draining 1$/m);
  assert.match(metrics, /^parlour_refused_draining_total 2$/m);
  assert.equal(server.exited, undefined);
  guest.send({ v: 1, type: 'bye' });
  again.send({ v: 1, type: 'bye' });
  await until('the server to end', 5000, () => server.exited);
  await server.stop();
});

test('when the time is over, who is still here is told as at any end', async (t) => {
  const { server, guest } = await draining(t, 1);
  assert.equal(await guest.closed, 1001);
  assert.equal(guest.reason, 'going-away');
  await until('the server to end', 5000, () => server.exited);
  await server.stop();
});

test('a second SIGTERM ends a draining server at once', async (t) => {
  const { server, guest } = await draining(t, 600);
  server.child.kill('SIGTERM');
  assert.equal(await guest.closed, 1001);
  await until('the server to end', 5000, () => server.exited);
  await server.stop();
});
