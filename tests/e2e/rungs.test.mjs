// A rep's browser sends its picture in rungs; what a customer gets of it is chosen by the server, by the
// page's window and by hand, and no change stops the picture.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './harness/artefacts.mjs';
import { launch, open, PHONE } from './harness/chromium.mjs';
import { writeBeeps, writeCamera, writeFilm } from './harness/pattern.mjs';
import { Server } from './harness/server.mjs';
import { arrange, comeIn, goLive, MAIN, moving, signIn } from './harness/visit.mjs';
import { until } from './harness/wait.mjs';

const FPS = 15; // three encoders share the machine with everything else
const FILM = 'pl-player >> video';
let folder, server, browser, rep, visit, guest, where;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'camera.y4m');
  const sound = path.join(folder, 'tone.wav');
  await Promise.all([writeCamera(camera, { width: 960, height: 540, fps: FPS, seconds: 4 }), writeBeeps(sound)]);
  [server, browser] = await Promise.all([Server.start(), launch({ camera, sound })]);
  rep = await signIn(server, browser);
  visit = await arrange(rep);
  await goLive(rep, visit.id);
}, { timeout: 90_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const ask = (wish) =>
  guest.evaluate(async ([to, token, body]) => {
    const response = await fetch(`${to}/control`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ action: 'layer', ...body }),
    });
    return { status: response.status, ...(await response.json()) };
  }, [where, visit.token, wish]);

// What the customer's picture has shown so far.
const picture = () =>
  guest.evaluate(async () => {
    const entries = await window.probe.stats('inbound-rtp');
    const { framesDecoded, freezeCount, frameHeight, nackCount, pliCount } =
      entries.filter((e) => e.kind === 'video' && e.framesDecoded > 0).sort((a, b) => b.framesDecoded - a.framesDecoded)[0] ?? {};
    return { framesDecoded, freezeCount, frameHeight, nackCount, pliCount };
  });

