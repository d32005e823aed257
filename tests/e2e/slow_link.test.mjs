// A visit over a link whose rate steps down and up again, watched by Chromium: the picture goes on, on a
// smaller rung where there is one, and comes back. First the emulated link itself is proved.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, open, PHONE } from './harness/chromium.mjs';
import { Link } from './harness/link.mjs';
import { CENTRE, entered, Household } from './harness/netns.mjs';
import { writeBeeps, writeCamera } from './harness/pattern.mjs';
import { exchange, makeCertificate, Server } from './harness/server.mjs';
import { arrange, comeIn, goLive, moving, signIn } from './harness/visit.mjs';

entered(fileURLToPath(import.meta.url));

const QUEUE = 100_000;
const WIDE = { 'down.rate': 5e6, 'up.rate': 5e6, 'down.delay': 30, 'up.delay': 30, 'down.queue': QUEUE, 'up.queue': QUEUE };
let folder, server, browser, guests, rep, visit, home, link;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'pattern.y4m');
  const sound = path.join(folder, 'tone.wav');
  await Promise.all([writeCamera(camera), writeBeeps(sound)]);
  home = new Household('home');
  link = await Link.start(home, WIDE);
  const tls = await makeCertificate(folder, 'parlour');
  server = await Server.start({ tls, address: '[::]', host: CENTRE });
  browser = await launch({ camera, sound });
  guests = await launch({ executable: home.chromium, args: ['--ignore-certificate-errors'] });
  rep = await signIn(server, browser);
  visit = await arrange(rep);
  await goLive(rep, visit.id);
}, { timeout: 90_000 });

after(async () => {
  await guests?.close();
  await browser?.close();
  await server?.stop();
  await link?.stop();
  home?.close();
  await rm(folder, { recursive: true, force: true });
});

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// A listener in the household: resolves with what came of `count` datagrams of `size` at `rate`.
async function flood({ rate, size, seconds }) {
  const child = spawn('ip', ['netns', 'exec', home.name, process.execPath, '-e', `
    const s = require('node:dgram').createSocket('udp4'); let first = 0, last = 0, n = 0, least = 1e9;
    s.on('message', (m) => { const now = Date.now(); first ||= now; last = now; n++; least = Math.min(least, now - m.readDoubleBE(0)); });
    s.bind(7000, () => console.log('ready'));
    process.stdin.on('data', () => { console.log(JSON.stringify({ n, ms: last - first, least })); process.exit(); });`],
  { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const socket = createSocket('udp4');
  const packet = Buffer.alloc(size);
  const count = Math.round((rate * seconds) / 8 / (size + 28));
  const begun = Date.now();
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.ceil(((Date.now() - begun) / 1000 / seconds) * count));
    for (; sent < due; sent++) {
      packet.writeDoubleBE(Date.now());
      socket.send(packet, 7000, link.inner);
    }
    await sleep(2);
  }
  await sleep(1500);
  child.stdin.write('x');
  const got = JSON.parse((await lines.next()).value);
  socket.close();
  if (child.exitCode === null) await once(child, 'exit');
  return { ...got, count, rate: ((got.n - 1) * (size + 28) * 8000) / got.ms };
}

test('the emulated link carries its rate, with its delay, and loses its share', async (t) => {
  link.set({ 'down.rate': 1e6, 'down.queue': 30_000 });
  const full = await flood({ rate: 2e6, size: 1000, seconds: 2 });
  t.diagnostic(`1 Mbit/s given 2: ${Math.round(full.rate / 1000)} kbit/s came, the first after ${full.least} ms`);
  assert.ok(full.rate > 0.93e6 && full.rate < 1.05e6, `${full.rate}`);
  assert.ok(full.least >= 30 && full.least < 60, `${full.least} ms`);
  link.set({ 'down.loss': 10 });
  const lossy = await flood({ rate: 0.8e6, size: 200, seconds: 4 });
  const lost = 1 - lossy.n / lossy.count;
  link.set({ 'down.loss': 0, 'down.burst': 20 });
  const bursts = await flood({ rate: 0.8e6, size: 200, seconds: 4 });
  const burst = 1 - bursts.n / bursts.count;
  t.diagnostic(`10 %: ${(lost * 100).toFixed(1)} % lost; half of 20 % in bursts: ${(burst * 100).toFixed(1)} %`);
  assert.ok(lost > 0.07 && lost < 0.13, `${lost}`);
  assert.ok(burst > 0.04 && burst < 0.18, `${burst}`);
  link.set({ 'down.burst': 0, ...WIDE });
});

