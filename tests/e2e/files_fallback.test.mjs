// Where WebRTC is missing or kept out, a walkthrough plays from files with the same controls.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './harness/artefacts.mjs';
import { launch, open } from './harness/chromium.mjs';
import { COLOURS, writeFilm } from './harness/pattern.mjs';
import { Server } from './harness/server.mjs';
import { moving, watchFrames } from './harness/visit.mjs';
import { median, until } from './harness/wait.mjs';

const FPS = 25;
const SECONDS = 20;
const FILM = 'pl-player >> video';
let folder, server, browser, slug;

const slider = (page) => page.getByRole('slider', { name: 'Position' });
const second = async (page) => (await moving(page, FILM)).n / FPS;
const heard = (page) => page.evaluate(() => {
  const video = window.probe.find('pl-player >> video');
  return { src: video.currentSrc.slice(0, 5), stream: video.srcObject !== null, rate: video.playbackRate, paused: video.paused, t: video.currentTime };
});

// A page whose `prepare` runs before ours; `asked` collects the paths it asked for.
async function watch(prepare, query = '') {
  const page = await open(browser, null);
  page.asked = [];
  page.on('request', (request) => page.asked.push(new URL(request.url()).pathname));
  await page.addInitScript(prepare);
  await page.goto(`${server.base}/w/${slug}${query}`);
  return page;
}

const withoutWebRtc = () => { delete globalThis.RTCPeerConnection; };
/* The network swallows every packet: the answer's candidates lead nowhere. */
const blocked = () => {
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return set.call(this, { type, sdp: sdp.replace(/a=candidate:.*\r\n/g, '') });
  };
};

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const film = path.join(folder, 'film.mp4');
  const captions = path.join(folder, 'captions.vtt');
  await writeFile(captions, 'WEBVTT\n\n00:00:00.000 --> 00:00:08.000\nThe first words\n\n00:00:08.000 --> 00:00:20.000\nThe second words\n');
  [server, browser] = await Promise.all([Server.start(), launch(), writeFilm(film, { fps: FPS, seconds: SECONDS })]);
  slug = await server.publish(film, 'The pattern, explained', '--captions', captions, '--lang', 'en');
}, { timeout: 240_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a page that has WebRTC does not load hls.js', async () => {
  const page = await watch(() => undefined);
  await moving(page, FILM);
  assert.deepEqual(page.asked.filter((where) => /hls/.test(where)), []);
  await page.context().close();
});

test('without WebRTC it plays by HLS, in the right colours, with the same controls', { timeout: 120_000 }, async (t) => {
  const page = await watch(withoutWebRtc);
  await moving(page, FILM, 20_000);
  assert.equal((await heard(page)).stream, false);
  assert.ok(page.asked.some((where) => /hls.*\.m3u8$/.test(where)) && page.asked.some((where) => /assets\/hls/.test(where)), 'by hls.js');
  await page.getByText('Your browser has no live pictures').waitFor();
  await shoot(page, 'walkthrough-files');
  const frames = await watchFrames(page, FILM, 2000);
  const readable = frames.filter((f) => f.n !== null);
  t.diagnostic(`${readable.length} of ${frames.length} frames in 2 s`);
  assert.ok(readable.length >= 25);
  for (const [i, colour] of COLOURS.entries()) {
    const seen = [0, 1, 2].map((c) => median(readable.map((f) => f.colours[i][c])));
    assert.ok(seen.every((value, c) => Math.abs(value - colour[c]) <= 25), `colour ${i}: ${seen} for ${colour}`);
  }
  await page.mouse.move(400, 300);
  await page.getByRole('button', { name: 'Captions on' }).click();
  await slider(page).focus();
  await page.keyboard.press('Home');
  await page.getByText('The first words').waitFor();
  await page.keyboard.press('PageUp');
  await until(async () => Math.abs((await second(page)) - 15) < 3, { what: 'second 15' });
  await page.getByText('The second words').waitFor();
  await page.locator('body').press('k');
  await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
  assert.equal((await heard(page)).paused, true);
  const held = (await heard(page)).t;
  await page.locator('body').press('k');
  await until(async () => (await heard(page)).t > held, { what: 'it to go on' });
  await page.mouse.move(400, 310);
  await page.keyboard.press('Home');
  await page.getByRole('button', { name: /^Speed/ }).click();
  await page.getByRole('button', { name: /^2×/ }).click();
  await until(async () => (await heard(page)).rate === 2, { what: 'twice the speed' });
  await slider(page).focus();
  await page.keyboard.press('End');
  await page.getByRole('button', { name: 'Play again' }).first().waitFor();
  await page.getByRole('button', { name: 'Play again' }).first().click();
  await until(async () => (await second(page)) < 8, { what: 'the beginning' });
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('where WebRTC does not come through it goes over to files, at the same second', { timeout: 60_000 }, async (t) => {
  const began = performance.now();
  const page = await watch(blocked, '?t=10');
  const { n } = await moving(page, FILM, 20_000);
  t.diagnostic(`moving ${((performance.now() - began) / 1000).toFixed(1)} s after the page was asked for, at second ${(n / FPS).toFixed(1)}`);
  assert.ok(n / FPS >= 9 && n / FPS < 14, `at second ${n / FPS}`);
  await page.getByText('This network keeps live pictures out').waitFor();
  await shoot(page, 'walkthrough-files-blocked');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('without MediaSource too there is the one progressive file', { timeout: 60_000 }, async () => {
  const page = await watch(() => {
    delete globalThis.RTCPeerConnection;
    delete globalThis.MediaSource;
    HTMLMediaElement.prototype.canPlayType = () => '';
  });
  await moving(page, FILM, 20_000);
  assert.ok(page.asked.some((where) => where.endsWith('film.mp4')));
  await page.context().close();
});

test('the seek bar shows the second under the pointer', { timeout: 60_000 }, async () => {
  const page = await watch(() => undefined);
  await moving(page, FILM);
  const hover = async () => {
    const box = await slider(page).boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
    await page.mouse.move(box.x + box.width * 0.6 + 1, box.y + box.height / 2);
  };
  await hover();
  const picture = await until(() => page.evaluate(() => {
    const image = window.probe.find('pl-seek-bar')?.shadowRoot.querySelector('.preview img');
    return image?.complete && image.naturalWidth > 0 ? { src: image.src, style: image.style.transform } : null;
  }), { what: 'a small picture', within: 10_000 });
  assert.match(picture.src, /storyboard-\d+\.jpg/);
  await shoot(page, 'walkthrough-preview', hover);
  await page.context().close();
});
