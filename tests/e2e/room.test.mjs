// Person and product in the customer's own room: each way to show a room, in numbers, and what goes wrong.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { shoot } from './harness/artefacts.mjs';
import { DESK, launch, open, PHONE } from './harness/chromium.mjs';
import { writeBeeps, writeCamera } from './harness/pattern.mjs';
import { HALF, sendPerson } from './harness/person.mjs';
import { Server } from './harness/server.mjs';
import { until } from './harness/wait.mjs';

const PRODUCT = { name: 'Reading lamp', summary: 'A lamp.', size_mm: { w: 400, h: 600, d: 400 } };
let folder, server, browser, visit, url, sender;

// How much longer things may take: a machine that others use as well says nothing about one that is free.
const patience = () => Math.max(1, loadavg()[0] / cpus().length / 1.2);

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'camera.y4m');
  const sound = path.join(folder, 'tone.wav');
  await Promise.all([writeCamera(camera), writeBeeps(sound)]);
  [server, browser] = await Promise.all([Server.start(), launch({ camera, sound })]);
  const product = await server.api('POST', '/api/v1/products', PRODUCT);
  visit = (await server.visit({ products: [product.id] })).id;
  ({ url } = await server.invite(visit));
  await server.api('POST', `/api/v1/visits/${visit}/start`);
  sender = await sendPerson(browser, server, visit);
}, { timeout: 90_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

// A customer in the visit who sees the person.
async function guest({ before = async () => undefined, ...options } = {}) {
  const page = await open(browser, null, options);
  // So that what was drawn can be read at any time.
  await page.addInitScript(() => {
    const own = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function getContext(kind, wish) {
      if (wish?.powerPreference === 'high-performance') window.roomCanvas = this; // an AR session takes it elsewhere
      return own.call(this, kind, kind.startsWith('webgl') ? { ...wish, preserveDrawingBuffer: true } : wish);
    };
  });
  await before(page);
  await page.goto(url);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('button', { name: 'Go in' }).click();
  await page.waitForFunction(() => window.probe.find('pl-video.main.moving >> canvas') !== null);
  return page;
}

const room = (page) => page.locator('pl-in-room');

// From the tap to the first picture of the person in the room, in ms.
async function putInRoom(page) {
  const button = page.getByRole('button', { name: 'Put in my room' });
  await button.waitFor();
  const shown = page.evaluate(() => new Promise((resolve) => {
    addEventListener('click', () => {
      const tapped = performance.now();
      const look = () => {
        const canvas = window.probe.find('pl-in-room canvas');
        if (canvas !== null && canvas.width > 300) {
          const paint = document.createElement('canvas').getContext('2d');
          paint.canvas.width = 40;
          paint.canvas.height = 40;
          paint.drawImage(canvas, 0, 0, 40, 40);
          const { data } = paint.getImageData(0, 0, 40, 40);
          for (let i = 0; i < data.length; i += 4) {
            // The person's colour.
            if (data[i + 3] > 200 && data[i] > 150 && data[i + 1] > 80 && data[i + 1] < 150 && data[i + 2] < 100) {
              resolve(performance.now() - tapped);
              return;
            }
          }
        }
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }, { capture: true, once: true });
  }));
  await button.click();
  return shown;
}

test('the person stands in a drawn room within a second of the tap', { timeout: 60_000 }, async (t) => {
  const page = await guest({ viewport: DESK });
  t.after(() => page.context().close());
  const ms = await putInRoom(page);
  t.diagnostic(`first picture in the room ${Math.round(ms)} ms after the tap`);
  await page.waitForFunction(() => window.probe.all('pl-in-room canvas').length === 1);
  await shoot(page, 'room-stage');
  assert.ok(ms <= 1000 * patience(), `${ms} ms`);
  assert.deepEqual([[...page.origins], page.complaints], [[server.base], []]);
});

const HERE = new URL('.', import.meta.url).pathname;
const FOVY = Math.PI / 3;

// An emulated phone for AR in a scanned office, `window.device`.
async function emulateAr(page) {
  for (const file of ['iwer/build/iwer.min.js', '@iwer/sem/build/iwer-sem.min.js']) {
    await page.addInitScript({ path: path.join(HERE, 'node_modules', file) });
  }
  const office = JSON.parse(await readFile(path.join(HERE, 'node_modules/@iwer/sem/captures/office_small.json'), 'utf8'));
  await page.addInitScript(([scan, fovy]) => {
    const device = new window.IWER.XRDevice(window.IWER.metaQuest3);
    device.installRuntime({ forceInstall: true });
    device.stereoEnabled = false;
    device.fovy = fovy;
    window.device = device;
    addEventListener('DOMContentLoaded', () => {
      device.installSEM(window.IWER_SEM.SyntheticEnvironmentModule);
      device.sem.loadEnvironment(scan);
    });
  }, [office, FOVY]);
}

// The device at a place, looking down by `pitch` and to the left by `yaw` (radians); resolves when that was drawn.
const stand = (page, [x, y, z], yaw, pitch) => page.evaluate(async ([at, a, b]) => {
  const { device } = window;
  device.position.set(...at);
  const [cy, sy, cx, sx] = [Math.cos(a / 2), Math.sin(a / 2), Math.cos(b / 2), Math.sin(b / 2)];
  device.quaternion.set(cy * sx, sy * cx, -sy * sx, cy * cx); // yaw, then pitch
  for (let i = 0; i < 4; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
}, [[x, y, z], yaw, pitch]);

const select = (page) => page.evaluate(async () => {
  const frames = async (n) => { for (let i = 0; i < n; i++) await new Promise((resolve) => requestAnimationFrame(resolve)); };
  window.device.controllers.right.updateButtonValue('trigger', 1);
  await frames(3);
  window.device.controllers.right.updateButtonValue('trigger', 0);
  await frames(4);
});

// Where person and product are in what was drawn, by their colours: rows and columns of the canvas.
const seen = (page) => page.evaluate(() => {
  const canvas = window.roomCanvas ?? window.probe.find('pl-in-room canvas');
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  paint.canvas.width = canvas.width;
  paint.canvas.height = canvas.height;
  paint.drawImage(canvas, 0, 0);
  const { data, width, height } = paint.getImageData(0, 0, canvas.width, canvas.height);
  // A row or column of some pixels at least: one alone is the fringe of something else.
  const counts = { person: [new Uint16Array(width), new Uint16Array(height)], product: [new Uint16Array(width), new Uint16Array(height)] };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 4;
      const warmth = data[i] - data[i + 2];
      const what = data[i + 3] < 200 ? null : warmth > 110 ? 'person' : warmth > 25 && warmth < 95 ? 'product' : null;
      if (what !== null) {
        counts[what][0][x]++;
        counts[what][1][y]++;
      }
    }
  }
  const boxes = Object.fromEntries(Object.entries(counts).map(([what, [columns, rows]]) => {
    const enough = (n) => n >= (what === 'person' ? 3 : 12);
    const [left, right, top, bottom] = [columns.findIndex(enough), columns.findLastIndex(enough) + 1, rows.findIndex(enough), rows.findLastIndex(enough) + 1];
    return [what, right === 0 || bottom === 0 ? null : { left, right, top, bottom }];
  }));
  // In pixels of the page: a slow machine draws coarser.
  const scale = canvas.clientWidth > 0 ? canvas.clientWidth / width : 1;
  for (const box of Object.values(boxes)) for (const side of Object.keys(box ?? {})) box[side] *= scale;
  return { ...boxes, width: width * scale, height: height * scale };
});

// The pinhole camera, by itself: a point of the world in pixels.
function pinhole({ at, yaw, pitch }, { width, height }, [x, y, z]) {
  const focal = height / 2 / Math.tan(FOVY / 2);
  const [dx, dy, dz] = [x - at[0], y - at[1], z - at[2]];
  const [rx, rz] = [dx * Math.cos(yaw) - dz * Math.sin(yaw), dx * Math.sin(yaw) + dz * Math.cos(yaw)];
  const [cy, cz] = [dy * Math.cos(pitch) + rz * Math.sin(pitch), -dy * Math.sin(pitch) + rz * Math.cos(pitch)];
  return { x: width / 2 + (focal * rx) / -cz, y: height / 2 - (focal * cy) / -cz };
}

const ROOM_READY = () => window.probe.find('pl-in-room') !== null && !window.probe.find('pl-in-room').busy;
const near = (found, wanted, share, what) => assert.ok(Math.abs(found / wanted - 1) <= share, `${what}: ${found} instead of ${wanted}`);

// Corners of the product's box, 0.4 × 0.6 × 0.4 m.
function* corners({ product: [x, , z], turned }, floor) {
  for (const [a, y, b] of [-1, 1].flatMap((p) => [0, 0.6].flatMap((q) => [-1, 1].map((r) => [p, q, r])))) {
    yield [x + 0.2 * (a * Math.cos(turned) + b * Math.sin(turned)), floor + y, z + 0.2 * (-a * Math.sin(turned) + b * Math.cos(turned))];
  }
}

test('in AR 1.80 m and 0.60 m are that tall from five places, and stay where they are', { timeout: 180_000 }, async (t) => {
  const page = await guest({ viewport: { width: 800, height: 600 }, before: emulateAr });
  t.after(() => page.context().close());
  await page.getByRole('button', { name: 'Put in my room' }).click();
  await page.waitForFunction(ROOM_READY, undefined, { timeout: 30_000 });
  assert.equal(await room(page).evaluate((e) => e.way), 'ar');
  await stand(page, [0, 1.6, 1], 0, -1.3);
  await until(async () => {
    await select(page);
    return room(page).evaluate((e) => e.place.chosen);
  }, { what: 'the floor to be found', within: 20_000 });
  const place = await room(page).evaluate((e) => e.place);
  const middle = [(place.person[0] + place.product[0]) / 2, (place.person[2] + place.product[2]) / 2];
  const floor = await page.evaluate(([x, z]) => window.device.sem.computeHitTestResults([1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, x, 1.6, z, 1])[0][13], middle);
  const poses = [[[0, 1.6, 3.6], 0, -0.25], [[0.8, 1.5, 3.4], 0.25, -0.25], [[-0.8, 1.7, 3.8], -0.25, -0.3], [[0.3, 1.2, 3.2], 0.1, -0.12], [[0, 1.6, 4.5], 0, -0.2]];
  let first = null;
  for (const [at, yaw, pitch] of poses) {
    await stand(page, at, yaw, pitch);
    const found = await seen(page);
    first ??= found;
    const pixel = (point) => pinhole({ at, yaw, pitch }, found, point);
    const [feet, crown] = [pixel([place.person[0], floor, place.person[2]]), pixel([place.person[0], floor + 1.8, place.person[2]])];
    near(found.person.bottom - found.person.top, feet.y - crown.y, 0.02, `1.80 m from ${at}`);
    const box = [...corners(place, floor)].map(pixel);
    near(found.product.bottom - found.product.top, Math.max(...box.map((c) => c.y)) - Math.min(...box.map((c) => c.y)), 0.02, `0.60 m from ${at}`);
  }
  for (let i = 0; i < 100; i++) {
    await page.evaluate((n) => {
      window.device.position.set(Math.sin(n), 1.2 + 0.4 * Math.cos(n * 1.7), 3 + Math.cos(n * 0.9));
      return new Promise((resolve) => requestAnimationFrame(resolve));
    }, i);
  }
  await stand(page, ...poses[0]);
  assert.deepEqual(await room(page).evaluate((e) => e.place), place);
  const again = await seen(page);
  for (const what of ['person', 'product']) {
    for (const side of ['left', 'right', 'top', 'bottom']) assert.ok(Math.abs(again[what][side] - first[what][side]) <= 1, `${what} ${side} ${first[what][side]} became ${again[what][side]}`);
  }
  assert.deepEqual([[...page.origins], page.complaints], [[server.base], []]);
});

// As on a phone without WebXR.
const phone = (options = {}) => guest({ viewport: PHONE, hasTouch: true, isMobile: true, deviceScaleFactor: 1, ...options });

test('a phone without WebXR shows its camera, and a sheet of paper makes the size true', { timeout: 90_000 }, async (t) => {
  const page = await phone();
  t.after(() => page.context().close());
  await page.getByRole('button', { name: 'Put in my room' }).click();
  await page.waitForFunction(ROOM_READY, undefined, { timeout: 30_000 });
  assert.equal(await room(page).evaluate((e) => e.way), 'camera');
  await page.getByText('hold the camera still').waitFor();
  await page.getByText('as if your camera were 1.4 m above the floor').waitFor();
  const pitch = -0.95;
  await page.evaluate((beta) => window.dispatchEvent(new DeviceOrientationEvent('deviceorientation', { alpha: 30, beta, gamma: 0 })), 90 + (pitch * 180) / Math.PI);
  await page.getByText('stay where you are').waitFor();
  // A sheet under a camera that is in truth 1.15 m high: its corners by the pinhole, then by a finger each.
  await page.getByRole('button', { name: 'Measure with a sheet' }).click();
  const { width, height } = PHONE;
  const focal = await page.evaluate(() => { // as `cover` shows a picture of this shape
    const v = window.probe.find('pl-in-room > video');
    return 0.785 * Math.max(v.videoWidth, v.videoHeight) * Math.max(390 / v.videoWidth, 844 / v.videoHeight);
  });
  const HIGH = 1.15;
  const pixel = ([x, y, z]) => {
    const [cy, cz] = [y * Math.cos(pitch) + z * Math.sin(pitch), -y * Math.sin(pitch) + z * Math.cos(pitch)];
    return { x: width / 2 + (focal * x) / -cz, y: height / 2 - (focal * cy) / -cz };
  };
  const away = -HIGH / Math.tan(-pitch);
  const sheet = [[-0.105, 0.1485], [0.105, 0.1485], [0.105, -0.1485], [-0.105, -0.1485]].map(([x, z]) => pixel([x, -HIGH, away + z]));
  const handles = page.locator('pl-in-room .corner');
  for (const [i, corner] of sheet.entries()) {
    const box = await handles.nth(i).boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(corner.x, corner.y, { steps: 3 });
    await page.mouse.up();
  }
  await shoot(page, 'room-sheet');
  await page.getByRole('button', { name: 'That is the sheet' }).click();
  await page.getByText('Measured by your sheet').waitFor();
  const place = await room(page).evaluate((e) => e.place);
  t.diagnostic(`the sheet was found ${(-place.person[2]).toFixed(3)} m ahead, it is ${-away.toFixed(3)}`);
  near(-place.person[2], -away, 0.03, 'the place of the sheet');
  // How tall they are on the screen tells the height and the pitch that it measured.
  await page.evaluate((beta) => window.dispatchEvent(new DeviceOrientationEvent('deviceorientation', { alpha: 30, beta, gamma: 0 })), 90 + (pitch * 180) / Math.PI + 20);
  await page.waitForFunction(() => window.probe.find('pl-in-room > canvas') !== null);
  await shoot(page, 'room-camera');
  await page.getByRole('button', { name: 'Back to the visit' }).click();
  await page.getByRole('button', { name: 'Put in my room' }).waitFor();
});

test('without a camera it is said, and they stand in a drawn room', { timeout: 60_000 }, async (t) => {
  const page = await phone({ before: (p) => p.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  }) });
  t.after(() => page.context().close());
  await page.getByRole('button', { name: 'Put in my room' }).click();
  await page.getByText('Without your camera they stand in a room we drew').waitFor();
  await until(async () => (await seen(page)).person !== null, { what: 'the person', within: 15_000 });
  await shoot(page, 'room-denied');
});

