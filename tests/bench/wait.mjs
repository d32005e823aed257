// tests/bench/wait.mjs: waits until a program listens.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const listens = (host, port) => new Promise((resolve) => {
  const socket = net.connect({ host, port }, () => {
    socket.destroy();
    resolve(true);
  });
  socket.on('error', () => resolve(false));
});

export async function waitForPort(host, port, child, log) {
  for (let i = 0; i < 200; i++) {
    if (await listens(host, port)) return;
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`${child.spawnargs.join(' ')} does not listen on ${host}:${port}\n${readFileSync(log, 'utf8').slice(-2000)}`);
}
