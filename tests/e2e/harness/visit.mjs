// What reps and customers do, in words.
import { open, DESK, PHONE } from './chromium.mjs';
import { until } from './wait.mjs';

export const MAIN = 'pl-video.main >> video';
export const OWN = 'pl-video.me >> video';

// Signs in by a one-time link; the page shows the console.
export async function signIn(server, browser, options = {}) {
  const page = await open(browser, await server.signInLink(), { viewport: DESK, ...options });
  await page.getByRole('heading', { name: 'Visits' }).waitFor();
  return page;
}

// A visit of the signed-in rep with an invite: {id, url, invite}.
export async function arrange(page, fields = {}, invite = { name: 'Sam Carter' }) {
  return page.evaluate(async ([visit, guest]) => {
    const post = async (where, body) => {
      const response = await fetch(where, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`${where}: ${response.status} ${await response.text()}`);
      return response.json();
    };
    const { id } = await post('/api/v1/visits', { title: 'A lamp for the reading corner', ...visit });
    const { id: inviteId, url, token } = await post(`/api/v1/visits/${id}/invites`, guest);
    return { id, url, token, invite: inviteId };
  }, [fields, invite]);
}

// Opens the visit's room and goes live with camera and microphone.
export async function goLive(page, id) {
  await page.evaluate((where) => { location.hash = where; }, `#/visits/${id}`);
  await page.locator('pl-video[fit=contain] video').first().waitFor(); // the private check
  await page.getByRole('button', { name: 'Go live' }).click();
  await moving(page);
}

// Opens the customer's link, goes in and resolves with the ms from the tap to the first new picture.
export async function comeIn(page) {
  await page.getByRole('button', { name: 'Come in' }).click();
  const go = page.getByRole('button', { name: 'Go in' });
  await go.waitFor();
  const first = page.evaluate((path) => window.probe.firstPicture(path), MAIN);
  await go.click();
  return first;
}

export async function customer(browser, url, options = {}) {
  const page = await open(browser, url, { viewport: PHONE, ...options });
  await comeIn(page);
  return page;
}

// Waits until `path` shows a readable, newer frame twice; resolves with the last.
export async function moving(page, path = MAIN, within = 10_000) {
  await page.waitForFunction((p) => window.probe.find(p) !== null, path, { timeout: within });
  return page.evaluate(([p, ms]) => window.probe.moves(p, ms), [path, within]);
}

export const watchFrames = (page, path, ms) =>
  page.evaluate(async ([p, time]) => {
    const eyes = window.probe.watch(p);
    await new Promise((resolve) => setTimeout(resolve, time));
    eyes.stop();
    return eyes.frames.map((f) => ({ ...f, at: f.at + performance.timeOrigin }));
  }, [path, ms]);

// Skews of the pairs [video mid, audio mid] in ms by the streams' own clocks, from `samples` looks.
export async function playoutSkews(page, { video, audio }, samples = 12) {
  const skews = [];
  await until(async () => {
    const found = (await page.evaluate(() => window.probe.playout())).find((p) => p.video === video && p.audio === audio);
    if (found) skews.push(found.skew);
    return skews.length >= samples;
  }, { what: 'both streams to tell their time', within: 15_000, every: 200 });
  return skews;
}

// The median skew by the streams' own clocks, looked at like flash and beep below.
export async function clocksWithin(page, pair, most = 40) {
  const skews = [];
  do {
    const all = (await playoutSkews(page, pair, 20)).sort((a, b) => a - b);
    skews.push(all[all.length >> 1]);
  } while (skews.length < 3 && Math.abs(skews.at(-1)) > most);
  return { ok: Math.abs(skews.at(-1)) <= most, words: skews.map((s) => `${Math.round(s)} ms`).join(', then ') };
}

// Flash against beep, in looks of 4 s until one is within `most` ms, at most three: the browsers, the
// server and their neighbours share the cores here, and a stall moves a stream until it is led back.
export async function lipsWithin(page, { path, track, fps, most = 40 }) {
  const skews = [];
  do {
    const { skew } = await page.evaluate(([p, k, f]) =>
      window.probe.lips(p, window.probe.receiverTracks('audio')[k], { ms: 4000, fps: f }), [path, track, fps]);
    skews.push(skew);
  } while (skews.length < 3 && !(skews.at(-1) !== null && Math.abs(skews.at(-1)) <= most));
  const last = skews.at(-1);
  return { ok: last !== null && Math.abs(last) <= most, words: skews.map((s) => (s === null ? 'nothing' : `${s.toFixed(1)} ms`)).join(', then ') };
}
