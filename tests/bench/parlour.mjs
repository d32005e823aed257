// tests/bench/parlour.mjs: our server with one visit that is live, on the same terms as Janus: one
// core, one media thread, plain HTTP for signalling.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writePresentation } from './presentation.mjs';
import { waitForPort } from './wait.mjs';

const PORT = 8090;
const RECORDED_SECONDS = 120;

function run(program, args) {
  const r = spawnSync(program, args, { encoding: 'utf8' });
  if (r.status !== 0) throw new Error(`${path.basename(program)} ${args[0]}: ${r.stderr || r.error}`);
  return r.stdout.trim();
}

function findManifest(folder) {
  for (const entry of readdirSync(folder, { recursive: true })) {
    if (path.basename(entry) === 'manifest.json') return path.dirname(path.join(folder, entry));
  }
  throw new Error(`no presentation below ${folder}`);
}

// A recording with exactly the packets of the live source: a tiny clip is published the usual way,
// then its packet files are replaced. The slug.
function publishRecording(program, folder, data) {
  const clip = path.join(folder, 'clip.mp4');
  run('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30:d=2', '-f', 'lavfi', '-i',
    'sine=d=2', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac', clip]);
  const slug = run(program, ['publish', clip, '--title', 'Bench', '--data', data]).split('\n').at(-1);
  writePresentation(findManifest(data), RECORDED_SECONDS);
  return slug.split('/').at(-1);
}

export async function startParlour({ address, build }) {
  const program = path.join(build, 'server/app/parlour');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'parlour-bench-'));
  const data = path.join(folder, 'data');
  const base = `http://${address}:${PORT}`;
  const token = run(program, ['token', 'create', '--role', 'admin', '--data', data]).split('\n').at(-1);
  const slug = publishRecording(program, folder, data);
  const log = openSync(path.join(folder, 'log'), 'w');
  const child = spawn('taskset', ['-c', '0', program, 'serve', '--data', data, '--listen', `${address}:${PORT}`,
    '--base-url', base, '--media-port', String(PORT + 1), '--media-bind', address, '--media-threads', '1',
    '--sessions-max', '5000', '--sessions-per-address', '5000', '--session-rate-per-address', '100000',
    '--connections-max', '6000', '--connections-per-address', '6000', '--log-level', 'warn'],
  { stdio: ['ignore', log, log] });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const call = async (method, url, body) => {
    const r = await fetch(base + url, { method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(10000),
      headers: { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }) } });
    if (!r.ok) throw new Error(`${method} ${url}: ${r.status} ${await r.text()}`);
    return r.status === 204 ? null : r.json();
  };
  try {
    await waitForPort(address, PORT, child, path.join(folder, 'log'));
    const visit = await call('POST', '/api/v1/visits', { title: 'Bench', recording: 'off' });
    await call('POST', `/api/v1/visits/${visit.id}/start`);
    // The viewers are customers: nobody is sent their own sound.
    const invite = await call('POST', `/api/v1/visits/${visit.id}/invites`, { name: 'Bench' });
    return {
      pid: child.pid,
      source: `whip ${base}/whip/${visit.id}?source=camera ${token}`,
      target: `whep ${base}/whep/${visit.id} ${invite.token}`,
      recorded: () => ({ target: `whep ${base}/whep/w/${slug} -`, duration: RECORDED_SECONDS - 30 }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
