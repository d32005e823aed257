// How a visit gets through to a customer: UDP, ICE-TCP and TURN, IPv4 and IPv6, each with the others shut
// by a firewall between network namespaces; Chromium as it is at the other end.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { shoot } from './harness/artefacts.mjs';
import { launch, open, PHONE } from './harness/chromium.mjs';
import { CENTRE, CENTRE6, entered, Household, run } from './harness/netns.mjs';
import { writeBeeps, writeCamera } from './harness/pattern.mjs';
import { exchange, makeCertificate, Server, sh } from './harness/server.mjs';
import { Turn } from './harness/turn.mjs';
import { arrange, comeIn, goLive, MAIN, moving, signIn } from './harness/visit.mjs';
import { until } from './harness/wait.mjs';

entered(fileURLToPath(import.meta.url));

const TCP_PORT = 4443;
const RELAY = '10.77.0.3';
let folder, server, turn, browser, rep, visit, home, guests;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  const camera = path.join(folder, 'pattern.y4m');
  const sound = path.join(folder, 'tone.wav');
  await Promise.all([writeCamera(camera), writeBeeps(sound)]);
  home = new Household('home');
  run(`ip addr add ${RELAY}/32 dev lo`);
  const tls = await makeCertificate(folder, 'parlour');
  turn = await Turn.start({ folder, address: RELAY, peers: [CENTRE, CENTRE6], tls });
  server = await Server.start({ tls, address: '[::]', host: CENTRE,
    args: ['--media-tcp-port', String(TCP_PORT), ...turn.settings] });
  browser = await launch({ camera, sound });
  guests = await launch({ executable: home.chromium, args: ['--ignore-certificate-errors'] });
  rep = await signIn(server, browser);
  visit = await arrange(rep);
  await goLive(rep, visit.id);
}, { timeout: 90_000 });