// Notes when each new frame of the main picture is shown, and how large it was.
const startWatching = () =>
  guest.evaluate((p) => {
    const video = window.probe.find(p);
    window.shown = [];
    const note = (now, { height }) => {
      window.shown.push({ at: performance.now(), height });
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  }, MAIN);

test('the rep’s browser sends three rungs of one picture', async (t) => {
  const sent = await until(async () => {
    const all = (await rep.evaluate(() => window.probe.stats('outbound-rtp'))).filter((e) => e.kind === 'video' && e.framesSent > 0);
    return all.length >= 3 ? all : null;
  }, { what: 'three rungs', within: 30_000 });
  t.diagnostic(sent.map((e) => `${e.rid} ${e.frameWidth}x${e.frameHeight}`).join(', '));
  assert.deepEqual(sent.map((e) => e.rid).sort(), ['f', 'h', 'q']);
});

test('a customer who comes in gets the best one soon', async (t) => {
  guest = await open(browser, visit.url, { viewport: PHONE });
  guest.on('response', (response) => {
    if (response.request().method() === 'POST' && /\/whep\//.test(response.url()) && response.status() === 201) {
      where = new URL(response.headers().location, response.url()).href;
    }
  });
  const { ms } = await comeIn(guest);
  await moving(guest);
  assert.ok(where, 'the session’s address');
  const started = Date.now();
  const layers = await until(async () => {
    const { layers: l } = await ask({ slot: 0, rung: 'auto', max_width: 4000, max_height: 4000 });
    return l.rungs.length === 3 && l.current === '540p' ? l : null;
  }, { what: 'the best rung', within: 30_000, every: 300 });
  t.diagnostic(`first picture ${Math.round(ms)} ms after the tap, the best rung ${Date.now() - started} ms later: ${JSON.stringify(layers.rungs)}`);
  assert.deepEqual(layers.rungs.map((r) => r.name), ['135p', '270p', '540p']);
});

test('every change of rung goes on without a gap and without a freeze', async (t) => {
  const before = await picture();
  await startWatching();
  for (const rung of ['135p', '540p', '270p', '135p', '270p', 'auto']) {
    const answer = await ask({ slot: 0, rung, max_width: 4000, max_height: 4000 });
    assert.equal(answer.status, 200, JSON.stringify(answer));
    assert.equal(answer.layers.wanted, rung);
    const height = rung === 'auto' ? 540 : parseInt(rung, 10);
    await until(async () => (await picture()).frameHeight === height, { what: `${rung} to be shown`, within: 15_000, every: 100 });
    await new Promise((resolve) => setTimeout(resolve, 1200)); // a request for a key frame a second
  }
  const after = await picture();
  const shown = await guest.evaluate(() => window.shown);
  const gaps = shown.slice(1).map(({ at }, i) => at - shown[i].at);
  // The gaps around each change; the machine may stall at any other time.
  const changes = shown.flatMap(({ height }, i) => (i > 0 && height !== shown[i - 1].height ? [i] : []));
  const worst = changes.map((i) => Math.round(Math.max(...gaps.slice(Math.max(0, i - 3), i + 3))));
  t.diagnostic(`${changes.length} changes among ${shown.length} frames; longest gap around each ${worst.join(', ')} ms; ` +
    `freezes ${after.freezeCount - before.freezeCount}, PLI ${after.pliCount - before.pliCount}`);
  assert.ok(changes.length >= 6, `sizes: ${changes.length}`);
  assert.ok(worst.every((ms) => ms <= 300), `gaps ${worst}`);
  assert.equal(after.freezeCount, before.freezeCount);
  assert.equal(after.pliCount, before.pliCount);
  assert.ok(after.framesDecoded > before.framesDecoded + 60);
});

test('what cannot be asked for is answered in words', async () => {
  for (const [wish, status, type] of [
    [{ rung: 'huge' }, 400, 'bad-field'],
    [{ max_width: 100 }, 400, 'bad-field'],
    [{ slot: 0 }, 400, 'bad-field'],
    [{ slot: -1, rung: 'auto' }, 400, 'bad-field'],
    [{ slot: 12, rung: 'auto' }, 422, 'no-layers'],
    [{ slot: 0, rung: '99999p' }, 400, 'bad-field'],
    [{ slot: 0, layer: 'x' }, 400, 'unknown-field'],
  ]) {
    const answer = await ask(wish);
    assert.equal(answer.status, status, `${JSON.stringify(wish)}: ${JSON.stringify(answer)}`);
    assert.match(answer.type, new RegExp(type), JSON.stringify(answer));
  }
});

test('a viewer of a walkthrough picks a rung, by keyboard too', { timeout: 240_000 }, async (t) => {
  await rep.context().close(); // three encoders less
  const film = path.join(folder, 'film.mp4');
  await writeFilm(film, { width: 1280, height: 720, fps: 25, seconds: 20 });
  const slug = await server.publish(film, 'The pattern in two sizes');
  const page = await open(browser, `${server.base}/w/${slug}`, { viewport: PHONE });
  await moving(page, FILM);
  const height = () =>
    page.evaluate(async () => (await window.probe.stats('inbound-rtp')).find((e) => e.kind === 'video')?.frameHeight);
  const quality = page.getByRole('button', { name: /^Picture quality/ });
  await quality.waitFor();
  assert.match(await quality.getAttribute('aria-label'), /automatic, now \d+p/);
  await quality.focus();
  await page.keyboard.press('Enter');
  const choices = page.getByRole('list', { name: 'Picture quality' }).getByRole('button');
  assert.deepEqual((await choices.allTextContents()).map((word) => word.trim()), ['Auto', '720p', '360p']);
  await shoot(page, 'walkthrough-quality');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await until(async () => (await height()) === 360, { what: '360p to be shown', within: 15_000, every: 100 });
  assert.equal(await quality.getAttribute('aria-label'), 'Picture quality 360p');
  await quality.click();
  await page.getByRole('button', { name: '720p', exact: true }).click();
  await until(async () => (await height()) === 720, { what: '720p to be shown', within: 15_000, every: 100 });
  const { n } = await moving(page, FILM);
  t.diagnostic(`720p again at frame ${n}`);
  // A page that nobody sees gets the smallest, and its own again afterwards.
  await quality.click();
  await page.getByRole('button', { name: 'Auto', exact: true }).click();
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => window.away === true });
    window.away = true;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await until(async () => (await height()) === 360, { what: 'the smallest while hidden', within: 15_000, every: 100 });
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
