// The real server in a fresh data folder on free ports, started and filled the way an operator does
// it: by its command line and its HTTP API.
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const BUILD = resolve(ROOT, process.env.PARLOUR_BUILD ?? 'build');
export const PARLOUR = join(BUILD, 'server/app/parlour');
export const PIPELINE = join(BUILD, 'pipelines/parlour-pipeline');

/** A server under a sanitizer, or on a busy machine, gets more time for everything. */
export const PATIENCE = Number(process.env.PARLOUR_PATIENCE ?? (/[at]san/.test(BUILD) ? 3 : 1));

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, ms, probe) {
  const deadline = Date.now() + ms * PATIENCE;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${ms * PATIENCE} ms in vain for ${what}`);
    await sleep(25);
  }
}

const freeTcpPort = () =>
  new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

const freeUdpPort = () =>
  new Promise((done, fail) => {
    const socket = createSocket('udp4').once('error', fail);
    socket.bind(0, '0.0.0.0', () => {
      const { port } = socket.address();
      socket.close(() => done(port));
    });
  });

export function run(...args) {
  const r = spawnSync(PARLOUR, args, { encoding: 'utf8', timeout: 120_000 * PATIENCE });
  if (r.status !== 0) throw new Error(`parlour ${args[0]} ended with ${r.status}: ${r.stderr}`);
  return r.stdout.trim();
}

export class Server {
  static async start(extra = []) {
    const s = new Server();
    s.dir = mkdtempSync(join(process.env.PARLOUR_SCRATCH ?? tmpdir(), 'parlour-net-'));
    s.data = join(s.dir, 'data');
    s.logFile = join(s.dir, 'server.log');
    run('user', 'add', 'rep@example.com', '--role', 'rep', '--data', s.data);
    s.token = run('token', 'create', '--role', 'admin', '--data', s.data);
    s.log = openSync(s.logFile, 'w');
    s.extra = extra;
    for (let tries = 1; ; tries++) {
      s.port = await freeTcpPort();
      s.mediaPort = await freeUdpPort();
      s.base = `http://127.0.0.1:${s.port}`;
      s.#spawn();
      try {
        await s.#ready();
        return s;
      } catch (error) { // somebody's connection may have taken the port meanwhile
        if (tries === 3 || !/is in use/.test(error.message)) throw error;
      }
    }
  }

  #spawn() {
    this.exited = undefined;
    this.child = spawn(PARLOUR, ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`,
      '--media-port', String(this.mediaPort), '--base-url', this.base, ...this.extra],
    { stdio: ['ignore', this.log, this.log] });
    this.child.on('exit', (code, signal) => { this.exited = { code, signal }; });
  }

  async #ready() {
    await until('the server to be ready', 10_000, async () => {
      if (this.exited) {
        throw new Error(`the server ended (${JSON.stringify(this.exited)}): ${this.logText().slice(-2000)}`);
      }
      return (await fetch(`${this.base}/readyz`).catch(() => ({}))).ok;
    });
  }

  logText() { return readFileSync(this.logFile, 'utf8'); }

  /** Kills it as a power cut would. */
  async kill() {
    this.child.kill('SIGKILL');
    await until('the killed server to be gone', 5000, () => this.exited);
  }

  async restart() {
    this.#spawn();
    await this.#ready();
  }

  async stop() {
    if (!this.exited) {
      this.child.kill('SIGTERM');
      await until('the server to end', 10_000, () => this.exited).catch(() => this.child.kill('SIGKILL'));
    }
    const log = this.logText();
    const ended = this.exited;
    if (process.env.PARLOUR_KEEP) console.error(`kept ${this.dir}`);
    else rmSync(this.dir, { recursive: true, force: true });
    if (/ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer/.test(log)) {
      throw new Error(`a sanitizer spoke:\n${log.slice(-6000)}`);
    }
    if (!ended || ended.code !== 0) {
      throw new Error(`the server ended with ${JSON.stringify(ended)}:\n${log.slice(-3000)}`);
    }
  }

  async api(method, path, body, token = this.token) {
    const headers = {};
    if (token) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const r = await fetch(this.base + path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await r.text();
    let json = null;
    try { json = JSON.parse(text); } catch { /* not every answer is JSON */ }
    return { status: r.status, headers: r.headers, text, json };
  }

  async must(method, path, body) {
    const r = await this.api(method, path, body);
    if (r.status >= 300) throw new Error(`${method} ${path}: ${r.status} ${r.text}`);
    return r.json;
  }

  /** A visit that has started, with an invite: { id, whip, whep, invite, streamKey }. */
  async visit(title = 'A visit for a test') {
    const made = await this.must('POST', '/api/v1/visits', { title });
    const invite = await this.must('POST', `/api/v1/visits/${made.id}/invites`, { name: 'Robin' });
    await this.must('POST', `/api/v1/visits/${made.id}/start`);
    return { id: made.id, whip: made.whip_url, whep: made.whep_url, invite: invite.token,
      inviteId: invite.id, streamKey: made.stream_key };
  }

  publish(file, title) {
    return run('publish', file, '--title', title, '--data', this.data, '--pipeline', PIPELINE);
  }
}
