// Customers who move: from one network to another, behind a router that forgets, through a dead spot. Sound
// is back before the picture, and the page says what is going on. Chromium in a household with two ways out.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { shoot } from './harness/artefacts.mjs';
import { launch, open, PHONE } from './harness/chromium.mjs';
import { CENTRE, entered, Household, Router } from './harness/netns.mjs';
import { writeBeeps, writeCamera } from './harness/pattern.mjs';
import { makeCertificate, Server } from './harness/server.mjs';
import { arrange, comeIn, goLive, MAIN, moving, signIn } from './harness/visit.mjs';
import { until } from './harness/wait.mjs';

entered(fileURLToPath(import.meta.url));

const NOTICED_MS = 3000;
const BACK_MS = 5000;
let folder, server, browser, rep, visit, home, guests;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'pattern.y4m');
  const sound = path.join(folder, 'tone.wav');
  await Promise.all([writeCamera(camera), writeBeeps(sound)]);
  home = new Household('home', ['wifi', 'mobile']);
  server = await Server.start({ tls: await makeCertificate(folder, 'parlour'), address: '[::]', host: CENTRE,
    args: ['--media-tcp-port', '4443'] });
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
  home?.close();
  await rm(folder, { recursive: true, force: true });
});

async function guestIn(t) {
  const page = await open(guests, visit.url, { viewport: PHONE });
  t.after(() => page.context().close());
  await comeIn(page);
  await moving(page);
  await page.waitForTimeout(2500); // a steady stream, as in the middle of a visit
  return page;
}

// Notes in the page when sound and pictures arrive: performance.now() of the last growth of each, and every
// silence that is longer than 300 ms with its end.
const watchArrivals = (page) => page.evaluate(() => {
  const seen = { audio: { n: 0, at: 0 }, video: { n: 0, at: 0 } };
  globalThis.arrivals = { audio: [], video: [], banner: [], stop: false };
  const look = async () => {
    const now = { audio: 0, video: 0 };
    for (const peer of window.probe.peers) {
      if (peer.connectionState === 'closed') continue;
      (await peer.getStats()).forEach((s) => {
        if (s.type === 'inbound-rtp') now[s.kind] += s.kind === 'audio' ? s.packetsReceived : s.framesDecoded ?? 0;
      });
    }
    const at = performance.now() + performance.timeOrigin;
    for (const kind of ['audio', 'video']) {
      if (now[kind] > 0 && now[kind] !== seen[kind].n) {
        if (seen[kind].at > 0 && at - seen[kind].at > 300) globalThis.arrivals[kind].push({ from: seen[kind].at, to: at });
        seen[kind] = { n: now[kind], at };
      }
    }
    const shown = /Connection lost/.test(document.querySelector('pl-room')?.shadowRoot?.textContent ?? document.body.innerText);
    if (shown !== (globalThis.arrivals.banner.at(-1)?.shown ?? false)) globalThis.arrivals.banner.push({ at, shown });
    if (!globalThis.arrivals.stop) setTimeout(look, 50);
  };
  void look();
});

const arrivals = (page) => page.evaluate(() => globalThis.arrivals);
const epoch = () => performance.timeOrigin + performance.now();

// The first time after `from` that sound and pictures came again, in ms since `from`.
async function backAfter(page, from, within = 20_000) {
  const found = {};
  await until(async () => {
    const seen = await arrivals(page);
    for (const kind of ['audio', 'video']) found[kind] ??= seen[kind].find((gap) => gap.to > from && gap.to - gap.from > 300);
    return found.audio && found.video;
  }, { what: () => `sound and picture to be back: ${JSON.stringify(found)}`, within, every: 50 });
  const [audio, video] = ['audio', 'video'].map((kind) => Math.round(found[kind].to - from));
  return { audio, video, gap: Math.round(found.audio.to - found.audio.from) };
}

test('from Wi-Fi to mobile: sound within seconds, the picture after it, events too', async (t) => {
  const page = await guestIn(t);
  await watchArrivals(page);
  const from = epoch();
  home.down('wifi');
  home.up('mobile');
  const back = await backAfter(page, from);
  t.diagnostic(`sound back after ${back.audio} ms, picture after ${back.video} ms`);
  assert.ok(back.audio <= BACK_MS && back.video <= BACK_MS, JSON.stringify(back));
  assert.ok(back.audio <= back.video + 100, `sound first: ${JSON.stringify(back)}`);
  await moving(page);
  await rep.getByText('Sam Carter').first().waitFor();
});

test('a router that gets another address: the same session goes on from there', async (t) => {
  const router = new Router(home);
  t.after(() => {
    router.close();
    home.up('mobile');
  });
  const page = await guestIn(t);
  await watchArrivals(page);
  let restarts = 0;
  page.on('request', (request) => { restarts += request.method() === 'PATCH'; });
  const opened = server.log.match(/session\.opened/g).length;
  const from = epoch();
  router.forget(3);
  await until(() => router.sent() > 200, { what: 'media to go to the new address', within: BACK_MS });
  await moving(page, MAIN, BACK_MS);
  const { audio, video } = await arrivals(page);
  const longest = (gaps) => Math.round(Math.max(0, ...gaps.filter((gap) => gap.to > from).map((gap) => gap.to - gap.from)));
  t.diagnostic(`longest silence ${longest(audio)} ms, still picture ${longest(video)} ms (0: below 300), with ${restarts} ICE restarts`);
  assert.ok(longest(audio) <= BACK_MS && longest(video) <= BACK_MS);
  assert.equal(server.log.match(/session\.opened/g).length, opened, 'the same session');
});

test('a dead spot is noticed within three seconds, and left within five', async (t) => {
  const page = await guestIn(t);
  await watchArrivals(page);
  const lost = epoch();
  home.silence('mobile');
  await page.getByText('Bringing Alex back').waitFor({ timeout: 10_000 });
  const { banner } = await arrivals(page);
  const noticed = Math.round((banner.find((b) => b.shown && b.at > lost)?.at ?? epoch()) - lost);
  await shoot(page, 'visit-dead-spot');
  await page.waitForTimeout(3000);
  const from = epoch();
  home.silence('mobile', false);
  const back = await backAfter(page, from);
  t.diagnostic(`noticed after ${noticed} ms; sound back ${back.audio} ms after the network, picture ${back.video} ms`);
  assert.ok(noticed <= NOTICED_MS, `noticed after ${noticed} ms`);
  assert.ok(back.audio <= BACK_MS && back.video <= BACK_MS, JSON.stringify(back));
  assert.ok(back.audio <= back.video + 100, `sound first: ${JSON.stringify(back)}`);
  await page.getByText('Bringing Alex back').waitFor({ state: 'detached' });
});
