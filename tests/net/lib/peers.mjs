// Starts the peers of ../peers and reads their JSON lines.
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PATIENCE, until } from './server.mjs';

const execute = promisify(execFile);
const PEERS = join(dirname(fileURLToPath(import.meta.url)), '../peers');

/** Debian's own Python has the Debian packages; another one on PATH has not. */
const PROGRAMS = {
  aiortc: ['/usr/bin/python3', join(PEERS, 'aiortc_peer.py')],
  gstreamer: ['/usr/bin/python3', join(PEERS, 'gstreamer_peer.py')],
  werift: [process.execPath, join(PEERS, 'rtp_peer.mjs'), 'werift'],
  datachannel: [process.execPath, join(PEERS, 'rtp_peer.mjs'), 'datachannel'],
};

export class Peer {
  /** options: { url, token, codec, seconds, … } become --url … */
  constructor(stack, role, options) {
    this.name = `${stack} ${role}`;
    this.events = [];
    this.waiting = [];
    this.errors = '';
    const [program, ...first] = PROGRAMS[stack];
    const args = Object.entries(options).filter(([, v]) => v !== undefined).flatMap(([k, v]) => (v === true ? [`--${k}`] : [`--${k}`, String(v)]));
    this.child = spawn(program, [...first, role, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdin.on('error', () => {});
    this.child.stderr.on('data', (d) => { this.errors = (this.errors + d).slice(-4000); });
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      let event;
      try { event = JSON.parse(line); } catch { return; }
      this.events.push(event);
      this.#look();
    });
    this.gone = new Promise((done) => this.child.on('close', (code) => {
      this.ended = true;
      this.#look();
      done(code);
    }));
  }

  #look() {
    this.waiting = this.waiting.filter((w) => !w());
  }

  /** The first event of that name; rejects when the peer fails or ends without it. */
  event(name, ms = 30_000) {
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(
        `${this.name}: no "${name}" in ${ms * PATIENCE} ms; ${this.said()}`)), ms * PATIENCE);
      const look = () => {
        const found = this.events.find((e) => e.event === name);
        const failed = this.events.find((e) => e.event === 'failed');
        if (!found && !failed && !this.ended) return false;
        clearTimeout(timer);
        if (found) done(found);
        else fail(new Error(`${this.name} ended without "${name}"; ${this.said()}`));
        return true;
      };
      if (!look()) this.waiting.push(look);
    });
  }

  said() {
    return `said ${this.events.map((e) => JSON.stringify(e)).join(' ').slice(-1500)} ${this.errors}`;
  }

  /** Asks an RTP-level viewer what came so far. */
  async report() {
    const before = this.events.filter((e) => e.event === 'report').length;
    this.child.stdin.write('report\n');
    return until(`${this.name}'s report`, 5000, () => this.events.filter((e) => e.event === 'report')[before]);
  }

  /** Ends it in order: it deletes its session. */
  async stop() {
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 8000 * PATIENCE);
    await this.gone;
    clearTimeout(timer);
  }

  /** Ends it as a power cut would. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.gone;
  }
}

async function clip(...args) {
  const { stdout } = await execute('/usr/bin/python3', [join(PEERS, 'make_clip.py'), ...args],
    { maxBuffer: 1 << 24 });
  return stdout;
}

/** 40 s of the pattern and its tone, encoded, for peers at RTP level: { vp8, h264, opus } paths. */
export async function makeClips(dir) {
  const made = {};
  for (const [codec, count] of [['vp8', 600], ['h264', 600], ['opus', 2000]]) {
    made[codec] = join(dir, `clip.${codec}`);
    await clip('encode', codec, String(count), made[codec]);
  }
  return made;
}

/** A film of the pattern, to be published. */
export async function makeFilm(seconds, file) {
  await clip('film', String(seconds), file);
  return file;
}

/** What a decoder makes of a file of frames. */
export async function judge(codec, file, ...card) {
  return JSON.parse((await clip('judge', codec, file, ...card)).trim().split('\n').at(-1));
}
