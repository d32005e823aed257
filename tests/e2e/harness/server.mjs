// A real `parlour serve` on free loopback ports with a data folder of its own.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.mjs';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
const BUILD = process.env.PARLOUR_BUILD ?? path.join(ROOT, 'build');
const PARLOUR = path.join(BUILD, 'server/app/parlour');
const PIPELINE = path.join(BUILD, 'pipelines/parlour-pipeline');
const WEB_ROOT = path.join(ROOT, 'web-client/dist');
export const REP = 'rep@example.com';
const READY_MS = 10_000;
const STOP_MS = 10_000;

// A port that is free for TCP and UDP.
async function freePort() {
  for (let tries = 0; tries < 20; tries++) {
    const tcp = createServer();
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address();
    const udp = createSocket('udp4');
    const free = await new Promise((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, '0.0.0.0', () => resolve(true));
    });
    if (free) udp.close();
    tcp.close();
    await once(tcp, 'close');
    if (free) return port;
  }
  throw new Error('no free port on this machine');
}

// The command line; resolves with what it printed, rejects with what it complained of.
export function parlour(...args) {
  return new Promise((resolve, reject) => {
    execFile(PARLOUR, args, { timeout: 240_000, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`parlour ${args[0]} ${args[1]}: exit ${error.code}\n${stderr}`));
      else resolve(stdout);
    });
  });
}

export function sh(file, args, input) {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { timeout: 240_000, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${file}: ${stderr.slice(-2000)}`));
      else resolve(stdout);
    });
    if (input) input(child.stdin);
  });
}

// One HTTP exchange outside any browser (self-signed certificates are accepted).
export function exchange(url, { method = 'GET', headers = {}, body, timeout = 5_000 } = {}) {
  return new Promise((resolve, reject) => {
    const make = url.startsWith('https:') ? httpsRequest : httpRequest;
    // Node 18 takes the first address of localhost only, which may be ::1.
    const request = make(url.replace('//localhost:', '//127.0.0.1:'), { method, headers, rejectUnauthorized: false, timeout, agent: false }, (response) => {
      const parts = [];
      const peer = response.socket.getPeerCertificate?.();
      response.on('data', (part) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString(), peer }),
      );
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url}`)));
    request.on('error', reject);
    request.end(body);
  });
}

export async function makeCertificate(folder, name) {
  const cert = path.join(folder, `${name}.crt`);
  const key = path.join(folder, `${name}.key`);
  await sh('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-keyout', key, '-out', cert]);
  return { cert, key };
}

export class Server {
  // `address`: where it listens; Firefox needs one that is not loopback only.
  // `host`: the name in its links.
  static async start({ tls = null, address = '127.0.0.1', host = 'localhost', args = [] } = {}) {
    const server = new Server();
    server.data = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
    server.port = await freePort();
    server.address = address;
    server.tls = tls;
    server.args = args;
    server.base = `${tls ? 'https' : 'http'}://${host}:${server.port}`;
    await access(WEB_ROOT);
    await parlour('user', 'add', REP, '--role', 'admin', '--name', 'Alex Morgan', '--data', server.data);
    server.token = (await parlour('token', 'create', '--role', 'admin', '--data', server.data)).trim();
    try {
      await server.run();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async run() {
    const tls = this.tls ? ['--tls-cert', this.tls.cert, '--tls-key', this.tls.key] : [];
    this.log = '';
    this.child = spawn(PARLOUR, ['serve', '--data', this.data, '--listen', `${this.address}:${this.port}`,
      '--media-port', String(this.port), '--base-url', this.base, '--web-root', WEB_ROOT,
      '--pipeline', PIPELINE, '--company', 'Lumen & Oak', ...tls, ...this.args],
    { stdio: ['ignore', 'pipe', 'pipe'] });
    const note = (part) => { this.log = (this.log + part).slice(-200_000); };
    this.child.stdout.on('data', note);
    this.child.stderr.on('data', note);
    this.exited = once(this.child, 'exit').then(([code, signal]) => ({ code, signal }));
    let gone = false;
    void this.exited.then(() => { gone = true; });
    await until(async () => {
      if (gone) throw new Error(`parlour serve did not start:\n${this.log}`);
      return (await exchange(`${this.base}/readyz`).catch(() => null))?.status === 200;
    }, { what: () => `parlour serve to be ready:\n${this.log}`, within: READY_MS });
  }

  // Ends the process by its id and waits for its end.
  async end(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      process.kill(this.child.pid, signal);
      const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
      await this.exited;
      clearTimeout(late);
    }
    return this.exited;
  }

  async stop() {
    await this.end();
    await rm(this.data, { recursive: true, force: true });
  }

  async api(method, where, body, token = this.token) {
    const response = await exchange(this.base + where, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (response.status >= 400) {
      throw new Error(`${method} ${where}: ${response.status} ${response.text}`);
    }
    return response.text === '' ? null : JSON.parse(response.text);
  }

  visit(fields = {}) {
    return this.api('POST', '/api/v1/visits', { title: 'A lamp for the reading corner', ...fields });
  }

  invite(visit, fields = { name: 'Sam Carter' }) {
    return this.api('POST', `/api/v1/visits/${visit}/invites`, fields);
  }

  async signInLink() {
    return (await parlour('user', 'link', REP, '--base-url', this.base, '--data', this.data)).match(/https?:\S+/)[0];
  }

  // Compiles and publishes a film; resolves with its slug.
  async publish(file, title, ...args) {
    const printed = await parlour('publish', file, '--title', title, '--data', this.data, '--pipeline', PIPELINE, ...args);
    return printed.trim().split(/\s+/).pop().split('/').pop();
  }

  // The same of a film before a green wall, by way of an upload.
  async publishKeyed(file, title, key = 'auto') {
    const bytes = await readFile(file);
    const headers = { authorization: `Bearer ${this.token}`, 'tus-resumable': '1.0.0' };
    const made = await exchange(`${this.base}/api/v1/uploads`, { method: 'POST', headers: { ...headers, 'upload-length': String(bytes.length) } });
    const { location } = made.headers;
    await exchange(new URL(location, this.base).href, {
      method: 'PATCH', body: bytes, headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    });
    const { id } = await this.api('POST', '/api/v1/walkthroughs', { upload: location.split('/').at(-1), title, key });
    const ready = await until(async () => {
      const film = await this.api('GET', `/api/v1/walkthroughs/${id}`);
      if (film.state === 'failed') throw new Error(JSON.stringify(film));
      return film.state === 'ready' && film;
    }, { what: 'the film to be compiled', within: 120_000, every: 100 });
    await this.api('PATCH', `/api/v1/walkthroughs/${id}`, { published: true });
    return ready.slug;
  }
}
