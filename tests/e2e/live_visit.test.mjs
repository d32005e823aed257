// A rep goes live from a browser; a customer opens the link and sees and hears the rep.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './harness/artefacts.mjs';
import { launch, open, PHONE } from './harness/chromium.mjs';
import { COLOURS, writeBeeps, writeCamera, writeFilm } from './harness/pattern.mjs';
import { Server } from './harness/server.mjs';
import { arrange, clocksWithin, comeIn, goLive, lipsWithin, MAIN, moving, OWN, playoutSkews, signIn, watchFrames } from './harness/visit.mjs';
import { median, until } from './harness/wait.mjs';

const FPS = 30;
let folder, server, browser, rep, visit, guest;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'camera.y4m');
  const sound = path.join(folder, 'tone.wav');
  await Promise.all([writeCamera(camera, { fps: FPS }), writeBeeps(sound)]);
  [server, browser] = await Promise.all([Server.start(), launch({ camera, sound })]);
}, { timeout: 60_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a rep signs in by a link that works once', async () => {
  const link = await server.signInLink();
  const page = await open(browser, link);
  await page.getByRole('heading', { name: 'Visits' }).waitFor();
  const again = await open(browser, link);
  await again.getByRole('button', { name: 'Sign in' }).waitFor();
  await again.context().close();
  rep = page;
});

test('a rep makes a visit, checks the camera in private and goes live', async () => {
  await rep.getByRole('button', { name: 'New visit' }).first().click();
  await rep.getByLabel('What is it about?').fill('A lamp for the reading corner');
  await rep.getByRole('button', { name: 'Create visit' }).click();
  await rep.getByRole('button', { name: 'Go live' }).waitFor();
  await moving(rep, 'pl-video[fit=contain] >> video');
  assert.equal((await rep.evaluate(() => window.probe.stats('outbound-rtp'))).length, 0, 'nothing is sent before');
  const id = decodeURIComponent(new URL(rep.url()).hash.split('/').pop());
  await rep.getByRole('button', { name: 'Copy link' }).click();
  const url = await until(() => rep.evaluate(() => window.probe.find('input.link')?.value), { what: 'the link' });
  visit = { id, url };
  await rep.getByRole('button', { name: 'Go live' }).click();
  await moving(rep); // exactly what the customer will see
  assert.equal((await server.api('GET', `/api/v1/visits/${id}`)).state, 'live');
  await shoot(rep, 'console-visit-live');
});

test('the customer sees the rep move within a second of the tap', async (t) => {
  guest = await open(browser, visit.url, { viewport: PHONE });
  await guest.getByText('Alex Morgan').first().waitFor();
  const { ms } = await comeIn(guest);
  t.diagnostic(`first picture ${Math.round(ms)} ms after the tap`);
  assert.ok(ms <= 1000, `first picture after ${ms} ms`);
  const joins = [ms];
  for (let i = 0; i < 2; i++) {
    const page = await open(browser, visit.url, { viewport: PHONE });
    joins.push((await comeIn(page)).ms);
    await page.context().close();
  }
  t.diagnostic(`joins ${joins.map(Math.round).join(', ')} ms`);
  assert.ok(joins.every((join) => join <= 1000), `joins ${joins}`);
  await shoot(guest, 'visit-room');
});

test('what the rep publishes is what the customer gets, frame by frame', async (t) => {
  const [published, received] = await Promise.all([watchFrames(rep, OWN, 3500), watchFrames(guest, MAIN, 3000)]);
  const readable = received.filter((frame) => frame.n !== null);
  assert.ok(received.length >= 45, `${received.length} frames in 3 s`);
  assert.ok(readable.length >= received.length * 0.95, `${readable.length} of ${received.length} can be read`);
  const captured = new Map();
  for (const { n, at } of published) if (n !== null) captured.set(n, at);
  const delays = readable.filter(({ n }) => captured.has(n)).map(({ n, at }) => at - captured.get(n));
  assert.ok(delays.length >= readable.length * 0.6, `${delays.length} of ${readable.length} were seen at the rep's`);
  t.diagnostic(`${readable.length} frames, camera to customer ${Math.round(median(delays))} ms`);
  assert.ok(delays.every((ms) => ms > -150 && ms < 1000), `delays ${delays.map(Math.round)}`);
  const steps = readable.slice(1).map(({ n }, i) => (n - readable[i].n + 8 * FPS) % (8 * FPS));
  assert.ok(steps.every((step) => step < 120) && median(steps) <= 3, `frames come in order: ${steps}`);
  for (const [i, colour] of COLOURS.entries()) {
    const seen = [0, 1, 2].map((c) => median(readable.map((frame) => frame.colours[i][c])));
    assert.ok(seen.every((value, c) => Math.abs(value - colour[c]) <= 20), `colour ${i}: ${seen} for ${colour}`);
  }
  const flash = readable.map((frame) => frame.colours[3][0]);
  assert.ok(Math.max(...flash) > 220 && Math.min(...flash) < 35, 'the flash comes and goes');
});