test('without WebGL there is a plain picture at true proportions', { timeout: 60_000 }, async (t) => {
  const page = await guest({ viewport: DESK, before: (p) => p.addInitScript(() => {
    const own = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function getContext(kind, ...more) {
      return kind.startsWith('webgl') ? null : own.call(this, kind, ...more);
    };
  }) });
  t.after(() => page.context().close());
  await page.getByRole('button', { name: 'Put in my room' }).click();
  await page.getByText('draws no 3D').waitFor();
  const found = await until(async () => {
    const now = await seen(page);
    return now.person !== null && now.product !== null && now;
  }, { what: 'both to be seen', within: 10_000, every: 200 });
  await shoot(page, 'room-flat');
  near((found.person.bottom - found.person.top) / (found.product.bottom - found.product.top), 2.62, 0.08, 'their proportion');
});

test('the drawn room runs smoothly, moves by hand and keys, goes back, and keeps a photo', { timeout: 90_000 }, async (t) => {
  const page = await guest({ viewport: { width: 1280, height: 720 } });
  t.after(() => page.context().close());
  await putInRoom(page);
  await page.waitForFunction(() => window.probe.all('pl-in-room > canvas').length === 1);
  const fps = await page.evaluate(async () => {
    let frames = 0;
    const began = performance.now();
    while (performance.now() - began < 2000) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      frames++;
    }
    return (frames * 1000) / (performance.now() - began);
  });
  t.diagnostic(`${fps.toFixed(1)} frames a second`);
  assert.ok(fps >= 24 / patience(), `${fps} fps`);
  const home = await room(page).evaluate((e) => e.place);
  const at = await seen(page);
  await page.mouse.move((at.product.left + at.product.right) / 2, (at.product.top + at.product.bottom) / 2);
  await page.mouse.down();
  await page.mouse.move((at.product.left + at.product.right) / 2 + 150, (at.product.top + at.product.bottom) / 2 + 10, { steps: 4 });
  await page.mouse.up();
  const dragged = await room(page).evaluate((e) => e.place);
  assert.ok(dragged.product[0] > home.product[0] + 0.3, JSON.stringify(dragged));
  assert.deepEqual(dragged.person, home.person);
  await page.getByRole('button', { name: 'Turn' }).click();
  await page.getByRole('button', { name: 'Larger' }).click();
  await page.keyboard.press('ArrowLeft');
  const moved = await room(page).evaluate((e) => e.place);
  assert.ok(moved.turned !== home.turned && moved.scale > 1.1 && moved.person[0] < home.person[0]);
  await page.getByRole('button', { name: 'Back to true size' }).click();
  await page.getByRole('button', { name: 'Put back' }).click();
  assert.deepEqual(await room(page).evaluate((e) => e.place), home);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Photo' }).click();
  assert.equal((await download).suggestedFilename(), 'in-my-room.jpg');
  await page.getByText('It was not sent anywhere').waitFor();
  assert.deepEqual([[...page.origins], page.complaints], [[server.base], []]);
});