// Of the main picture, by getStats.
const look = async (page) => {
  const all = await page.evaluate(() => window.probe.stats('inbound-rtp'));
  const picture = all.filter((s) => s.kind === 'video' && s.framesDecoded > 0).sort((a, b) => b.framesDecoded - a.framesDecoded)[0];
  const { framesDecoded: frames, freezeCount: freezes, totalFreezesDuration: frozen, frameHeight: height,
    jitterBufferDelay, jitterBufferEmittedCount } = picture;
  return { frames, freezes, frozen, height, at: Date.now(), jitterBufferDelay, jitterBufferEmittedCount };
};

const metric = async (name) => {
  const { text } = await exchange(`https://127.0.0.1:${server.port}/metrics`);
  return Number(new RegExp(`^parlour_${name} (\\d+)$`, 'm').exec(text)[1]);
};

// A look of 5 s without a still of half a second, of at most four: browsers, server and their neighbours
// share the cores here, and a stall of those is none of the link.
async function goesOn(page, t, words) {
  let found;
  for (let looks = 0; looks < 4; looks++) {
    await link.stats();
    const before = await look(page);
    await sleep(5000);
    const now = await look(page);
    const { down } = await link.stats();
    found = { fps: (now.frames - before.frames) * 1000 / (now.at - before.at), frozen: now.frozen - before.frozen, waited: down.waited_ms };
    t.diagnostic(`${words}: ${found.fps.toFixed(1)} frames/s, still for ${Math.round(found.frozen * 1000)} ms, buffer ` +
      `${Math.round(1000 * (now.jitterBufferDelay - before.jitterBufferDelay) / (now.jitterBufferEmittedCount - before.jitterBufferEmittedCount))} ms, ` +
      `longest queue ${down.waited_ms} ms, estimate ${Math.round((await metric('media_send_rate_bits')) / 1000)} kbit/s`);
    if (found.frozen < 0.5 && found.fps > 5) return found;
  }
  assert.fail(`${words}: still for ${found.frozen} s in each look, ${found.fps} frames a second`);
}

test('Chromium follows a step of the rate down and up, and loss, without freezing', { timeout: 150_000 }, async (t) => {
  const page = await open(guests, undefined, { viewport: PHONE });
  t.after(() => page.context().close());
  await page.goto(visit.url);
  await comeIn(page);
  await moving(page);
  await goesOn(page, t, '5 Mbit/s');
  link.set({ 'down.rate': 0.8e6 });
  const { waited } = await goesOn(page, t, '0.8 Mbit/s');
  assert.ok(waited < 700, `a packet waited ${waited} ms in a queue of a second`);
  link.set({ 'down.loss': 3 });
  await goesOn(page, t, '0.8 Mbit/s, 3 % lost');
  link.set({ 'down.loss': 0, 'down.rate': 5e6 });
  await goesOn(page, t, '5 Mbit/s again');
  assert.ok(await metric('media_feedback_total') > 50, 'Chromium tells of arrivals');
  assert.ok(await metric('media_retransmitted_total') > 0, 'what was lost was sent again');
  assert.ok(await metric('media_send_rates') >= 1, 'the rate is known');
  assert.equal(await metric('media_feedback_refused_total'), 0);
});
