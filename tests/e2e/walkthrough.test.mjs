// A recorded walkthrough plays over the same path as a live visit, and does what its viewer wants.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './harness/artefacts.mjs';
import { launch, open } from './harness/chromium.mjs';
import { COLOURS, writeFilm } from './harness/pattern.mjs';
import { Server } from './harness/server.mjs';
import { lipsWithin, moving, playoutSkews, watchFrames } from './harness/visit.mjs';
import { median, until } from './harness/wait.mjs';

const FPS = 25;
const SECONDS = 30;
const FILM = 'pl-player >> video';
const FRAME = 1 / FPS;
let folder, server, browser, page, slug;

const position = async () => (await moving(page, FILM)).n / FPS;
const slider = () => page.getByRole('slider', { name: 'Position' });

// Does `act` in the page's own time and tells how long the first frame near `t` takes.
const seekBy = (act, t) => page.evaluate(async ([source, at, fps]) => {
  const video = window.probe.find('pl-player >> video');
  const tapped = performance.now();
  const eyes = window.probe.watch(video);
  new Function(`return (${source})`)()(at);
  for (;;) {
    const frame = eyes.frames.find((f) => f.n !== null && f.n / fps >= at - 0.5 && f.n / fps <= at + 3);
    if (frame !== undefined || performance.now() > tapped + 5000) {
      eyes.stop();
      return frame === undefined ? { ms: Infinity, seen: eyes.frames.map((f) => f.n) } : { ms: frame.at - tapped, t: frame.n / fps };
    }
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}, [String(act), t, FPS]);

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const film = path.join(folder, 'film.mp4');
  const captions = path.join(folder, 'captions.vtt');
  await writeFile(captions, 'WEBVTT\n\n00:00:00.000 --> 00:00:12.000\nThe first words\n\n00:00:12.000 --> 00:00:30.000\nThe second words\n');
  [server, browser] = await Promise.all([Server.start(), launch(), writeFilm(film, { fps: FPS, seconds: SECONDS })]);
  slug = await server.publish(film, 'The pattern, explained', '--captions', captions, '--lang', 'en');
}, { timeout: 240_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('it plays by itself, every frame as it was filmed', async (t) => {
  page = await open(browser, `${server.base}/w/${slug}`);
  await moving(page, FILM);
  const frames = await watchFrames(page, FILM, 3000);
  const readable = frames.filter((f) => f.n !== null);
  t.diagnostic(`${frames.length} frames in 3 s, ${readable.length} readable`);
  assert.ok(readable.length >= 60 && readable.length >= frames.length * 0.95, `${readable.length} of ${frames.length}`);
  for (const [i, colour] of COLOURS.entries()) {
    const seen = [0, 1, 2].map((c) => median(readable.map((f) => f.colours[i][c])));
    assert.ok(seen.every((value, c) => Math.abs(value - colour[c]) <= 25), `colour ${i}: ${seen} for ${colour}`);
  }
  const [first, last] = [readable[0], readable.at(-1)];
  const pace = ((last.n - first.n) / FPS) / ((last.at - first.at) / 1000);
  assert.ok(Math.abs(pace - 1) < 0.1, `pace ${pace}`);
  await shoot(page, 'walkthrough-playing');
});

test('lips and voice are together from the start', async (t) => {
  const skews = await playoutSkews(page, { video: '0', audio: '1' }, 25);
  const lips = await lipsWithin(page, { path: FILM, track: 0, fps: FPS });
  t.diagnostic(`flash behind beep ${lips.words}; by the streams' clocks ${Math.round(median(skews))} ms`);
  assert.ok(lips.ok, `flash behind beep ${lips.words}`);
  assert.ok(Math.abs(median(skews)) <= 40, `skews ${skews}`);
});

test('captions are shown at their second', async () => {
  await page.getByRole('button', { name: /Captions o(n|ff)/ }).waitFor();
  if (await page.getByRole('button', { name: 'Captions on' }).count()) {
    await page.getByRole('button', { name: 'Captions on' }).click();
  }
  await seekBy((t) => window.probe.find('pl-player').dispatchEvent(new CustomEvent('pl-seek', { detail: t })), 3);
  await page.getByText('The first words').waitFor();
  await seekBy((t) => window.probe.find('pl-player').dispatchEvent(new CustomEvent('pl-seek', { detail: t })), 14);
  await page.getByText('The second words').waitFor();
});

test('a seek by the bar shows the new second within 300 ms', async (t) => {
  const times = [];
  for (const at of [22, 4, 15, 9]) {
    const { ms, seen } = await seekBy((t0) => {
      const seek = window.probe.find('pl-seek-bar');
      const bar = seek.shadowRoot.querySelector('.bar');
      const box = bar.getBoundingClientRect();
      const where = { bubbles: true, composed: true, button: 0, pointerId: 1, clientX: box.left + (t0 / seek.duration) * box.width, clientY: box.top + box.height / 2 };
      bar.setPointerCapture = () => undefined; // no such pointer
      bar.dispatchEvent(new PointerEvent('pointerdown', where));
      bar.dispatchEvent(new PointerEvent('pointerup', where));
    }, at);
    times.push(ms);
    assert.ok(ms < Infinity, `second ${at} never came: ${seen}`);
  }
  t.diagnostic(`bar: ${times.map(Math.round).join(', ')} ms`);
  assert.ok(median(times) <= 300, `seeks took ${times} ms`);
});

test('a mouse and the arrow keys move it too', async (t) => {
  const box = await slider().boundingBox();
  await page.mouse.click(box.x + (box.width * 20) / SECONDS, box.y + box.height / 2);
  await until(async () => Math.abs((await position()) - 20) < 2.5, { what: 'second 20' });
  await slider().focus();
  await page.keyboard.press('ArrowLeft');
  await until(async () => Math.abs((await position()) - 16) < 2.5, { what: 'five seconds back' });
  await page.keyboard.press('Home');
  await until(async () => (await position()) < 2.5, { what: 'the start' });
  await page.keyboard.press('l');
  await until(async () => Math.abs((await position()) - 11) < 2.5, { what: 'ten seconds on' });
  await page.keyboard.press('j');
  await until(async () => (await position()) < 4, { what: 'ten seconds back' });
  t.diagnostic(`now at ${(await position()).toFixed(2)} s`);
});

test('a seek by the control call shows the new second within 300 ms', async (t) => {
  const times = [];
  for (const at of [18, 6, 12]) {
    const { ms, seen } = await seekBy((t0) => {
      const { location } = window.probe;
      void fetch(`${location}/control`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ action: 'seek', t: t0 }) });
    }, at);
    times.push(ms);
    assert.ok(ms < Infinity, `second ${at} never came: ${seen}`);
  }
  t.diagnostic(`control: ${times.map(Math.round).join(', ')} ms`);
  assert.ok(median(times) <= 300, `seeks took ${times} ms`);
});

