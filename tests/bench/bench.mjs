// tests/bench/bench.mjs: measures Parlour beside Janus in one run, prints a table and writes JSON to
// tests/bench/results/. `./dev bench [--quick] [--only parlour|janus|soak|compile|replay] [--minutes N]`; README.md says how.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startJanus } from './janus.mjs';
import { CM, GCM, LoadClient } from './load_client.mjs';
import { startParlour } from './parlour.mjs';
import { printTable, verdicts } from './report.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const quick = args.includes('--quick');
const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : null;
const build = path.resolve(here, '../../', process.env.PARLOUR_BUILD ?? 'build');

if (only === 'compile') { // no network, and all cores
  const { benchCompile } = await import('./compile.mjs');
  const { cpuRatio, wallRatio } = await benchCompile({ build, quick });
  process.exit(Math.min(cpuRatio, wallRatio) <= 1.05 ? 0 : 1);
}
if (only === 'replay') { // the same
  const { benchReplay } = await import('./replay.mjs');
  const { good } = await benchReplay({ build, quick });
  process.exit(good ? 0 : 1);
}

// Everything runs in a network namespace of its own: nobody else's packets, and an address that is
// not the loopback's (libnice ignores that one), though packets to it go the loopback's way.
const ADDRESS = '10.77.0.1';
if (!process.env.PARLOUR_BENCH_INSIDE) {
  const user = process.getuid() === 0 ? [] : ['--map-root-user'];
  const setUp = `ip link set lo up &&
    { ip link add bench0 type dummy 2>/dev/null || ip link add bench0 type veth peer name bench1; } &&
    ip address add ${ADDRESS}/24 dev bench0 && ip link set bench0 up && { ip link set bench1 up 2>/dev/null || true; } && exec "$@"`;
  const inside = spawnSync('unshare', ['--net', ...user, 'sh', '-c', setUp, 'sh', 'taskset', '-c', '1',
    process.execPath, fileURLToPath(import.meta.url), ...args],
  { stdio: 'inherit', env: { ...process.env, PARLOUR_BENCH_INSIDE: '1' } });
  process.exit(inside.status ?? 1);
}
if (os.cpus().length < 2) {
  console.error('bench: two cores are needed, one for the server and one for its load');
  process.exit(1);
}

const seconds = quick ? 3 : 8; // of each measurement

// What a measurement with so many viewers says, and whether it may be believed.
async function measure(load, viewers, empty) {
  const m = await load.ask(`measure ${seconds}`);
  m.memoryPerViewer = (m.rss - empty) / viewers;
  m.disturbed = m.core_busy - m.server_cpu > 0.1; // somebody else was on the server's core
  m.clientLimited = m.client_cpu > 0.95 || m.client_drops > 0;
  // What never came counts as lost too, but for one frame a viewer that may be under way.
  m.missing = Math.max(m.loss, 1 - m.packets / m.expected - 6 / (m.expected / m.viewers));
  m.lossy = m.missing > 0.001 || m.lost_viewers > 0;
  console.error(`${load.label}: ${viewers} viewers, ${(m.missing * 100).toFixed(3)} % lost, ` +
    `${m.us_per_packet.toFixed(2)} µs a packet, server ${(m.server_cpu * 100).toFixed(0)} %, ` +
    `client ${(m.client_cpu * 100).toFixed(0)} %, p99 ${m.delay_p99.toFixed(1)} ms`);
  return m;
}

// A server, its source and warm code; `work` gets the load client and the empty server's memory.
async function withServer(name, start, profile, work) {
  const server = await start({ address: ADDRESS, build });
  const load = new LoadClient(path.join(build, 'tests/bench/load_client'), name, profile);
  try {
    await load.ask(`pid ${server.pid} core 0`);
    await load.ask(`source ${server.source}`);
    await load.ask('gop 2000');
    await load.ask(`target ${server.target} 0`);
    await load.ask('wait 1');
    await load.ask('join 5 10'); // code and pools are warm
    await load.ask('leave');
    await load.ask('wait 1');
    return await work(load, await load.ask('rss'), server);
  } finally {
    await load.end();
    await server.stop();
  }
}

async function measureJoins(load, result) {
  await load.ask('gop 0'); // as a browser publishes: a key frame only when somebody asks
  result.joinsPaced = await load.ask(`join ${quick ? 80 : 200} 40`);
  await load.ask('leave');
  await load.ask('wait 2');
  result.joinsAtOnce = await load.ask('join 100 0');
  await load.ask('leave');
  await load.ask('wait 2');
  await load.ask('gop 2000');
}

