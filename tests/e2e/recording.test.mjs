// A visit is recorded with consent, everybody sees it, and the replay is there afterwards; questions in words.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './harness/artefacts.mjs';
import { launch, open, PHONE } from './harness/chromium.mjs';
import { writeBeeps, writeCamera } from './harness/pattern.mjs';
import { Server } from './harness/server.mjs';
import { goLive, moving, signIn } from './harness/visit.mjs';
import { until } from './harness/wait.mjs';

const FILM = 'pl-player >> video';
const REPLAY_MS = 60_000;
let folder, server, browser, rep, guest, visit, watchUrl;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'camera.y4m');
  const sound = path.join(folder, 'tone.wav');
  await Promise.all([writeCamera(camera), writeBeeps(sound)]);
  [server, browser] = await Promise.all([Server.start(), launch({ camera, sound })]);
}, { timeout: 60_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const recordingChip = () => rep.locator('pl-studio .chip.rec');

test('a rep plans a visit that may be recorded', async () => {
  rep = await signIn(server, browser);
  await rep.getByRole('button', { name: 'New visit' }).first().click();
  await rep.getByLabel('What is it about?').fill('A lamp for the reading corner');
  await rep.getByLabel('Only when a guest agrees').check();
  await shoot(rep, 'console-new-visit-recording');
  await rep.getByRole('button', { name: 'Create visit' }).click();
  await rep.getByRole('button', { name: 'Go live' }).waitFor();
  const id = decodeURIComponent(new URL(rep.url()).hash.split('/').pop());
  const { url } = await server.invite(id);
  visit = { id, url };
  await goLive(rep, id);
});

test('nothing is recorded until the guest says yes, and then everyone sees it', { timeout: 60_000 }, async () => {
  guest = await open(browser, visit.url, { viewport: PHONE });
  await guest.getByRole('button', { name: 'Come in' }).click();
  await guest.getByRole('button', { name: 'Go in' }).waitFor();
  assert.equal(await guest.getByRole('checkbox').isChecked(), false, 'silence is no');
  await guest.getByRole('button', { name: 'Go in' }).click();
  await moving(guest);
  await guest.getByRole('button', { name: 'Not recording. Your choice' }).waitFor();
  assert.equal(await recordingChip().count(), 0);
  await guest.getByRole('button', { name: 'Not recording. Your choice' }).click();
  await guest.getByLabel('My picture and voice may be kept').check();
  await shoot(guest, 'visit-recording-choice');
  await guest.getByRole('button', { name: 'Done' }).click();
  await guest.getByRole('button', { name: 'Recording. Your choice' }).waitFor();
  await recordingChip().waitFor();
  await shoot(guest, 'visit-recording');
  await shoot(rep, 'console-visit-recording');
});

test('a guest asks in words, and the rep reads it', async () => {
  await guest.getByRole('button', { name: 'Ask', exact: true }).click();
  await guest.getByLabel('Your question').fill('Does the shade get hot?');
  await shoot(guest, 'visit-ask');
  await guest.getByRole('button', { name: 'Send' }).click();
  await guest.getByText('Your question is with Alex.').waitFor();
  await rep.getByRole('log', { name: 'Questions' }).getByText('Does the shade get hot?').waitFor();
  await shoot(rep, 'console-visit-question');
});

test('consent can be taken back and given again during the visit', async () => {
  await guest.getByRole('button', { name: 'Recording. Your choice' }).click();
  await guest.getByLabel('My picture and voice may be kept').uncheck();
  await recordingChip().waitFor({ state: 'detached' });
  await guest.getByLabel('My picture and voice may be kept').check();
  await recordingChip().waitFor();
  await guest.getByRole('button', { name: 'Done' }).click();
  await new Promise((resolve) => setTimeout(resolve, 4_000)); // something to see later
});

test('after the end the guest is told of the replay and watches it', { timeout: 180_000 }, async (t) => {
  await rep.getByRole('button', { name: 'End visit' }).click();
  await rep.getByRole('button', { name: 'End it' }).click();
  const ended = performance.now();
  await guest.getByText('has ended the visit').waitFor();
  const watch = guest.getByRole('link', { name: 'Watch the replay' });
  await watch.waitFor({ timeout: REPLAY_MS });
  t.diagnostic(`offered ${((performance.now() - ended) / 1000).toFixed(1)} s after the end`);
  await shoot(guest, 'visit-ended-replay');
  watchUrl = await watch.evaluate((a) => a.href);
  const stranger = await open(browser, watchUrl.replace(/\?.*/, ''));
  await stranger.getByText('This walkthrough is not here').waitFor();
  await stranger.context().close();
  const viewer = await open(browser, watchUrl, { viewport: PHONE });
  const { n } = await moving(viewer, FILM, 20_000);
  assert.notEqual(n, null, 'the rep’s picture is in it');
  await viewer.locator('pl-walkthrough-page li').first().waitFor();
  await shoot(viewer, 'replay-playing');
  assert.deepEqual(viewer.complaints, []);
  await viewer.context().close();
});

test('without WebRTC a replay plays from files, or says why it cannot', { timeout: 60_000 }, async () => {
  const viewer = await open(browser, null, { viewport: PHONE });
  await viewer.addInitScript(() => { delete globalThis.RTCPeerConnection; });
  await viewer.goto(watchUrl);
  const { walkthrough } = JSON.parse(await viewer.locator('#parlour-boot').textContent());
  if (walkthrough.hls === null && walkthrough.mp4 === null) {
    await viewer.getByText('This browser cannot show live pictures').waitFor();
  } else {
    await moving(viewer, FILM, 20_000);
  }
  await viewer.context().close();
});

test('staff find the replay in the visit and in the list of visits', async () => {
  await rep.getByRole('link', { name: 'Watch the replay' }).waitFor();
  await shoot(rep, 'console-visit-over-replay');
  await rep.evaluate(() => { location.hash = '#/visits'; });
  await rep.getByRole('link', { name: /^Watch replay/ }).waitFor();
  await shoot(rep, 'console-visits-replay');
  await rep.evaluate(() => { location.hash = '#/walkthroughs'; });
  await rep.getByRole('heading', { name: 'Replays of visits' }).or(rep.getByText('Replay', { exact: true })).first().waitFor();
});

test('the guest’s link still offers it, and the word about it can change', { timeout: 120_000 }, async () => {
  const again = await open(browser, null, { viewport: PHONE });
  await again.goto(visit.url);
  await again.getByRole('link', { name: 'Watch the replay' }).waitFor({ timeout: REPLAY_MS });
  assert.equal(await again.getByLabel('My picture and voice may stay in the replay').isChecked(), true);
  await again.getByLabel('My picture and voice may stay in the replay').click();
  await until(async () => (await again.getByText('Noted.').count()) > 0, { what: 'the word to be heard', every: 100 });
  await again.getByText('Your picture and voice are not kept.').waitFor();
  await shoot(again, 'visit-over-revoked');
  await again.context().close();
});
