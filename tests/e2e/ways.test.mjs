// How a visit gets through to a customer: UDP, ICE-TCP and TURN, IPv4 and IPv6, each with the others shut
// by a firewall between network namespaces; Chromium as it is at the other end.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, open, PHONE } from './harness/chromium.mjs';
import { CENTRE, CENTRE6, entered, Household } from './harness/netns.mjs';
import { writeBeeps, writeCamera } from './harness/pattern.mjs';
import { exchange, makeCertificate, Server } from './harness/server.mjs';
import { arrange, comeIn, goLive, MAIN, moving, signIn } from './harness/visit.mjs';

entered(fileURLToPath(import.meta.url));

const TCP_PORT = 4443;
let folder, server, browser, rep, visit, home, guests;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'pattern.y4m');
  const sound = path.join(folder, 'tone.wav');
  await Promise.all([writeCamera(camera), writeBeeps(sound)]);
  home = new Household('home');
  server = await Server.start({ tls: await makeCertificate(folder, 'parlour'), address: '[::]', host: CENTRE,
    args: ['--media-tcp-port', String(TCP_PORT)] });
  browser = await launch({ camera, sound });
  guests = await launch({ executable: home.chromium });
  rep = await signIn(server, browser);
  visit = await arrange(rep);
  await goLive(rep, visit.id);
}, { timeout: 90_000 });

after(async () => {
  await guests?.close();
  await browser?.close();
  await server?.stop();
  home?.close();
  await rm(folder, { recursive: true, force: true });
});

const metric = async (name) => {
  const { text } = await exchange(`https://127.0.0.1:${server.port}/metrics`);
  return Number(new RegExp(`^parlour_${name} (\\d+)$`, 'm').exec(text)[1]);
};

async function guestPage(t, url, { policy } = {}) {
  const page = await open(guests, undefined, { viewport: PHONE });
  t.after(() => page.context().close());
  await page.addInitScript((iceTransportPolicy) => {
    const Native = RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Native {
      constructor(config) { super(iceTransportPolicy ? { ...config, iceTransportPolicy } : config); }
    };
  }, policy);
  await page.goto(url);
  return page;
}

// The pair that media runs on: {local, remote} candidates of getStats.
const wayOf = (page) => page.evaluate(async () => {
  const report = new Map([...(await window.probe.peers.at(-1).getStats())]);
  const transport = [...report.values()].find((s) => s.type === 'transport' && s.selectedCandidatePairId);
  const pair = report.get(transport.selectedCandidatePairId);
  return { local: report.get(pair.localCandidateId), remote: report.get(pair.remoteCandidateId) };
});

async function watches(t, { url = visit.url, policy } = {}) {
  const page = await guestPage(t, url, { policy });
  const { ms } = await comeIn(page);
  await moving(page);
  const way = await wayOf(page);
  t.diagnostic(`first picture after ${Math.round(ms)} ms, by ${way.local.candidateType} ${way.local.relayProtocol ?? way.local.protocol} `
    + `to ${way.remote.address}:${way.remote.port}`);
  return { page, way, ms };
}

test('where everything is open, media goes by UDP', async (t) => {
  const { way } = await watches(t);
  assert.equal(way.remote.protocol, 'udp');
});

test('where UDP is shut, the visit is seen by ICE-TCP', async (t) => {
  home.forbid('meta l4proto udp drop');
  t.after(() => home.allow());
  const { page, way, ms } = await watches(t);
  assert.deepEqual([way.remote.protocol, way.remote.port], ['tcp', TCP_PORT]);
  assert.ok(ms < 5000, `a picture after ${ms} ms`);
  assert.ok(await metric('media_tcp_connections') >= 1);
  await page.context().close();
});