async function measureServer(name, start, steps) {
  return withServer(name, start, GCM, async (load, empty, server) => {
    const result = { name, steps: [] };
    await measureJoins(load, result);
    let viewers = 0;
    for (const step of steps) {
      const joined = await load.ask(`join ${step - viewers} ${viewers >= 300 ? 50 : 100}`);
      viewers = step;
      await load.ask('wait 1.5');
      const m = { ...await measure(load, step, empty.rss), joined };
      result.steps.push(m);
      if (m.lossy) break;
    }
    await load.ask('leave');
    await load.ask('wait 1');
    if (server.recorded) {
      const r = await server.recorded();
      await load.ask('source stop');
      await load.ask(`target ${r.target} ${r.duration}`);
      result.recordedJoin = await load.ask('join 200 100');
      await load.ask('wait 2');
      result.recorded = await load.ask(`measure ${seconds}`);
      await load.ask('leave');
    }
    return result;
  });
}

// The older SRTP profile, for peers that know no other.
async function measureFallback(name, start) {
  return withServer(`${name}, AES_CM`, start, CM, async (load, empty) => {
    const joined = await load.ask('join 100 50');
    await load.ask('wait 1.5');
    return { ...await measure(load, 100, empty.rss), joined };
  });
}

// A thousand people who open the link within ten seconds, of a camera that sends 0.6 Mbit/s and a key frame only
// when asked: the question is who sees a picture when, not what a core can send.
async function measureCrowd() {
  return withServer('parlour, a crowd', startParlour, GCM, async (load) => {
    await load.ask('size 2');
    await load.ask('gop 0');
    const n = quick ? 300 : 1000;
    const joined = await load.ask(`join ${n} 100`);
    await load.ask('leave');
    console.error(`parlour: ${n} joins at 100 a second: p50 ${joined.p50.toFixed(0)} ms, p99 ${joined.p99.toFixed(0)} ms, ` +
      `slowest ${joined.max.toFixed(0)} ms, ${joined.failed} failed, ${joined.key_requests} key-frame requests`);
    return { ...joined, wanted: n };
  });
}

// What sealing and sending cost by themselves, measured now and here.
function measureBare(viewers) {
  const r = spawnSync(path.join(build, 'tests/bench/bare'), [ADDRESS, String(viewers), String(seconds)], { encoding: 'utf8' });
  if (r.status !== 0) throw new Error(`bare: ${r.stderr}`);
  const m = JSON.parse(r.stdout);
  console.error(`bare loop: ${viewers} viewers, ${m.us_per_packet.toFixed(2)} µs a packet`);
  return m;
}

const load1 = () => Number(os.loadavg()[0].toFixed(2));
const results = { date: new Date().toISOString(), quick, cpu: os.cpus()[0].model, kernel: os.release(), loadBefore: load1() };
if (only === 'soak') {
  const { benchSoak } = await import('./soak.mjs');
  const minutes = args.includes('--minutes') ? Number(args[args.indexOf('--minutes') + 1]) : 60;
  results.soak = await withServer('parlour, soak', startParlour, GCM, (load, empty) => benchSoak(load, empty, minutes));
} else {
  if (only !== 'parlour') {
    results.janus = await measureServer('janus', startJanus,
      quick ? [100, 200, 300] : [100, 200, 220, 240, 260, 300, 350, 400]);
    results.janus.fallback = await measureFallback('janus', startJanus);
  }
  if (only !== 'janus') {
    results.bare = [measureBare(100), measureBare(200)];
    results.parlour = await measureServer('parlour', startParlour,
      quick ? [10, 100, 200, 400, 600] : [10, ...Array.from({ length: 12 }, (_, i) => 100 * (i + 1))]);
    results.bareAgain = [measureBare(100), measureBare(200)];
    results.parlour.fallback = await measureFallback('parlour', startParlour);
    results.crowd = await measureCrowd();
  }
}
results.loadAfter = load1();
results.verdicts = verdicts(results);
printTable(results);
mkdirSync(path.join(here, 'results'), { recursive: true });
const file = path.join(here, 'results', `${results.date.replace(/[:.]/g, '-')}.json`);
writeFileSync(file, JSON.stringify(results, null, 2));
console.log(`\nwritten to ${path.relative(process.cwd(), file)}`);
process.exit(results.verdicts.every((v) => v.pass !== false) ? 0 : 1);