test('axe finds nothing in the room, light and dark', { timeout: 60_000 }, async (t) => {
  const page = await guest({ viewport: DESK });
  t.after(() => page.context().close());
  await putInRoom(page);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
    assert.deepEqual(violations.map(({ id, nodes }) => `${id} ${nodes.map((n) => n.target.flat().join(' ')).join('; ')}`), []);
    await shoot(page, `room-${colorScheme}`);
  }
});

test('who leaves the picture, and who stops sending, is said and leaves no ghost', { timeout: 60_000 }, async (t) => {
  const page = await guest({ viewport: DESK });
  t.after(() => page.context().close());
  await putInRoom(page);
  await sender.evaluate(() => window.sent.there(false));
  await page.getByText('is not in the picture at the moment').waitFor();
  await until(async () => (await seen(page)).person === null, { what: 'nobody to be seen', within: 5_000, every: 100 });
  await sender.evaluate(() => window.sent.there(true));
  await until(async () => (await seen(page)).person !== null, { what: 'the person to come back', within: 5_000, every: 100 });
  await sender.evaluate(() => window.sent.stop());
  await page.getByText('is not sending a picture any more').waitFor();
  await until(async () => {
    const now = await seen(page);
    return now.person === null && now.product !== null;
  }, { what: 'only the product to be seen', within: 5_000, every: 100 });
  sender = await sendPerson(browser, server, visit, { marks: HALF });
  await until(async () => (await seen(page)).person !== null, { what: 'the person, now from the waist up', within: 15_000, every: 100 });
  await shoot(page, 'room-lectern');
});
