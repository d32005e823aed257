// A live source is added in the console, put on stage in the studio, sent to by RTMP and seen by a customer.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './harness/artefacts.mjs';
import { launch } from './harness/chromium.mjs';
import { writeBeeps, writeCamera, writeFilm } from './harness/pattern.mjs';
import { Server } from './harness/server.mjs';
import { arrange, customer, goLive, MAIN, moving, signIn } from './harness/visit.mjs';
import { until } from './harness/wait.mjs';

let folder, server, browser, rep, guest, visit, film, encoder;

async function freeTcp() {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

// What OBS would do, with the values copied from the page.
function send(address, key) {
  const child = spawn('ffmpeg', ['-loglevel', 'error', '-re', '-stream_loop', '-1', '-i', film, '-c', 'copy', '-f', 'flv', `${address}/${key}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.words = '';
  child.stderr.on('data', (part) => { child.words += part; });
  return child;
}

async function stopEncoder() {
  if (encoder && encoder.exitCode === null && encoder.signalCode === null) {
    const gone = once(encoder, 'exit');
    encoder.kill('SIGTERM');
    await gone;
  }
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'camera.y4m');
  const sound = path.join(folder, 'tone.wav');
  film = path.join(folder, 'film.mp4');
  await Promise.all([writeCamera(camera), writeBeeps(sound), writeFilm(film, { seconds: 10 })]);
  const rtmp = await freeTcp();
  [server, browser] = await Promise.all([Server.start({ args: ['--rtmp-listen', `127.0.0.1:${rtmp}`] }), launch({ camera, sound })]);
  rep = await signIn(server, browser, { permissions: ['clipboard-read', 'clipboard-write'] });
}, { timeout: 120_000 });

after(async () => {
  await stopEncoder();
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a source is added, and its settings are there to copy', async () => {
  await rep.evaluate(() => { location.hash = '#/sources'; });
  await rep.getByRole('heading', { name: 'No live sources yet' }).waitFor();
  await shoot(rep, 'console-sources-empty');
  await rep.getByRole('button', { name: 'Add a source' }).click();
  await rep.getByLabel('Name').fill('Studio camera');
  await shoot(rep, 'console-new-source');
  await rep.locator('pl-new-source').getByRole('button', { name: 'Add source' }).click();
  await rep.getByRole('heading', { name: 'Studio camera' }).waitFor();
  const key = rep.getByLabel('Stream key', { exact: true });
  assert.equal(await key.getAttribute('type'), 'password', 'hidden until asked for');
  await rep.getByRole('button', { name: 'Show the stream key of Studio camera' }).click();
  assert.equal(await key.getAttribute('type'), 'text');
  await shoot(rep, 'console-sources');
  await rep.getByRole('button', { name: 'Copy the stream key of Studio camera' }).click();
  await rep.getByText('Copied').first().waitFor();
  assert.equal(await rep.evaluate(() => navigator.clipboard.readText()), await key.inputValue());
  const before = await key.inputValue();
  await rep.getByRole('button', { name: 'New key' }).click();
  await rep.getByRole('button', { name: 'Make a new key' }).click();
  await until(async () => (await key.inputValue()) !== before, { what: 'a new key' });
});

test('it is put on stage, and a customer sees what the encoder sends', { timeout: 120_000 }, async (t) => {
  const address = await rep.getByLabel('Server', { exact: true }).inputValue();
  const key = await rep.getByLabel('Stream key', { exact: true }).inputValue();
  visit = await arrange(rep);
  await goLive(rep, visit.id);
  guest = await customer(browser, visit.url);
  await rep.getByRole('button', { name: 'Source', exact: true }).click();
  await rep.getByRole('button', { name: 'Put Studio camera on stage' }).click();
  await rep.locator('pl-studio .chip.waiting').waitFor({ timeout: 30_000 });
  await shoot(rep, 'console-visit-source-waiting');
  encoder = send(address, key);
  await rep.locator('pl-studio .chip.connected').waitFor({ timeout: 30_000 }).catch((error) => { throw new Error(`${error.message}\n${encoder.words}\n${server.log.slice(-3000)}`); });
  await guest.waitForFunction((p) => window.probe.find(p)?.videoWidth > 0, MAIN);
  await until(() => rep.evaluate(() => window.probe.find('pl-stage')?.view.main?.kind === 'content'), { what: 'the source to take the stage', within: 15_000, every: 100 });
  const seen = new Set();
  await until(async () => {
    const { n } = await moving(guest, MAIN, 20_000);
    if (n !== null) seen.add(n);
    return seen.size >= 5;
  }, { what: 'the encoder’s own frames', within: 40_000 });
  t.diagnostic(`frames ${[...seen].join(', ')}`);
  await shoot(guest, 'visit-room-source');
});

test('the studio says how late the picture is, and of what', { timeout: 60_000 }, async (t) => {
  const chip = rep.locator('pl-studio .chip.delay');
  await until(async () => /^\d+ ms from arrival to screen/.test(await chip.innerText().catch(() => '')), { what: 'the whole delay', within: 30_000, every: 200 });
  const words = await chip.innerText();
  t.diagnostic(words.replace(/\s+/g, ' '));
  const ms = Number(words.match(/^(\d+) ms/)[1]);
  assert.ok(ms > 10 && ms < 3000, words);
  await shoot(rep, 'console-visit-source');
});

test('an encoder that is gone is told, and so is its return', { timeout: 90_000 }, async () => {
  await stopEncoder();
  await rep.locator('pl-studio .chip.lost, pl-studio .chip.waiting').first().waitFor({ timeout: 30_000 });
  await moving(guest, MAIN, 5_000).catch(() => undefined); // a holding picture carries no number
  await shoot(guest, 'visit-room-source-lost');
  await rep.getByRole('button', { name: 'Source', exact: true }).click();
  await rep.getByRole('button', { name: 'Take Studio camera off' }).click();
  await rep.getByRole('button', { name: 'Put Studio camera on stage' }).waitFor({ timeout: 20_000 });
  await rep.keyboard.press('Escape');
  await moving(guest);
  assert.deepEqual(guest.complaints, []);
  assert.deepEqual(rep.complaints, []);
});
