// Servers are killed, stopped and get new certificates; visits go on.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './harness/artefacts.mjs';
import { launch } from './harness/chromium.mjs';
import { writeBeeps, writeCamera } from './harness/pattern.mjs';
import { exchange, makeCertificate, Server } from './harness/server.mjs';
import { arrange, customer, goLive, MAIN, moving, signIn, watchFrames } from './harness/visit.mjs';
import { until } from './harness/wait.mjs';

const BACK_MS = 5000;
let folder, browser;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'camera.y4m');
  const sound = path.join(folder, 'tone.wav');
  await Promise.all([writeCamera(camera), writeBeeps(sound)]);
  browser = await launch({ camera, sound });
}, { timeout: 60_000 });

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

async function liveVisit(t, options) {
  const server = await Server.start(options);
  t.after(() => server.stop());
  const rep = await signIn(server, browser);
  t.after(() => rep.context().close());
  const visit = await arrange(rep);
  await goLive(rep, visit.id);
  const guest = await customer(browser, visit.url);
  t.after(() => guest.context().close());
  await moving(guest);
  return { server, rep, guest, visit };
}

const frozen = (page) => until(async () => (await watchFrames(page, MAIN, 300)).length === 0, { what: 'the picture to stop' });

// The ms until both pages show a moving picture again.
async function back(from, ...pages) {
  await Promise.all(pages.map((page) => moving(page, MAIN, 15_000)));
  return performance.now() - from;
}

test('a killed server comes back with the visit, and everybody returns by themselves', async (t) => {
  const { server, rep, guest, visit } = await liveVisit(t);
  const ended = await server.end('SIGKILL');
  assert.equal(ended.signal, 'SIGKILL');
  await Promise.all([frozen(guest), frozen(rep)]);
  await guest.getByText('Bringing Alex back').waitFor();
  await shoot(guest, 'visit-reconnecting');
  await server.run();
  const ms = await back(performance.now(), guest, rep);
  t.diagnostic(`moving again ${Math.round(ms)} ms after the server was ready`);
  assert.ok(ms <= BACK_MS, `back after ${ms} ms`);
  await guest.getByText('Bringing Alex back').waitFor({ state: 'detached' });
  assert.equal((await server.api('GET', `/api/v1/visits/${visit.id}`)).state, 'live');
  assert.equal((await exchange(visit.url)).status, 200, 'the invite still opens the door');
  const late = await customer(browser, visit.url);
  await moving(late);
  await late.context().close();
});

test('a stopped server ends in order; the pages say so and return when it does', async (t) => {
  const { server, rep, guest } = await liveVisit(t);
  const asked = performance.now();
  const { code, signal } = await server.end('SIGTERM');
  t.diagnostic(`ended ${Math.round(performance.now() - asked)} ms after SIGTERM`);
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
  await guest.getByText('Bringing Alex back').waitFor();
  await rep.getByText('Connection lost').waitFor();
  await shoot(rep, 'console-visit-reconnecting');
  await server.run();
  const ms = await back(performance.now(), guest, rep);
  t.diagnostic(`moving again ${Math.round(ms)} ms after the server was ready`);
  assert.ok(ms <= BACK_MS, `back after ${ms} ms`);
});

test('the rep unfolds how the visit arrives: the stage, and each viewer with dots and numbers', { skip: 'the panel stays empty since the rungs came in: to be mended' }, async (t) => {
  const { rep } = await liveVisit(t);
  await rep.getByText('How it arrives').click();
  const panel = rep.locator('pl-travel');
  const viewer = panel.locator('li').filter({ hasText: 'Sam Carter' });
  await viewer.getByText(/bit\/s.*, .* % lost/).waitFor({ timeout: 60_000 });
  assert.equal(await viewer.locator('pl-dots .on').count(), 4);
  await panel.locator('li').filter({ hasText: 'camera' }).filter({ hasText: /\d+×\d+/ }).first().waitFor();
  await shoot(rep, 'console-visit-travel', () => panel.scrollIntoViewIfNeeded());
});

test('a server that drains lets the visit go on, and its pages come back when its time is over', async (t) => {
  const { server, rep, guest } = await liveVisit(t, { args: ['--drain-seconds', '4'] });
  const eyes = watchFrames(guest, MAIN, 2500);
  const ended = server.end('SIGTERM');
  const frames = await eyes;
  const gaps = frames.slice(1).map((frame, i) => frame.at - frames[i].at);
  assert.ok(frames.length > 25 && Math.max(...gaps) < 1000, `${frames.length} frames, gaps up to ${Math.max(...gaps)} ms`);
  assert.deepEqual(await ended, { code: 0, signal: null });
  await guest.getByText('Bringing Alex back').waitFor();
  await server.run();
  const ms = await back(performance.now(), guest, rep);
  assert.ok(ms <= BACK_MS, `back after ${ms} ms`);
});

test('a new certificate is taken without dropping anybody', async (t) => {
  const [first, second] = [await makeCertificate(folder, 'first'), await makeCertificate(folder, 'second')];
  const tls = { cert: path.join(folder, 'now.crt'), key: path.join(folder, 'now.key') };
  const use = async ({ cert, key }) => {
    await copyFile(cert, tls.cert);
    await copyFile(key, tls.key);
  };
  await use(first);
  const { server, rep, guest } = await liveVisit(t, { tls });
  const name = async () => (await exchange(`${server.base}/healthz`)).peer.subject.CN;
  assert.equal(await name(), 'first');
  const sessions = () => server.log.match(/session\.opened/g).length;
  const before = sessions();
  await use(second);
  const eyes = watchFrames(guest, MAIN, 3000);
  process.kill(server.child.pid, 'SIGHUP');
  await until(async () => (await name()) === 'second', { what: 'the new certificate' });
  const frames = await eyes;
  const gaps = frames.slice(1).map((frame, i) => frame.at - frames[i].at);
  t.diagnostic(`longest gap between frames ${Math.round(Math.max(...gaps))} ms`);
  assert.ok(frames.length > 40 && Math.max(...gaps) < 1000, `${frames.length} frames, gaps up to ${Math.max(...gaps)} ms`);
  assert.equal(sessions(), before, 'nobody had to come back');
  await moving(rep);
});
