// An ordinary coturn with the configuration we recommend (assets/turnserver.conf), in the test's own network.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from './server.mjs';
import { until } from './wait.mjs';

export class Turn {
  // `peers`: the addresses it may relay to.
  static async start({ folder, address, peers, tls }) {
    const turn = new Turn();
    turn.address = address;
    turn.secret = randomBytes(24).toString('hex');
    turn.secretFile = path.join(folder, 'turn.secret');
    turn.urls = [`turn:${address}:3478?transport=udp`, `turn:${address}:3478?transport=tcp`, `turns:${address}:443?transport=tcp`];
    const config = (await readFile(path.join(ROOT, 'assets/turnserver.conf'), 'utf8'))
      .replace(/^static-auth-secret=.*$/m, `static-auth-secret=${turn.secret}`)
      .replace(/^allowed-peer-ip=.*$/m, peers.map((peer) => `allowed-peer-ip=${peer}`).join('\n'))
      .replace(/^cert=.*$/m, `cert=${tls.cert}`).replace(/^pkey=.*$/m, `pkey=${tls.key}`);
    const file = path.join(folder, 'turnserver.conf');
    await writeFile(file, config);
    await writeFile(turn.secretFile, `${turn.secret}\n`, { mode: 0o600 });
    turn.log = '';
    turn.child = spawn('turnserver', ['-c', file, '--listening-ip', address, '--relay-ip', address, '--log-file', 'stdout',
      '--pidfile', path.join(folder, 'turn.pid'), '--userdb', path.join(folder, 'turndb'), '--verbose'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const note = (part) => { turn.log = (turn.log + part).slice(-200_000); };
    turn.child.stdout.on('data', note);
    turn.child.stderr.on('data', note);
    turn.exited = once(turn.child, 'exit');
    await until(() => turn.child.exitCode === null && /TLS 1.2.? supported|IPv4\. TLS\/TCP listener opened/.test(turn.log),
      { what: () => `coturn to be ready:\n${turn.log}` });
    return turn;
  }

  get settings() { return ['--turn-urls', this.urls.join(','), '--turn-secret-file', this.secretFile]; }

  async stop() {
    this.child.kill();
    await this.exited;
  }
}
