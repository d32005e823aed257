// Chromium by Playwright, with a camera and a microphone that play our pattern.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const PROBE = await readFile(fileURLToPath(new URL('./probe.js', import.meta.url)), 'utf8');
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1440, height: 900 };

export function launch({ camera = null, sound = null, args = [], executable = null } = {}) {
  return chromium.launch({
    executablePath: executable ?? process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream=fps=30',
      '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--enable-unsafe-swiftshader',
      ...(camera ? [`--use-file-for-fake-video-capture=${camera}`] : []),
      ...(sound ? [`--use-file-for-fake-audio-capture=${sound}`] : []), ...args],
  });
}

// A context with one page; `page.origins` collects the origins it asked, `page.complaints` its errors.
export async function open(browser, url, { viewport = DESK, colorScheme = 'light', ...options } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, ignoreHTTPSErrors: true, ...options });
  await context.addInitScript(PROBE);
  const page = await context.newPage();
  page.origins = new Set();
  page.complaints = [];
  const ask = (where) => {
    if (/^(https?|wss?):/.test(where)) page.origins.add(new URL(where).origin.replace(/^ws/, 'http'));
  };
  page.on('request', (request) => ask(request.url()));
  page.on('websocket', (socket) => ask(socket.url()));
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    // A session that ended with its connection is gone when the page takes its leave of it.
    if (/status of 404.*\/wh[ie]p\//.test(`${message.text()} ${message.location().url}`)) return;
    if (message.type() === 'error') page.complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.setDefaultTimeout(15_000);
  if (url) await page.goto(url);
  return page;
}
