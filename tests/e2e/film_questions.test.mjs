// Ask the recorded person: asked on a phone at a second of a film, answered in words and by a clip, opened by
// the next viewer at that second; the asker is told on coming back.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { shoot } from './harness/artefacts.mjs';
import { DESK, launch, open, PHONE } from './harness/chromium.mjs';
import { writeFilm } from './harness/pattern.mjs';
import { Server } from './harness/server.mjs';
import { signIn } from './harness/visit.mjs';
import { until } from './harness/wait.mjs';

const INJECTED = 'Does <img src=x onerror="document.title=1"> get hot?';
let folder, server, browser, slug, clip, asker;

const axe = async (page) => (await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target.flat().join(' ')).join('; ')}`);
const questions = () => server.api('GET', '/api/v1/questions');
const time = (page) => page.locator('pl-seek-bar [role=slider]').getAttribute('aria-valuenow').then(Number);

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const film = path.join(folder, 'film.mp4');
  clip = path.join(folder, 'answer.mp4');
  await Promise.all([writeFilm(film, { width: 320, height: 180, seconds: 20 }), writeFilm(clip, { width: 320, height: 180, seconds: 2 })]);
  [server, browser] = await Promise.all([Server.start(), launch()]);
  slug = await server.publish(film, 'The lamp');
}, { timeout: 120_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a viewer asks at a second, and the film waits meanwhile', { timeout: 60_000 }, async () => {
  asker = await open(browser, `${server.base}/w/${slug}?t=5`, { viewport: PHONE });
  await until(async () => (await time(asker)) >= 6, { what: 'the film to play', within: 15_000 });
  await asker.getByRole('button', { name: 'Ask about this moment' }).click();
  await asker.getByRole('heading', { name: /Ask about 0:0\d/ }).waitFor();
  await asker.getByLabel('Your question').pressSequentially('kfm jl', { delay: 5 }); // letters that steer the player elsewhere
  const stopped = await time(asker);
  await asker.getByLabel('Your question').fill(INJECTED);
  await asker.getByLabel('Your first name').fill('Sam');
  await shoot(asker, 'film-ask');
  assert.deepEqual(await axe(asker), []);
  assert.equal(await time(asker), stopped, 'the film waits');
  await asker.getByRole('button', { name: 'Send' }).click();
  await asker.getByText('you will be told here').waitFor();
  await asker.getByRole('button', { name: 'Go on watching' }).click();
  await until(async () => (await time(asker)) > stopped, { what: 'the film to go on', within: 10_000 });
  await asker.getByText('Not answered yet').waitFor();
  const [q] = await questions();
  assert.deepEqual([q.text, q.name, q.state], [INJECTED, 'Sam', 'open']);
  assert.ok(q.t >= 5 && q.t < 12, `asked at ${q.t}`);
  // Another is asked and taken back.
  await asker.getByRole('button', { name: 'Ask about this moment' }).click();
  await asker.getByLabel('Your question').fill('A slip');
  await asker.getByRole('button', { name: 'Send' }).click();
  await asker.getByRole('button', { name: 'Go on watching' }).click();
  await asker.getByRole('button', { name: 'Take back: A slip' }).click();
  await asker.getByText('A slip').waitFor({ state: 'detached' });
  assert.equal((await questions()).length, 1);
});

test('a rep answers in words, then by a clip', { timeout: 180_000 }, async () => {
  const page = await signIn(server, browser);
  await page.evaluate(() => { location.hash = '#/walkthroughs'; });
  await page.getByText('1 question waits').waitFor();
  await page.getByRole('button', { name: 'More about The lamp' }).click();
  await page.getByRole('button', { name: `Answer: ${INJECTED}` }).click();
  await page.getByLabel('Answer in words').fill('No. It stays cool & quiet.');
  await page.locator('pl-film-questions').scrollIntoViewIfNeeded();
  await shoot(page, 'console-film-question');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('button', { name: 'Publish the answer' }).click();
  await page.getByText('No. It stays cool & quiet.').waitFor();
  await page.getByRole('button', { name: `Answer: ${INJECTED}` }).click();
  await page.locator('pl-film-questions input#clip').setInputFiles(clip);
  await page.getByRole('link', { name: 'Watch the clip' }).waitFor({ timeout: 90_000 });
  await shoot(page, 'console-film-question-answered');
  await page.getByRole('button', { name: 'Close' }).click();
  assert.equal(await page.locator('li.film').count(), 1, 'the clip is no film of the list');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the next viewer opens the answer at that second', { timeout: 90_000 }, async () => {
  const [{ t }] = await questions();
  const viewer = await open(browser, `${server.base}/w/${slug}?t=${Math.max(0, t - 1)}`, { viewport: DESK });
  const offer = viewer.getByRole('button', { name: `Answered: ${INJECTED}` });
  await offer.waitFor({ timeout: 20_000 });
  assert.equal(await viewer.locator('pl-seek-bar s').count(), 1);
  await shoot(viewer, 'film-answer-offered');
  await offer.click();
  await viewer.getByText('No. It stays cool & quiet.').waitFor();
  const inside = viewer.frameLocator('pl-film-answer iframe');
  await inside.getByRole('button', { name: 'Play' }).first().click();
  await until(() => inside.locator('video').evaluate((v) => v.currentTime > 0.2 && v.videoWidth > 0), { what: 'the clip to play', within: 20_000 });
  await shoot(viewer, 'film-answer');
  assert.deepEqual(await axe(viewer), []);
  const waits = await time(viewer);
  await viewer.getByRole('button', { name: 'Close' }).click();
  await until(async () => (await time(viewer)) > waits, { what: 'the film to go on', within: 15_000 });
  await viewer.getByRole('button', { name: /Answered by a clip/ }).click();
  await viewer.locator('pl-film-answer iframe').waitFor();
  assert.equal(await viewer.title(), 'The lamp', 'nothing that was asked has run');
  assert.deepEqual(viewer.complaints, []);
  assert.deepEqual([...viewer.origins], [server.base]);
  await viewer.context().close();
});

test('the asker is told on coming back, once', { timeout: 60_000 }, async () => {
  await asker.reload();
  await asker.getByText('Your question has been answered.').waitFor();
  await asker.getByText('Your question has been answered.').scrollIntoViewIfNeeded();
  await shoot(asker, 'film-answer-news');
  await asker.getByRole('button', { name: 'Show the answer' }).click();
  await asker.getByText('No. It stays cool & quiet.').waitFor();
  await asker.reload();
  await asker.getByRole('button', { name: /Answered by a clip/ }).waitFor();
  assert.equal(await asker.getByText('Your question has been answered.').count(), 0);
  await asker.getByRole('button', { name: /^Take back/ }).click();
  await until(async () => (await questions()).length === 0, { what: 'it to be taken back', within: 5_000 });
  assert.deepEqual(asker.complaints, []);
});
