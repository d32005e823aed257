// A stacked picture becomes the person in it, and nothing else is seen, whatever happened to it on the way.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { film as writeGreenFilm } from '../net/keyed.mjs';
import { shoot } from './harness/artefacts.mjs';
import { bundle } from './harness/bundle.mjs';
import { launch, open } from './harness/chromium.mjs';
import { Server } from './harness/server.mjs';
import { layoutOf, PERSON, shareAt, writeStacked } from './harness/stacked.mjs';

const SIZE = { width: 240, height: 320 };
let folder, browser, script;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  [browser, script] = await Promise.all([launch(), bundle('matte/view.ts', 'matte')]);
}, { timeout: 60_000 });

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

// What is nearly nothing is nothing, on purpose.
const clamped = (share) => Math.min(1, Math.max(0, (share - 0.06) / 0.88));

// What a page composes of a film: mean errors of the matte (0-255) where nothing, all and the edge should be,
// and the person's colour.
async function composed(page, source, layout) {
  const { width, height, pixels } = await page.evaluate(async ([from, told]) => {
    const video = document.createElement('video');
    video.muted = true;
    const host = document.body.appendChild(document.createElement('div'));
    const life = new AbortController();
    const shown = new Promise((resolve) => {
      window.matte.showMatte({ video, host, layout: told, signal: life.signal, onpicture: resolve });
    });
    if (typeof from === 'string') {
      video.src = from;
    } else {
      video.srcObject = window[from.stream];
    }
    await video.play();
    await shown;
    await new Promise((resolve) => setTimeout(resolve, from.settle ?? 0));
    // In the frame's own callback, before the canvas is handed on.
    const picture = await new Promise((resolve) => video.requestVideoFrameCallback(() => {
      const look = document.createElement('canvas').getContext('2d');
      const canvas = host.querySelector('canvas');
      look.canvas.width = canvas.width;
      look.canvas.height = canvas.height;
      look.drawImage(canvas, 0, 0);
      resolve(look.getImageData(0, 0, canvas.width, canvas.height));
    }));
    life.abort();
    host.remove();
    return { width: picture.width, height: picture.height, pixels: [...picture.data] };
  }, [source, layout]);
  const sums = { nothing: [0, 0], all: [0, 0], edge: [0, 0] };
  const colour = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = [(x + 0.5) / width, (y + 0.5) / height];
      const wanted = clamped(shareAt(...at));
      const i = (y * width + x) * 4;
      const sum = sums[wanted <= 0 ? 'nothing' : wanted >= 1 ? 'all' : 'edge'];
      sum[0] += Math.abs(pixels[i + 3] - wanted * 255);
      sum[1]++;
      if (wanted >= 1 && shareAt(...at, 0.08) >= 0.9) {
        for (let c = 0; c < 3; c++) colour[c] += Math.abs(pixels[i + c] - PERSON[c]);
        colour.n = (colour.n ?? 0) + 1;
      }
    }
  }
  const mean = ([sum, n]) => sum / n;
  return { width, height, nothing: mean(sums.nothing), all: mean(sums.all), edge: mean(sums.edge), colour: Math.max(...colour.map((sum) => sum / colour.n)) };
}

const words = (found) => Object.entries(found).map(([name, value]) => `${name} ${typeof value === 'number' ? value.toFixed(2) : value}`).join(', ');

async function withPage(act) {
  const page = await browser.newPage();
  try {
    await page.goto('about:blank');
    await page.evaluate(script);
    return await act(page);
  } finally {
    await page.close();
  }
}

const WAYS = {
  'limited range': {},
  'full range': { data: 'pc' },
  // Both ends are cut off before anybody can measure: the edge is steeper then.
  'full range taken for limited': { data: 'pc', told: 'tv', clipped: true },
  'limited range taken for full': { data: 'tv', told: 'pc' },
  'rescaled to 0.75': { scale: [180, 492] },
  'rescaled to an odd size': { scale: [214, 470] },
  'VP8 in limited range': { codec: 'libvpx', type: 'webm' },
};

