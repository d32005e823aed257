// Every view in light and dark: axe finds nothing, and there is a screenshot for people to look at.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { shoot } from './harness/artefacts.mjs';
import { DESK, launch, open, PHONE } from './harness/chromium.mjs';
import { writeBeeps, writeCamera, writeFilm } from './harness/pattern.mjs';
import { writeDeck } from './harness/deck.mjs';
import { Server } from './harness/server.mjs';
import { arrange, moving, signIn } from './harness/visit.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SCHEMES = ['light', 'dark'];
let folder, server, browser, slug;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const [camera, sound, film, captions] = ['camera.y4m', 'tone.wav', 'film.mp4', 'captions.vtt'].map((name) => path.join(folder, name));
  await writeFile(captions, 'WEBVTT\n\n00:00:00.000 --> 00:00:08.000\nThe words\n');
  await Promise.all([writeCamera(camera), writeBeeps(sound), writeFilm(film, { seconds: 8 })]);
  [server, browser] = await Promise.all([Server.start(), launch({ camera, sound })]);
  slug = await server.publish(film, 'The pattern, explained', '--captions', captions, '--lang', 'en');
}, { timeout: 120_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

// Looks at `page` in both schemes, after `ready`.
async function look(page, name) {
  const found = [];
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
    for (const { id, nodes } of violations) {
      found.push(`${name} ${colorScheme}: ${id}: ${nodes.map((node) => `${node.target.flat().join(' ')} ${node.any.map((a) => a.message).join(' ')}`).join('; ')}`);
    }
    await shoot(page, `${name}-${colorScheme}`);
  }
  assert.deepEqual(found, []);
}

async function withPage(page, act) {
  try {
    await act(page);
  } finally {
    await page.context().close();
  }
}

test('console, signed out', async () =>
  withPage(await open(browser, server.base), async (page) => {
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await look(page, 'console-signed-out');
  }));

test('console, nothing there yet, and a new visit', async () =>
  withPage(await signIn(server, browser), async (page) => {
    await page.getByText('Nobody is expected yet').waitFor();
    await look(page, 'console-empty');
    await page.getByRole('button', { name: 'New visit' }).first().click();
    await page.getByLabel('What is it about?').waitFor();
    await look(page, 'console-new-visit');
  }));

test('console, walkthroughs', async () =>
  withPage(await signIn(server, browser), async (page) => {
    await page.getByRole('link', { name: 'Walkthroughs' }).click();
    await page.getByText('The pattern, explained').waitFor();
    await look(page, 'console-walkthroughs');
  }));

test('console, what a film can be made of, live sources and slides', { timeout: 180_000 }, async () =>
  withPage(await signIn(server, browser), async (page) => {
    const choose = (file) => page.locator('pl-drop input[type=file]').setInputFiles(file);
    await page.evaluate(() => { location.hash = '#/walkthroughs'; });
    await page.getByRole('button', { name: 'More about The pattern' }).click();
    await page.getByRole('button', { name: 'Replace video' }).waitFor();
    await look(page, 'console-film');
    await page.locator('pl-walkthrough-sheet #film').setInputFiles(path.join(folder, 'film.mp4'));
    await page.getByText('This film has a green background').click();
    await look(page, 'console-film-replace');
    await page.keyboard.press('Escape');
    await page.evaluate(() => { location.hash = '#/sources'; });
    await page.getByRole('button', { name: 'Add a source' }).click();
    await page.getByLabel('Name').waitFor();
    await look(page, 'console-source');
    await page.getByLabel('Name').fill('The shop floor');
    await page.getByLabel('Camera (RTSP)').check();
    await page.getByLabel('Address').fill('rtsp://127.0.0.1:8554/floor');
    await page.getByRole('button', { name: 'Add source' }).click();
    await page.getByRole('heading', { name: 'The shop floor' }).waitFor();
    await look(page, 'console-sources-real');
    await page.evaluate(() => { location.hash = '#/slides'; });
    await choose(await writeDeck(path.join(folder, 'offer.pdf'), ['The lamp', 'What it costs']));
    await page.getByText('2 pages').waitFor({ timeout: 60_000 });
    await page.locator('pl-slides-list .cover img').waitFor();
    await look(page, 'console-slides');
    await page.getByRole('button', { name: 'Look through' }).click();
    await page.getByRole('img', { name: /What it costs/ }).waitFor();
    await look(page, 'console-deck');
    assert.deepEqual(page.complaints, []);
  }));