test('one big button turns the sound on', async () => {
  const audible = () => guest.evaluate(() =>
    [...document.querySelectorAll('audio')].filter((a) => !a.muted && !a.paused && a.volume > 0).length);
  assert.equal(await audible(), 0, 'silent until asked');
  await guest.getByRole('button', { name: 'Tap to hear Alex' }).click();
  await until(async () => (await audible()) === 1, { what: 'one audible element' });
  await guest.getByRole('button', { name: 'Tap to hear Alex' }).waitFor({ state: 'detached' });
  const heard = await guest.evaluate(() => window.probe.hear(window.probe.receiverTracks('audio')[0], 5200));
  assert.ok(heard.level > 0.05, `level ${heard.level}`);
  assert.ok(heard.beeps.length >= 4, `${heard.beeps.length} beeps in 5.2 s`);
  const whole = heard.beeps.slice(1); // the first may have begun before we listened
  const gaps = whole.slice(1).map((at, i) => at - whole[i]);
  assert.ok(gaps.every((gap) => Math.abs(gap - Math.round(gap / 1000) * 1000) < 250) && Math.abs(median(gaps) - 1000) < 100,
    `beeps a second apart: ${gaps}`);
  await shoot(guest, 'visit-room-sound');
});

test('the rep\'s lips and voice are together after a join', async (t) => {
  const lips = await clocksWithin(guest, { video: '0', audio: '4' });
  t.diagnostic(`picture behind sound ${lips.words}`);
  assert.ok(lips.ok, lips.words);
});

test('a screen takes the stage and gives it back', async (t) => {
  await rep.getByRole('button', { name: 'Screen' }).click();
  await guest.waitForFunction(() => window.probe.find('pl-video.main >> video')?.getAttribute('aria-label')?.includes('screen'));
  await guest.waitForFunction(() => (window.probe.find('pl-video.main >> video')?.videoWidth ?? 0) > 0);
  await shoot(guest, 'visit-room-screen');
  await shoot(rep, 'console-visit-screen');
  const inset = await moving(guest, '.insets pl-video >> video');
  assert.notEqual(inset.n, null, 'the rep stays in the corner');
  await rep.getByRole('button', { name: 'Screen' }).click();
  await guest.waitForFunction(() => window.probe.find('pl-video.main >> video')?.getAttribute('aria-label')?.includes('live picture'));
  await moving(guest);
  const lips = await clocksWithin(guest, { video: '0', audio: '4' });
  t.diagnostic(`picture behind sound ${lips.words} after the switch`);
  assert.ok(lips.ok, lips.words);
});

test('the customer shows herself after a private look', async () => {
  await guest.getByRole('button', { name: 'Camera off' }).click();
  await moving(guest, 'pl-preview >> video');
  await shoot(guest, 'visit-preview-camera');
  await guest.getByRole('button', { name: 'Let Alex see me' }).click();
  await moving(rep, '.insets pl-video >> video');
  await guest.getByRole('button', { name: 'Mic off' }).click();
  await guest.getByRole('button', { name: 'Let Alex hear me' }).click();
  await guest.getByRole('button', { name: 'Mic on' }).waitFor();
  const level = () => rep.evaluate(async () => Math.max(...(await window.probe.stats('inbound-rtp'))
    .filter((s) => s.kind === 'audio' && s.mid !== '4').map((s) => s.audioLevel ?? 0)));
  await until(async () => (await level()) > 0.02, { what: 'the customer to be heard', every: 50 });
  await shoot(guest, 'visit-room-showing');
  await guest.getByRole('button', { name: 'Camera on' }).click();
  await rep.waitForFunction(() => window.probe.find('.insets pl-video') === null);
});

test('a film played into the visit keeps flash and beep together', { timeout: 240_000 }, async (t) => {
  const film = path.join(folder, 'film.mp4');
  await writeFilm(film, { seconds: 30 });
  await server.publish(film, 'Pattern');
  const [walkthrough] = await server.api('GET', '/api/v1/walkthroughs').then((all) => all.walkthroughs ?? all.items ?? all);
  const feed = await server.api('POST', `/api/v1/visits/${visit.id}/feeds`, { source: 'file', file: walkthrough.id, codec: 'vp8' });
  await guest.waitForFunction(() => window.probe.find('.insets pl-video') !== null, undefined, { timeout: 15_000 });
  await moving(guest, MAIN);
  const lips = await lipsWithin(guest, { path: MAIN, track: 1, fps: 25 });
  t.diagnostic(`flash behind beep ${lips.words}`);
  const skews = await playoutSkews(guest, { video: '1', audio: '5' });
  t.diagnostic(`by the streams' clocks ${Math.round(median(skews))} ms`);
  await server.api('DELETE', `/api/v1/visits/${visit.id}/feeds/${feed.id}`);
  assert.ok(lips.ok, `flash behind beep ${lips.words}`);
  await guest.waitForFunction(() => window.probe.find('.insets pl-video') === null);
  await moving(guest);
});

test('leaving and ending are said in words', async () => {
  await guest.getByRole('button', { name: 'Leave' }).click();
  await guest.getByText('You left the visit').waitFor();
  await shoot(guest, 'visit-left');
  await guest.getByRole('button', { name: 'Go back in' }).click();
  await comeIn(guest).catch(() => moving(guest));
  await rep.getByRole('button', { name: 'End visit' }).click();
  await rep.getByRole('button', { name: 'End it' }).click();
  await guest.getByText('has ended the visit').waitFor();
  assert.equal((await server.api('GET', `/api/v1/visits/${visit.id}`)).state, 'ended');
  await shoot(guest, 'visit-ended');
  await shoot(rep, 'console-visit-ended');
  assert.deepEqual(guest.complaints, []);
  assert.deepEqual(rep.complaints, []);
});