after(async () => {
  await guests?.close();
  await browser?.close();
  await server?.stop();
  await turn?.stop();
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

test('where UDP is shut, a film is seen by ICE-TCP without a packet missing', async (t) => {
  const film = path.join(folder, 'film.mp4');
  await sh('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=25:d=12', '-f', 'lavfi', '-i', 'sine=440:d=12',
    '-pix_fmt', 'yuv420p', '-c:a', 'aac', film]);
  const slug = await server.publish(film, 'A film');
  home.forbid('meta l4proto udp drop');
  t.after(() => home.allow());
  const page = await guestPage(t, `${server.base}/w/${slug}`);
  const seen = () => page.evaluate(async () => {
    const peer = window.probe.peers.at(-1);
    const all = peer === undefined ? [] : [...(await peer.getStats()).values()];
    return all.find((s) => s.type === 'inbound-rtp' && s.kind === 'video') ?? { framesDecoded: 0 };
  });
  await until(async () => (await seen()).framesDecoded > 60, { what: 'the film', within: 15_000, every: 100 });
  assert.equal((await wayOf(page)).remote.protocol, 'tcp');
  assert.equal((await seen()).packetsLost, 0);
  await page.context().close();
});

const TURN_WAYS = [
  ['udp', [`ip daddr ${RELAY} meta l4proto tcp drop`]],
  ['tcp', ['meta l4proto udp drop', 'tcp dport 443 drop']],
  ['tls', ['meta l4proto udp drop', 'tcp dport 3478 drop']],
];

for (const [transport, shut] of TURN_WAYS) {
  test(`by TURN over ${transport}, with credentials that the server made`, async (t) => {
    home.forbid(...shut);
    t.after(() => home.allow());
    const { way, ms, page } = await watches(t, { policy: 'relay' });
    assert.equal(way.local.candidateType, 'relay');
    assert.equal(way.local.relayProtocol, transport);
    assert.ok(ms < 8000, `a picture after ${ms} ms`);
    await page.context().close();
  });
}

test('where only TLS on port 443 goes out, the page finds TURN by itself', async (t) => {
  home.forbid('meta l4proto udp drop', `tcp dport { ${TCP_PORT}, 3478 } drop`);
  t.after(() => home.allow());
  const { way, page } = await watches(t);
  assert.equal(way.local.relayProtocol, 'tls');
  await page.context().close();
});

test('the relay takes nobody without our credentials, and nobody anywhere else', async () => {
  // What coturn says when its own client asks for a way to `peer`.
  const ask = async (secret, peer, said) => {
    turn.log = '';
    run(`ip netns exec ${home.name} timeout 2 turnutils_uclient -n 1 -m 1 -c -W ${secret} -u guest -e ${peer} ${RELAY} >/dev/null 2>&1 || true`);
    await until(() => said.test(turn.log), { what: () => `${said} about ${peer}:\n${turn.log.slice(0, 4000)}`, within: 3000 });
  };
  await ask('somebody-elses-secret', CENTRE, /Cannot find credentials/);
  assert.doesNotMatch(turn.log, /ALLOCATE processed, success/);
  for (const peer of ['10.77.1.2', '127.0.0.1', '198.51.100.7']) { // in our network, on the machine, anybody
    await ask(turn.secret, peer, /403: Forbidden IP/);
  }
  await ask(turn.secret, CENTRE, /(CHANNEL_BIND|CREATE_PERMISSION) processed, success/);
});

test('a whole visit by IPv6 alone', async (t) => {
  home.forbid('meta nfproto ipv4 drop');
  t.after(() => home.allow());
  const { way, page } = await watches(t, { url: visit.url.replace(CENTRE, `[${CENTRE6}]`) });
  assert.match(way.remote.address, /^fd77:/);
  await page.getByRole('button', { name: 'Leave' }).click();
});

// The connection check, with what it said of each way: {udp: 'works', tcp: 'blocked' …}.
async function check(t) {
  const page = await open(guests, `${server.base}/check`, { viewport: PHONE });
  t.after(() => page.context().close());
  await page.getByRole('button', { name: 'Try again' }).and(page.locator(':enabled')).waitFor();
  const said = await page.evaluate(() => Object.fromEntries([...document.querySelector('pl-reach').shadowRoot.querySelectorAll('li')]
    .map((line) => [line.dataset.way, line.dataset.state])));
  return { page, said };
}

test('the connection check names what works and what is blocked, for customers and their IT', async (t) => {
  const all = { https: 'works', websocket: 'works', udp: 'works', tcp: 'works', 'turn-udp': 'works', 'turn-tcp': 'works', 'turn-tls': 'works' };
  const free = await check(t);
  assert.deepEqual(free.said, all);
  await free.page.getByRole('heading', { name: 'Everything gets through' }).waitFor();
  await free.page.getByText(`${CENTRE} port ${TCP_PORT}`).first().waitFor();
  await shoot(free.page, 'check-good');

  home.forbid('meta l4proto udp drop', `tcp dport { ${TCP_PORT}, 3478 } drop`);
  t.after(() => home.allow());
  const office = await check(t);
  assert.deepEqual(office.said, { ...all, udp: 'blocked', tcp: 'blocked', 'turn-udp': 'blocked', 'turn-tcp': 'blocked' });
  await office.page.getByRole('heading', { name: 'It works, by a detour' }).waitFor();
  await shoot(office.page, 'check-detour');

  home.forbid('meta l4proto udp drop', `tcp dport { ${TCP_PORT}, 3478, 443 } drop`);
  const bunker = await check(t);
  assert.equal(bunker.said['turn-tls'], 'blocked');
  await bunker.page.getByRole('heading', { name: 'No live picture gets through' }).waitFor();
  await shoot(bunker.page, 'check-shut');
});

test('where nothing gets through the visit says so and leads to the check', async (t) => {
  home.forbid('meta l4proto udp drop', `tcp dport { ${TCP_PORT}, 3478, 443 } drop`);
  t.after(() => home.allow());
  const page = await guestPage(t, visit.url);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('button', { name: 'Go in' }).click();
  await page.getByRole('heading', { name: 'Your network lets no live picture through' }).waitFor({ timeout: 25_000 });
  assert.equal(await page.getByRole('link', { name: 'See what is blocked' }).getAttribute('href'), '/check');
  await shoot(page, 'visit-shut');
  home.allow(); // the door opens: nobody has to reload
  await moving(page, MAIN, 20_000);
});
