// Person and product in the customer's own room: each way to show a room, in numbers, and what goes wrong.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { shoot } from './harness/artefacts.mjs';
import { DESK, launch, open, PHONE } from './harness/chromium.mjs';
import { writeBeeps, writeCamera } from './harness/pattern.mjs';
import { sendPerson } from './harness/person.mjs';
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