test('lips and voice are together after a seek', async (t) => {
  const skews = await playoutSkews(page, { video: '0', audio: '1' }, 8);
  const lips = await lipsWithin(page, { path: FILM, track: 0, fps: FPS });
  t.diagnostic(`flash behind beep ${lips.words}; by the streams' clocks ${Math.round(median(skews))} ms`);
  assert.ok(lips.ok, `flash behind beep ${lips.words}`);
});

test('a pause stops the frames, and play goes on from there', async () => {
  await page.locator('body').press('k');
  await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
  await until(async () => (await watchFrames(page, FILM, 300)).length === 0, { what: 'the frames to stop' });
  assert.equal((await watchFrames(page, FILM, 1000)).length, 0, 'no frames in a pause');
  const held = await page.evaluate((p) => window.probe.decode(window.probe.find(p)).n, FILM);
  await shoot(page, 'walkthrough-paused');
  await page.locator('body').press('k');
  const { n } = await moving(page, FILM);
  assert.ok(n >= held && n - held < 3 * FPS, `from frame ${held} on, not ${n}`);
});

for (const rate of [1.5, 2]) {
  test(`at ${rate} times the speed there is still sound`, async (t) => {
    await seekBy((t0) => window.probe.find('pl-player').dispatchEvent(new CustomEvent('pl-seek', { detail: t0 })), 2);
    await page.mouse.move(400, 300);
    await page.getByRole('button', { name: /^Speed/ }).click();
    await page.getByRole('button', { name: new RegExp(`^${rate}×`) }).click();
    await page.getByRole('button', { name: `Speed ${rate}×` }).waitFor();
    const [frames, heard] = await Promise.all([
      watchFrames(page, FILM, 3000),
      page.evaluate(() => window.probe.hear(window.probe.receiverTracks('audio')[0], 3200)),
    ]);
    const readable = frames.filter((f) => f.n !== null).slice(8);
    const [first, last] = [readable[0], readable.at(-1)];
    const pace = ((last.n - first.n) / FPS) / ((last.at - first.at) / 1000);
    t.diagnostic(`pace ${pace.toFixed(2)}, level ${heard.level.toFixed(2)}, ${heard.beeps.length} beeps in 3.2 s`);
    assert.ok(Math.abs(pace - rate) < 0.15, `pace ${pace}`);
    assert.ok(heard.level > 0.05, `level ${heard.level}`);
    const gaps = heard.beeps.slice(2).map((at, i) => at - heard.beeps[i + 1]);
    assert.ok(gaps.some((gap) => Math.abs(gap - 1000 / rate) < 80), `beeps ${gaps} ms apart`);
  });
}

test('it ends, says so and plays again', async () => {
  await page.mouse.move(400, 310);
  await page.getByRole('button', { name: /^Speed/ }).click();
  await page.getByRole('button', { name: /^1×/ }).click();
  await slider().focus();
  await seekBy((t0) => window.probe.find('pl-player').dispatchEvent(new CustomEvent('pl-seek', { detail: t0 })), SECONDS - 2);
  await page.getByRole('button', { name: 'Play again' }).first().waitFor();
  await shoot(page, 'walkthrough-ended');
  await page.getByRole('button', { name: 'Play again' }).first().click();
  await until(async () => (await position()) < 6, { what: 'the beginning' });
  assert.deepEqual(page.complaints, []);
});

test('a link can name the second to start from', async () => {
  const other = await open(browser, `${server.base}/w/${slug}?t=15`);
  const { n } = await moving(other, FILM);
  assert.ok(Math.abs(n / FPS - 15) < 2.5, `starts at ${n / FPS}`);
  await other.context().close();
});

test('it can be embedded in any page', async (t) => {
  const host = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<iframe width="640" height="360" allow="autoplay" src="${server.base}/w/${slug}/embed"></iframe>`);
  });
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  t.after(() => host.close());
  const frame = await open(browser, `http://127.0.0.1:${host.address().port}/`);
  await frame.frameLocator('iframe').getByRole('button', { name: 'Play', exact: true }).first().click();
  const inner = frame.frames()[1];
  await inner.waitForFunction(() => window.probe.find('pl-player >> video')?.videoWidth > 0);
  assert.notEqual((await inner.evaluate(() => window.probe.moves('pl-player >> video', 8000))).n, null);
  await frame.context().close();
});
