// Firefox ESR over WebDriver BiDi by puppeteer-core. It has no H.264 and asks no loopback address.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { until } from './wait.mjs';

const script = (name) => readFile(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
const [PROBE, CAMERA] = await Promise.all([script('./probe.js'), script('./canvas_camera.js')]);

export function launchFirefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    protocolTimeout: 60_000,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      'media.autoplay.block-webaudio': false,
      'media.autoplay.blocking_policy': 0,
      'media.gmp-manager.updateEnabled': false,
      'privacy.reduceTimerPrecision': false,
    },
  });
}

export async function openFirefox(browser, url, { width = 1280, height = 800, camera = false } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport({ width, height });
  if (camera) await page.evaluateOnNewDocument(CAMERA);
  await page.evaluateOnNewDocument(PROBE);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  page.leave = () => context.close();
  return page;
}

// Presses the button whose label or text is `name`, in whichever shadow tree it is.
export async function press(page, name) {
  await until(() => page.evaluate((wanted) => {
    const label = (b) => b.getAttribute('aria-label') ?? b.textContent.trim().replace(/\s+/g, ' ');
    const button = window.probe.all('button').find((b) => label(b).startsWith(wanted) && !b.disabled && b.getClientRects().length > 0);
    button?.click();
    return button !== undefined;
  }, name), { what: `the button “${name}”`, every: 50 });
}

export const says = (page, words) => until(() => page.evaluate((wanted) => {
  const text = (root) => [...root.querySelectorAll('*')].some((e) =>
    (e.shadowRoot !== null && text(e.shadowRoot)) ||
    [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.includes(wanted)));
  return text(document);
}, words), { what: `“${words}”`, every: 50 });

export const movesIn = (page, path, within = 10_000) =>
  until(() => page.evaluate((p) => window.probe.find(p) !== null, path), { what: path, within })
    .then(() => page.evaluate(([p, ms]) => window.probe.moves(p, ms), [path, within]));

export const framesIn = (page, path, ms) =>
  page.evaluate(async ([p, time]) => {
    const eyes = window.probe.watch(p);
    await new Promise((resolve) => setTimeout(resolve, time));
    eyes.stop();
    return eyes.frames;
  }, [path, ms]);
