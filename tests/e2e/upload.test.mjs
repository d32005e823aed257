// A marketer's film: uploaded, interrupted and resumed, made, published, watched, replaced.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './harness/artefacts.mjs';
import { launch, open } from './harness/chromium.mjs';
import { writeFilm } from './harness/pattern.mjs';
import { exchange, Server } from './harness/server.mjs';
import { moving, signIn } from './harness/visit.mjs';
import { until } from './harness/wait.mjs';

const FILM = 'pl-player >> video';
const MADE_MS = 120_000;
const BIG = 12_000_000;
let folder, server, browser, page, film, big;

// A film with a “free” box behind it (ISO/IEC 14496-12 §8.1.2): as long as we like, and still a film.
async function grown(file, size) {
  const bytes = await readFile(film);
  const box = Buffer.alloc(size - bytes.length);
  for (let i = 8; i + 4 <= box.length; i += 4) box.writeUInt32LE((i * 2654435761) >>> 0, i);
  box.writeUInt32BE(box.length, 0);
  box.write('free', 4);
  await writeFile(file, bytes);
  await appendFile(file, box);
  return file;
}

const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
const card = (title) => page.locator('li.film', { hasText: title });
const row = (name) => page.locator('pl-uploads li', { hasText: name });
const choose = (file) => page.locator('pl-drop input[type=file]').setInputFiles(file);

async function goTo(place) {
  await page.evaluate((where) => { location.hash = where; }, `#/${place}`);
}

async function slowly(bytesASecond) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesASecond });
  return session;
}

const walkthrough = async (title) => (await server.api('GET', '/api/v1/walkthroughs')).find((w) => w.title === title);

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  film = path.join(folder, 'garden_lamp.mp4');
  await writeFilm(film, { width: 320, height: 180, seconds: 6 });
  [server, browser, big] = await Promise.all([Server.start(), launch(), grown(path.join(folder, 'long_lamp.mp4'), BIG)]);
  page = await signIn(server, browser);
}, { timeout: 120_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a film is chosen, uploaded, made and published, and plays for everybody', { timeout: 240_000 }, async (t) => {
  await goTo('walkthroughs');
  await page.getByRole('heading', { name: 'Show it once, for everyone' }).waitFor();
  await shoot(page, 'console-walkthroughs-empty');
  await choose(film);
  await page.getByLabel('Title').waitFor();
  assert.equal(await page.getByLabel('Title').inputValue(), 'garden lamp');
  await shoot(page, 'console-new-film');
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  const began = performance.now();
  const progress = page.getByRole('progressbar', { name: 'Preparing garden lamp' });
  await progress.waitFor();
  const seen = new Set();
  await until(async () => {
    seen.add(Number(await progress.getAttribute('aria-valuenow', { timeout: 300 }).catch(() => NaN)));
    return (await page.getByText('Only your team sees it').count()) > 0;
  }, { what: 'the film to be made', within: MADE_MS, every: 100 });
  const told = [...seen].filter((n) => n > 0 && n < 100);
  const took = (performance.now() - began) / 1000;
  t.diagnostic(`made in ${took.toFixed(1)} s, told at ${told.join(', ')} %`);
  assert.ok((told.length > 0 || took < 3) && told.every((n, i) => i === 0 || n > told[i - 1]), `progress ${told}`);
  const { slug } = await walkthrough('garden lamp');
  const stranger = await exchange(`${server.base}/w/${slug}`);
  assert.equal(stranger.status, 404, 'not published yet');
  await page.getByRole('button', { name: 'Publish' }).click();
  await card('garden lamp').getByRole('button', { name: 'Copy link' }).waitFor();
  await shoot(page, 'console-walkthroughs-published');
  const viewer = await open(browser, `${server.base}/w/${slug}`);
  await moving(viewer, FILM);
  assert.deepEqual(viewer.complaints, []);
  await viewer.context().close();
});

test('an upload outlives kill -9 of the server, byte for byte', { timeout: 240_000 }, async (t) => {
  const session = await slowly(2_000_000);
  await choose(big);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  const bar = row('long_lamp.mp4').getByRole('progressbar');
  await until(async () => Number(await bar.getAttribute('aria-valuenow')) >= 25, { what: 'a quarter of the upload', within: 30_000, every: 100 });
  await shoot(page, 'console-uploading');
  assert.match(await row('long_lamp.mp4').innerText(), /of 12 MB/);
  await server.end('SIGKILL');
  await page.getByText('waiting for the server, goes on by itself').waitFor();
  await shoot(page, 'console-upload-broken');
  const posts = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/api/v1/uploads') && request.method() === 'POST') posts.push(request.url());
  });
  await server.run();
  await until(async () => (await row('long_lamp.mp4').count()) === 0, { what: 'the rest of the upload', within: 60_000, every: 200 });
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  assert.equal(posts.length, 0, 'it went on, it did not start again');
  await until(async () => (await walkthrough('long lamp'))?.state === 'ready', { what: 'the film to be made', within: MADE_MS, every: 500 });
  const stored = await Promise.all((await readdir(path.join(server.data, 'uploads'))).map((name) => readFile(path.join(server.data, 'uploads', name))));
  const sent = sha(await readFile(big));
  assert.ok(stored.some((bytes) => bytes.length === BIG && sha(bytes) === sent), 'the server has every byte');
  t.diagnostic(`${stored.length} files in uploads`);
});