for (const [name, { type = 'mp4', clipped, ...how }] of Object.entries(WAYS)) {
  test(`the person is cut out: ${name}`, async (t) => {
    const file = path.join(folder, `${name.replace(/\W+/g, '-')}.${type}`);
    const layout = await writeStacked(file, { ...SIZE, ...how });
    const url = `data:video/${type};base64,${(await readFile(file)).toString('base64')}`;
    await withPage(async (page) => {
      const found = await composed(page, url, layout);
      t.diagnostic(words(found));
      assert.ok(found.nothing <= 2, `the transparent area is wrong by ${found.nothing}`);
      assert.ok(found.all <= 2, `the person is wrong by ${found.all}`);
      if (clipped !== true) {
        assert.ok(found.edge <= 12, `the edge is wrong by ${found.edge}`);
        assert.ok(found.colour <= 8, `the colour is wrong by ${found.colour}`);
      }
    });
  });
}

test('the same without WebGL', async (t) => {
  const file = path.join(folder, 'flat.mp4');
  const layout = await writeStacked(file, SIZE);
  const url = `data:video/mp4;base64,${(await readFile(file)).toString('base64')}`;
  await withPage(async (page) => {
    await page.evaluate(() => {
      const own = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function getContext(kind, ...more) {
        return kind.startsWith('webgl') ? null : own.call(this, kind, ...more);
      };
    });
    const found = await composed(page, url, layout);
    t.diagnostic(words(found));
    assert.ok(found.nothing <= 2 && found.all <= 2 && found.colour <= 8, words(found));
  });
});

test('a context that is lost is replaced, and nobody is shown of a black camera', async () => {
  const file = path.join(folder, 'lost.mp4');
  const layout = await writeStacked(file, { ...SIZE, frames: 100 });
  const url = `data:video/mp4;base64,${(await readFile(file)).toString('base64')}`;
  await withPage(async (page) => {
    const [first, second, black] = await page.evaluate(async ([from, told]) => {
      const video = document.createElement('video');
      video.muted = true;
      video.loop = true;
      const host = document.body.appendChild(document.createElement('div'));
      let pictures = () => undefined;
      const frame = () => new Promise((resolve) => video.requestVideoFrameCallback(() => resolve()));
      const opaque = async () => {
        await frame();
        const look = document.createElement('canvas').getContext('2d');
        look.canvas.width = look.canvas.height = 32;
        look.drawImage(host.querySelector('canvas'), 0, 0, 32, 32);
        return look.getImageData(0, 0, 32, 32).data.filter((value, i) => i % 4 === 3 && value > 250).length;
      };
      window.matte.showMatte({ video, host, layout: told, signal: new AbortController().signal, onpicture: () => pictures() });
      video.src = from;
      await video.play();
      const before = await opaque();
      host.querySelector('canvas').getContext('webgl2').getExtension('WEBGL_lose_context').loseContext();
      await frame();
      await frame();
      const after = await opaque();
      const dark = document.createElement('canvas');
      dark.width = 240;
      dark.height = 656;
      const paint = dark.getContext('2d');
      const shown = new Promise((resolve) => { pictures = resolve; });
      video.removeAttribute('src');
      video.srcObject = dark.captureStream();
      const timer = setInterval(() => paint.fillRect(0, 0, 240, 656), 40);
      await video.play();
      await shown;
      const none = await opaque();
      clearInterval(timer);
      return [before, after, none];
    }, [url, layout]);
    assert.ok(first > 250, `${first} of 1024`);
    assert.ok(Math.abs(second - first) <= 30, `${second} after ${first}`);
    assert.equal(black, 0);
  });
});

