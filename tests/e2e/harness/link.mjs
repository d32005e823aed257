// A slow, long or lossy way into a household: tests/tools/link_emulator.c between the centre and its
// namespace, for kernels without netem. From the start on it is where everything goes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { run } from './netns.mjs';
import { ROOT } from './server.mjs';

const PROGRAM = path.join(process.env.PARLOUR_BUILD ?? path.join(ROOT, 'build'), 'tests/link_emulator');
const NET = '10.77.200';

export class Link {
  // `words` as link_emulator has them: {'down.rate': 1e6, 'down.delay': 30}.
  static async start(household, words = {}) {
    const link = new Link();
    link.inner = `${NET}.2`;
    link.outer = `${NET}.1`;
    link.child = spawn(PROGRAM, [household.name, 'slow', 'c-slow', ...Link.#words(words)], { stdio: ['pipe', 'pipe', 'inherit'] });
    link.lines = createInterface({ input: link.child.stdout })[Symbol.asyncIterator]();
    const { value } = await link.lines.next();
    if (value !== 'ready') throw new Error(`link_emulator: ${value}`);
    household.down(household.ways[0]); // whose address would be answered past the link
    run(`ip addr add ${link.outer}/24 dev c-slow; ip link set c-slow up
      ip -n ${household.name} addr add ${link.inner}/24 dev slow; ip -n ${household.name} link set slow up
      ip -n ${household.name} route replace default via ${link.outer} dev slow`);
    return link;
  }

  static #words(words) { return Object.entries(words).map(([name, value]) => `${name}=${value}`); }

  set(words) { this.child.stdin.write(`${Link.#words(words).join(' ')}\n`); }

  // {down: {packets, bytes, dropped, lost, waited_ms}, up: …}; waited_ms since the last look.
  async stats() {
    this.child.stdin.write('stats\n');
    return JSON.parse((await this.lines.next()).value);
  }

  async stop() {
    this.child.stdin.end();
    if (this.child.exitCode === null) await once(this.child, 'exit');
  }
}