test('after a reload the same file goes on from where it was', { timeout: 120_000 }, async () => {
  const other = await grown(path.join(folder, 'another_lamp.mp4'), BIG);
  let session = await slowly(2_000_000);
  await choose(other);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  const bar = row('another_lamp.mp4').getByRole('progressbar');
  await until(async () => Number(await bar.getAttribute('aria-valuenow')) >= 25, { what: 'a quarter of the upload', within: 30_000, every: 100 });
  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await row('another_lamp.mp4').getByText('choose the same file to go on').waitFor();
  assert.ok(Number(await bar.getAttribute('aria-valuenow')) > 0, 'it tells how much is there');
  await shoot(page, 'console-upload-interrupted');
  session = await slowly(-1);
  const offsets = [];
  page.on('request', (request) => {
    if (request.method() === 'PATCH' && request.url().includes('/uploads/')) offsets.push(Number(request.headers()['upload-offset']));
  });
  await choose(other);
  await until(async () => (await row('another_lamp.mp4').count()) === 0, { what: 'the rest of the upload', within: 60_000, every: 200 });
  assert.ok(offsets[0] > 0 && offsets[0] < BIG, `went on from byte ${offsets[0]}`);
  await card('another lamp').getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('You cancelled it.').waitFor();
  await session.detach();
});

test('an upload can be paused, taken up again and cancelled', { timeout: 60_000 }, async () => {
  const session = await slowly(1_000_000);
  const other = await grown(path.join(folder, 'third_lamp.mp4'), BIG);
  await choose(other);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  const bar = row('third_lamp.mp4').getByRole('progressbar');
  await until(async () => Number(await bar.getAttribute('aria-valuenow')) >= 5, { what: 'a beginning', within: 30_000, every: 100 });
  await page.getByRole('button', { name: 'Pause the upload of third_lamp.mp4' }).click();
  await row('third_lamp.mp4').getByText('paused').waitFor();
  await page.getByRole('button', { name: 'Go on with the upload of third_lamp.mp4' }).click();
  const before = Number(await bar.getAttribute('aria-valuenow'));
  await until(async () => Number(await bar.getAttribute('aria-valuenow')) > before + 3, { what: 'it to go on', within: 30_000, every: 100 });
  await page.getByRole('button', { name: 'Cancel the upload of third_lamp.mp4' }).click();
  await row('third_lamp.mp4').waitFor({ state: 'detached' });
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await session.detach();
  const halves = await until(async () => {
    const names = await readdir(path.join(server.data, 'uploads'));
    return names.some((name) => name.endsWith('.length')) ? null : names;
  }, { what: 'the half of it to leave the disk', within: 10_000, every: 200 });
  assert.ok(halves.length > 0);
});

test('what is no film says so in words, and is replaced under the same link', { timeout: 240_000 }, async () => {
  const broken = path.join(folder, 'broken.mp4');
  await writeFile(broken, Buffer.from('This is no film at all. '.repeat(2000)));
  await choose(broken);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await card('broken').getByRole('button', { name: 'Choose another file' }).waitFor({ timeout: 60_000 });
  const failed = await walkthrough('broken');
  assert.equal(failed.state, 'failed');
  assert.ok((await card('broken').innerText()).length > 20, 'it says why');
  await shoot(page, 'console-walkthrough-failed');
  await page.getByRole('button', { name: 'More about broken' }).click();
  await shoot(page, 'console-walkthrough-sheet');
  await page.locator('pl-walkthrough-sheet #film').setInputFiles(film);
  await page.getByText('It takes the place of “broken”').waitFor();
  await shoot(page, 'console-replace-film');
  await page.getByRole('button', { name: 'Replace video', exact: true }).click();
  await until(async () => (await walkthrough('broken'))?.state === 'ready', { what: 'the new film to be made', within: MADE_MS, every: 500 });
  assert.equal((await walkthrough('broken')).slug, failed.slug);
});

test('captions from a SubRip file are shown', { timeout: 60_000 }, async () => {
  const srt = path.join(folder, 'lamp.srt');
  await writeFile(srt, '1\r\n00:00:00,000 --> 00:00:06,000\r\nThe lamp turns\r\n');
  await page.getByRole('button', { name: 'More about garden lamp' }).click();
  await page.locator('pl-walkthrough-sheet #captions').setInputFiles(srt);
  await page.getByRole('button', { name: /^Remove the captions in/ }).waitFor();
  await page.keyboard.press('Escape');
  const { slug } = await walkthrough('garden lamp');
  const viewer = await open(browser, `${server.base}/w/${slug}`);
  await viewer.getByRole('button', { name: 'Captions on' }).click();
  await viewer.getByText('The lamp turns').waitFor();
  await viewer.context().close();
  assert.deepEqual(page.complaints.filter((words) => !/ERR_|Failed to load|status of (404|502|503|400)/.test(words)), []);
});