test('sent by WebRTC without the extension that tells its range', { timeout: 40_000 }, async (t) => {
  const layout = layoutOf(SIZE.width, SIZE.height);
  await withPage(async (page) => {
    await page.evaluate(`window.shareAt = ${shareAt}`);
    await page.evaluate(async ([told, person]) => {
      const canvas = document.createElement('canvas');
      canvas.width = told.width;
      canvas.height = told.height;
      const paint = canvas.getContext('2d');
      const image = paint.createImageData(told.width, told.height);
      const part = told.colour.h * told.height;
      const row = Math.round(told.matte.y * told.height);
      const put = (x, y, rgb) => image.data.set([...rgb, 255], (y * told.width + x) * 4);
      for (let y = 0; y < told.height; y++) {
        for (let x = 0; x < told.width; x++) put(x, y, [0, 0, 0]);
      }
      for (let y = 0; y < part; y++) {
        for (let x = 0; x < told.width; x++) {
          const at = [(x + 0.5) / told.width, (y + 0.5) / part];
          const share = Math.round(window.shareAt(...at) * 255);
          put(x, row + y, [share, share, share]);
          if (window.shareAt(...at, 0.06) > 0.1) put(x, y, person);
        }
      }
      paint.putImageData(image, 0, 0);
      const { white } = told.patches;
      paint.fillStyle = '#fff';
      paint.fillRect(white.x * told.width, white.y * told.height, white.w * told.width, white.h * told.height);
      setInterval(() => { // a canvas that does not change sends nothing
        paint.fillStyle = '#000';
        paint.fillRect(0, told.guard.y * told.height, 2, 2);
      }, 40);
      const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()];
      from.onicecandidate = ({ candidate }) => to.addIceCandidate(candidate);
      to.onicecandidate = ({ candidate }) => from.addIceCandidate(candidate);
      from.addTrack(canvas.captureStream(25).getVideoTracks()[0]);
      const arrived = new Promise((resolve) => { to.ontrack = ({ track }) => resolve(new MediaStream([track])); });
      const bare = ({ type, sdp }) => ({ type, sdp: sdp.split('\r\n').filter((line) => !line.includes('hdrext/color-space')).join('\r\n') });
      await from.setLocalDescription(bare(await from.createOffer()));
      await to.setRemoteDescription(from.localDescription);
      await to.setLocalDescription(bare(await to.createAnswer()));
      await from.setRemoteDescription(to.localDescription);
      window.received = await arrived;
    }, [layout, PERSON]);
    const found = await composed(page, { stream: 'received', settle: 2500 }, layout);
    t.diagnostic(words(found));
    assert.ok(found.nothing <= 2, words(found));
    assert.ok(found.all <= 2, words(found));
  });
});

// What lies behind the person of a player: the mean colour along the frame's upper corners.
const behind = (page) => page.evaluate(() => {
  const video = window.probe.find('pl-player >> video');
  const canvas = window.probe.find('pl-player >> .ground canvas');
  const look = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  look.canvas.width = canvas.width;
  look.canvas.height = canvas.height;
  return new Promise((resolve) => video.requestVideoFrameCallback(() => {
    look.drawImage(canvas, 0, 0);
    const { data } = look.getImageData(0, 0, canvas.width, canvas.height);
    const at = (u, v) => [...data.slice((Math.round(v * (canvas.height - 1)) * canvas.width + Math.round(u * (canvas.width - 1))) * 4).slice(0, 4)];
    resolve({ size: [canvas.width, canvas.height], raw: getComputedStyle(video).visibility, corner: at(0.03, 0.03), skin: at(0.5, 0.36), shirt: at(0.5, 0.95) });
  }));
});

test('a walkthrough filmed before a green wall shows the person before a calm ground, on the page and embedded', { timeout: 180_000 }, async (t) => {
  const server = await Server.start();
  t.after(() => server.stop());
  const file = path.join(folder, 'green.mp4');
  await writeGreenFilm(file, { seconds: 6 });
  const slug = await server.publishKeyed(file, 'Before a green wall');
  for (const [where, name] of [[`/w/${slug}`, 'walkthrough-person'], [`/w/${slug}/embed`, 'embed-person']]) {
    const page = await open(browser, server.base + where);
    try {
      if (where.endsWith('embed')) await page.getByRole('button', { name: 'Play', exact: true }).first().click();
      await page.waitForFunction(() => window.probe.find('pl-player >> img')?.className === 'gone');
      const seen = await behind(page);
      await shoot(page, name);
      assert.deepEqual([seen.size[0] / seen.size[1], seen.raw], [320 / 360, 'hidden'], 'the stacked picture itself is not shown');
      assert.equal(seen.corner[3], 0, 'nothing is left of the wall');
      assert.ok(seen.skin[3] === 255 && Math.abs(seen.skin[0] - 205) <= 14 && Math.abs(seen.skin[1] - 160) <= 14, `skin ${seen.skin}`);
      assert.ok(seen.shirt[3] === 255 && Math.abs(seen.shirt[2] - 120) <= 14, `shirt ${seen.shirt}`);
      assert.deepEqual([[...page.origins], page.complaints], [[server.base], []]);
    } finally {
      await page.context().close();
    }
  }
});