test('a visit: console, card, consent, room and after', async (t) => {
  const rep = await signIn(server, browser);
  t.after(() => rep.context().close());
  const visit = await arrange(rep, { recording: 'ask' });
  await rep.evaluate((id) => { location.hash = `#/visits/${id}`; }, visit.id);
  await moving(rep, 'pl-video[fit=contain] >> video');
  await t.test('before it is live', () => look(rep, 'console-visit-check'));

  const guest = await open(browser, visit.url, { viewport: PHONE });
  t.after(() => guest.context().close());
  await guest.getByRole('button', { name: 'Come in' }).waitFor();
  await t.test('the card', () => look(guest, 'visit-card'));
  await guest.getByRole('button', { name: 'Come in' }).click();
  await guest.getByRole('button', { name: 'Go in' }).waitFor();
  await t.test('the consent', () => look(guest, 'visit-consent'));
  await guest.getByRole('button', { name: 'Go in' }).click();
  await guest.getByText('will be right with you').waitFor();
  await t.test('the room, waiting', () => look(guest, 'visit-room-waiting'));

  await rep.getByRole('button', { name: 'Go live' }).click();
  await Promise.all([moving(rep), moving(guest)]);
  await t.test('the room', () => look(guest, 'visit-room'));
  await t.test('the console, live', () => look(rep, 'console-visit-live'));
  await rep.getByRole('button', { name: 'QR code' }).click();
  await rep.getByRole('img', { name: 'QR code' }).waitFor();
  await t.test('the QR code', () => look(rep, 'console-visit-qr'));
  await rep.keyboard.press('Escape');
  await guest.getByRole('button', { name: 'Camera off' }).click();
  await moving(guest, 'pl-preview >> video');
  await t.test('the private preview', () => look(guest, 'visit-preview-camera'));
  await guest.getByRole('button', { name: 'Not now' }).click();
  await guest.getByRole('button', { name: 'Leave' }).click();
  await guest.getByText('You left the visit').waitFor();
  await t.test('after leaving', () => look(guest, 'visit-left'));

  await rep.getByRole('button', { name: 'End visit' }).click();
  await rep.getByRole('button', { name: 'End it' }).waitFor();
  await t.test('before the end', () => look(rep, 'console-visit-ending'));
  await rep.getByRole('button', { name: 'End it' }).click();
  await rep.getByText('This visit is over').waitFor();
  await t.test('the console, ended', () => look(rep, 'console-visit-ended'));
  await guest.goto(visit.url);
  await guest.getByRole('heading', { name: 'This visit is over' }).waitFor();
  await t.test('the link, ended', () => look(guest, 'closed-ended'));
  await rep.evaluate(() => { location.hash = '#/visits'; });
  await rep.getByText('A lamp for the reading corner').first().waitFor();
  await t.test('the list', () => look(rep, 'console-visits'));
});

test('a revoked link and an unknown one', async () => {
  const { id } = await server.visit();
  const invite = await server.invite(id);
  await server.api('DELETE', `/api/v1/visits/${id}/invites/${invite.id}`);
  await withPage(await open(browser, invite.url, { viewport: PHONE }), async (page) => {
    await page.getByRole('heading', { name: 'no longer opens the door' }).waitFor();
    await look(page, 'closed-revoked');
    await page.goto(`${server.base}/v/nobody`);
    await page.getByRole('heading', { name: 'We do not know this link' }).waitFor();
    await look(page, 'closed-unknown');
  });
});

test('a walkthrough', async () =>
  withPage(await open(browser, `${server.base}/w/${slug}`, { viewport: DESK }), async (page) => {
    await moving(page, 'pl-player >> video');
    await look(page, 'walkthrough-playing');
    await page.getByRole('button', { name: 'Play again' }).first().waitFor();
    await look(page, 'walkthrough-ended');
  }));

test('a walkthrough in somebody\'s page', async () =>
  withPage(await open(browser, `${server.base}/w/${slug}/embed`, { viewport: DESK }), async (page) => {
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    await look(page, 'embed');
    await page.getByRole('button', { name: 'Play', exact: true }).first().click();
    await moving(page, 'pl-player >> video');
    await look(page, 'embed-playing');
  }));
