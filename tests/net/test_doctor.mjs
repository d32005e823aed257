// `parlour doctor` beside a running server: its own ports are no trouble, with TLS and without;
// somebody else's are.
//
//   PARLOUR_BUILD=build node --test tests/net/test_doctor.mjs
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BUILD, until } from './lib/server.mjs';

const parlour = join(BUILD, 'server/app/parlour');
let dir, tls;

before(() => {
  dir = mkdtempSync(join(process.env.PARLOUR_SCRATCH ?? tmpdir(), 'parlour-doctor-'));
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-days', '30', '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  tls = ['--tls-cert', cert, '--tls-key', key];
});

after(() => rmSync(dir, { recursive: true, force: true }));

const listening = () => new Promise((done) => {
  const server = createServer((socket) => socket.on('error', () => {}).end('220 hello\r\n')).listen(0, '127.0.0.1', () => done(server));
});
const free = async () => {
  const server = await listening();
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
};
const freeUdp = () => new Promise((done) => {
  const socket = createSocket('udp4').bind(0, '0.0.0.0', () => {
    const { port } = socket.address();
    socket.close(() => done(port));
  });
});

const lines = (settings) => spawnSync(parlour, ['doctor', ...settings], { encoding: 'utf8', timeout: 60_000 }).stdout
  .split('\n').filter((l) => /(http|media) port/.test(l));

for (const [name, more] of [['HTTP', () => []], ['HTTPS', () => tls]]) {
  test(`a running server's own ports are well, by ${name}`, async () => {
    const settings = ['--data', join(dir, name), '--listen', `127.0.0.1:${await free()}`,
      '--media-port', String(await freeUdp()), ...more()];
    for (const line of lines(settings)) assert.match(line, /^ok .* is free/);
    const server = spawn(parlour, ['serve', ...settings], { stdio: 'ignore' });
    try {
      const wanted = [/^ok +http port +\d+: a server runs there and is healthy$/, /^ok +media port +.* in use by the running server$/];
      let seen;
      await until('the doctor to find it well', 20_000, () => {
        seen = lines(settings);
        return server.exitCode !== null || wanted.every((w, i) => w.test(seen[i]));
      }).catch(() => assert.fail(seen.join('\n')));
      assert.equal(server.exitCode, null, 'the server ended');
    } finally {
      server.kill('SIGTERM');
      await new Promise((done) => { server.exitCode !== null || server.signalCode !== null ? done() : server.on('exit', done); });
    }
  });
}

test('TURN servers are asked, and their secret is looked for', async () => {
  const turn = createSocket('udp4', (m, from) => {
    turn.send(Buffer.concat([Buffer.from([1, 1, 0, 0]), m.subarray(4, 20)]), from.port, from.address);
  });
  await new Promise((done) => { turn.bind(0, '127.0.0.1', done); });
  const run = (env, ...more) => new Promise((done) => {
    let text = '';
    const child = spawn(parlour, ['doctor', '--data', join(dir, 'turn'), ...more], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...env } });
    child.stdout.on('data', (d) => { text += d; }).on('end', () => done(text.split('\n').filter((l) => /\bturn\b/.test(l)).join('\n')));
  });
  try {
    assert.match(await run({}), /turnserver\.conf/);
    const urls = `turn:127.0.0.1:${turn.address().port}?transport=udp,turns:127.0.0.1:9?transport=tcp,turn:nowhere.invalid`;
    const said = await run({ PARLOUR_TURN_SECRET: 'sixteen characters'.replace(' ', '-') }, '--turn-urls', urls);
    assert.match(said, /^ok.*transport=udp answers \(UDP\)/m);
    assert.match(said, /turns:127\.0\.0\.1:9.*Connection refused/);
    assert.match(said, /nowhere\.invalid is not known/);
    assert.doesNotMatch(said, /sixteen/);
    assert.match(await run({ PARLOUR_TURN_SECRET: '' }, '--turn-urls', urls), /needs the secret/);
  } finally {
    turn.close();
  }
});

test("somebody else's port is not", async () => {
  const other = await listening();
  const settings = ['--data', join(dir, 'other'), '--listen', `127.0.0.1:${other.address().port}`];
  try {
    for (const more of [[], tls]) {
      const [http] = await new Promise((done) => { // not spawnSync: the other must answer meanwhile
        let text = '';
        const child = spawn(parlour, ['doctor', ...settings, ...more], { stdio: ['ignore', 'pipe', 'ignore'] });
        child.stdout.on('data', (d) => { text += d; }).on('end', () => done(text.split('\n').filter((l) => /http port/.test(l))));
      });
      assert.doesNotMatch(http, /^ok/);
      assert.match(http, /Address already in use/);
    }
  } finally {
    other.close();
  }
});
