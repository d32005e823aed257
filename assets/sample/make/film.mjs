// Renders the film in headless Chromium and joins it with the voice: ../walkthrough.mp4.
// Run after `node lamp_glb.mjs` and `node narrate.mjs`: node film.mjs [--still SECONDS …]
// CHROMIUM names the browser (default /usr/bin/chromium). About six minutes on two cores without a GPU.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const FPS = 25;
const here = new URL('./', import.meta.url);
const types = { '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript', '.json': 'application/json', '.glb': 'model/gltf-binary', '.woff2': 'font/woff2' };

const server = createServer((request, response) => {
  try {
    const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
    const body = readFileSync(fileURLToPath(new URL(`.${path}`, new URL('../', here))));
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}).listen(0, '127.0.0.1');
await once(server, 'listening');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
  args: ['--no-sandbox', '--enable-unsafe-swiftshader', '--disable-background-networking', '--disable-quic', '--force-color-profile=srgb'],
});
const page = await browser.newPage();
page.on('console', (m) => console.error(m.text()));
page.on('pageerror', (e) => console.error(e));
await page.goto(`http://127.0.0.1:${server.address().port}/make/film.html`);
await page.waitForFunction(() => window.film, null, { timeout: 60000 });
const frame = async (seconds) => Buffer.from(await page.evaluate((s) => window.film.jpeg(s), seconds), 'base64');

async function film() {
  const { duration } = JSON.parse(readFileSync(new URL('build/timeline.json', here), 'utf8'));
  const raw = fileURLToPath(new URL('build/film.mp4', here));
  const encoder = spawn('ffmpeg', ['-v', 'error', '-y', '-f', 'image2pipe', '-c:v', 'mjpeg', '-framerate', String(FPS), '-i', '-',
    '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '12', '-pix_fmt', 'yuv420p', raw], { stdio: ['pipe', 'inherit', 'inherit'] });
  const count = Math.round(duration * FPS), began = Date.now();
  for (let i = 0; i < count; i++) {
    if (!encoder.stdin.write(await frame(i / FPS))) await once(encoder.stdin, 'drain');
    if (i % 100 === 99) console.log(`${i + 1}/${count}, ${(((Date.now() - began) / (i + 1)) * (count - i - 1) / 1000).toFixed(0)} s left`);
  }
  encoder.stdin.end();
  await once(encoder, 'close');
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', raw, '-i', fileURLToPath(new URL('build/narration.wav', here)),
    '-c:v', 'libx264', '-preset', 'medium', '-crf', '27', '-maxrate', '800k', '-bufsize', '1600k', '-g', '50', '-pix_fmt', 'yuv420p',
    '-colorspace', 'smpte170m', '-color_primaries', 'smpte170m', '-color_trc', 'smpte170m',
    '-c:a', 'aac', '-b:a', '80k', '-shortest', '-movflags', '+faststart', fileURLToPath(new URL('../walkthrough.mp4', here))], { stdio: 'inherit' });
}

const still = process.argv.indexOf('--still');
if (still > 0) {
  for (const s of process.argv.slice(still + 1)) writeFileSync(new URL(`build/still-${s}.jpg`, here), await frame(Number(s)));
} else {
  await film();
}
await browser.close();
server.close();
