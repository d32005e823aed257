// Connections to the media port's TCP that mean no good, while a visit goes on: its viewer must not lose a
// packet, what was refused is counted, and nothing of it stays.
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { check, concat, u16 } from './lib/stun.mjs';
import { LiveVisit } from './lib/live.mjs';
import { makeClips } from './lib/peers.mjs';
import { Server, sleep, until } from './lib/server.mjs';
import { Session } from './peers/whip.mjs';
import * as werift from './peers/werift.mjs';

let server, clips, live, credentials, port;

before(async () => {
  server = await Server.start();
  clips = await makeClips(server.dir);
  live = await LiveVisit.start(server, clips);
});

// A session that was asked for and whose peer only comes as the tests below play it; it lasts 30 s.
beforeEach(async () => {
  const visit = await server.visit('Nobody comes');
  const peer = await werift.open('watch', 'vp8', () => {});
  const offer = await peer.offer();
  const answer = await new Session(visit.whep, visit.invite).offer(offer);
  await peer.close();
  const of = (sdp, name) => new RegExp(`a=${name}:(\\S+)`).exec(sdp)[1];
  credentials = { user: `${of(answer, 'ice-ufrag')}:${of(offer, 'ice-ufrag')}`, pwd: of(answer, 'ice-pwd') };
  port = Number(/a=candidate:\S+ 1 tcp \d+ 127\.0\.0\.1 (\d+) typ host tcptype passive/.exec(answer)[1]);
});
after(async () => {
  await live?.stop();
  await server?.stop();
});

async function metric(name) {
  const text = await (await fetch(`${server.base}/metrics`)).text();
  return Number(new RegExp(`^parlour_media_${name} (\\d+)$`, 'm').exec(text)[1]);
}

const framed = (bytes) => concat(u16(bytes.length), bytes);
const rightCheck = () => framed(check(credentials.user, credentials.pwd));

async function dial(_, localAddress = '127.0.0.1') {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {});
  socket.closed_ = new Promise((done) => { socket.once('close', done); });
  socket.got = 0;
  socket.on('data', (part) => { socket.got += part.length; });
  await Promise.race([once(socket, 'connect'), socket.closed_]);
  return socket;
}

const many = (n, make) => Promise.all(Array.from({ length: n }, (_, i) => make(i)));
const ends = (socket, what) => until(`${what} to be closed`, 8000, () => socket.destroyed || socket.readableEnded);
const nothingLeft = () => until('no connection to be left', 12_000, async () => (await metric('tcp_connections')) === 0);

test('a right check is answered, also when it comes byte by byte', async () => {
  const socket = await dial();
  for (const byte of rightCheck()) {
    socket.write(Buffer.from([byte]));
    await sleep(3);
  }
  await until('an answer', 3000, () => socket.got > 20);
  socket.destroy();
  await nothingLeft();
  await live.assertUndisturbed('a slow check');
});

test('rubbish, giant frames, wrong passwords and strangers are shown the door', async () => {
  const before = await metric('tcp_refused_total');
  const makers = [
    () => randomBytes(randomInt(3, 2000)),
    () => Buffer.from([0xff, 0xff]),
    () => framed(check(credentials.user, 'x'.repeat(24))),
    () => framed(check('aNobody:them', credentials.pwd)),
    () => framed(randomBytes(100)),
    () => Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  ];
  const sockets = await many(120, async (i) => {
    const socket = await dial();
    socket.write(makers[i % makers.length]());
    return socket;
  });
  for (const socket of sockets) await ends(socket, 'a stranger');
  await until('the refused to be counted', 2000, async () => (await metric('tcp_refused_total')) >= before + 120);
  await nothingLeft();
  await live.assertUndisturbed('strangers');
});

test('hundreds that connect and say nothing are gone after a few seconds, and hinder nobody', async () => {
  const silent = await many(600, dial);
  const guest = await dial(0, '127.0.0.2');
  guest.write(rightCheck());
  await until('an answer beside the silent ones', 3000, () => guest.got > 20);
  for (const socket of silent) await ends(socket, 'a silent one');
  guest.destroy();
  await nothingLeft();
  await live.assertUndisturbed('the silent');
});

test('a peer that was let in and then floods, sends giants or stops reading hurts itself alone', async () => {
  const enter = async () => {
    const socket = await dial();
    socket.write(rightCheck());
    await until('an answer', 3000, () => socket.got > 20);
    return socket;
  };
  const flooder = await enter();
  for (let i = 0; i < 400; i++) {
    flooder.write(concat(...Array.from({ length: 20 }, () => framed(randomBytes(randomInt(0, 1400))))));
    if (i % 20 === 0) await sleep(5);
  }
  flooder.destroy();
  const giant = await enter();
  giant.write(Buffer.from([0xff, 0xff]));
  await ends(giant, 'the giant');
  const deaf = await enter(); // asks and never reads what it is answered
  deaf.pause();
  for (let i = 0; i < 3000; i++) {
    deaf.write(rightCheck());
    if (i % 100 === 0) await sleep(2);
  }
  await sleep(300);
  await live.assertUndisturbed('flood, giant and deaf peer');
  deaf.destroy();
  await nothingLeft();
});

test('connections that are cut in the middle of everything leave nothing', async () => {
  for (let round = 0; round < 5; round++) {
    await many(60, async () => {
      const socket = await dial();
      socket.write(rightCheck().subarray(0, randomInt(1, 90)));
      if (randomInt(2)) socket.resetAndDestroy();
      else socket.end();
    });
  }
  await nothingLeft();
  await live.assertUndisturbed('cut connections');
});
