// tests/bench/report.mjs: what was measured against what it must reach (issue "A first visit").

const step = (server, viewers) => server?.steps?.find((s) => s.viewers === viewers);
const capacity = (server) => Math.max(0, ...(server?.steps ?? []).filter((s) => !s.lossy).map((s) => s.viewers));
const known = (x) => x !== undefined && x !== null && Number.isFinite(x) && x >= 0;

export function verdicts({ janus, parlour }) {
  const rows = [];
  const row = (what, unit, j, p, rule, value, limit, atLeast = false) => rows.push({
    what, unit, janus: known(j) ? j : null, parlour: known(p) ? p : null, rule,
    value: known(value) ? value : null, limit,
    pass: known(value) ? (atLeast ? value >= limit : value <= limit) : null,
  });
  for (const n of [100, 200]) {
    const j = step(janus, n)?.us_per_packet, p = step(parlour, n)?.us_per_packet;
    row(`CPU a packet, ${n} viewers`, 'µs', j, p, '≤ 0.45 × Janus', p / j, 0.45);
  }
  const jc = janus && capacity(janus), pc = parlour && capacity(parlour);
  row('viewers a core, loss < 0.1 %', '', jc, pc, '≥ 2 × Janus', pc / jc, 2, true);
  row('join p50, 40 a second', 'ms', janus?.joinsPaced?.p50, parlour?.joinsPaced?.p50, '≤ 15 ms', parlour?.joinsPaced?.p50, 15);
  row('join p99, 40 a second', 'ms', janus?.joinsPaced?.p99, parlour?.joinsPaced?.p99, '≤ 50 ms', parlour?.joinsPaced?.p99, 50);
  row('join p99, 100 at once', 'ms', janus?.joinsAtOnce?.p99, parlour?.joinsAtOnce?.p99, '≤ 300 ms', parlour?.joinsAtOnce?.p99, 300);
  const perSecond = (joins) => joins && joins.key_requests / Math.max(1, Math.ceil(joins.seconds));
  const worst = (s) => Math.max(perSecond(s?.joinsPaced) ?? NaN, perSecond(s?.joinsAtOnce) ?? NaN);
  row('key-frame requests a second', '', worst(janus), worst(parlour), '≤ 1', worst(parlour), 1);
  const jd = step(janus, 100), pd = step(parlour, 100);
  row('forwarding delay p50, 100 viewers', 'ms', jd?.delay_p50, pd?.delay_p50, '', null, null);
  row('forwarding delay p99, 100 viewers', 'ms', jd?.delay_p99, pd?.delay_p99, '≤ 0.4 × Janus', pd?.delay_p99 / jd?.delay_p99, 0.4);
  const jm = step(janus, 200) ?? jd, pm = step(parlour, 200) ?? pd;
  row('memory a viewer', 'KB', jm?.memoryPerViewer / 1000, pm?.memoryPerViewer / 1000, '≤ 150 KB', pm?.memoryPerViewer / 1000, 150);
  const live = step(parlour, 200), recorded = parlour?.recorded;
  const cost = recorded && recorded.server_cpu / recorded.packets * recorded.seconds;
  const liveCost = live && live.server_cpu / live.packets * live.seconds;
  row('200 viewers of a recording: CPU a packet', 'µs', null, cost * 1e6, '≤ 1 × live', cost / liveCost, 1);
  return rows;
}

const number = (x) => (x === null ? '–' : x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

export function printTable(results) {
  const line = (a, b, c, d, e, f) => console.log(
    `${a.padEnd(42)}${b.padStart(10)}${c.padStart(10)}${d.padStart(9)}  ${e.padEnd(16)}${f}`);
  console.log('');
  line('', 'Janus', 'Parlour', 'value', 'must be', '');
  for (const v of results.verdicts) {
    line(`${v.what}${v.unit ? `, ${v.unit}` : ''}`, number(v.janus), number(v.parlour), number(v.value), v.rule,
      v.rule === '' ? '' : v.pass === null ? 'not measured' : v.pass ? 'pass' : 'FAIL');
  }
  for (const server of [results.janus, results.parlour].filter(Boolean)) {
    const last = server.steps.at(-1);
    const limit = last.clientLimited
      ? `THE CLIENT was the limit (${(last.client_cpu * 100).toFixed(0)} % of its core, ${last.client_drops} drops of its own)`
      : last.lossy
        ? `the server was the limit (its core ${(last.core_busy * 100).toFixed(0)} %, client's ${(last.client_cpu * 100).toFixed(0)} %, no drops by the client)`
        : `no limit was reached at ${last.viewers} viewers (server's core ${(last.core_busy * 100).toFixed(0)} %, client's ${(last.client_cpu * 100).toFixed(0)} %)`;
    const disturbed = server.steps.filter((s) => s.disturbed).length;
    if (disturbed > 0) {
      console.log(`${server.name}: OTHER PROGRAMS ran on the server's core in ${disturbed} of ${server.steps.length} ` +
        'measurements; repeat this on a quiet machine');
    }
    console.log(`${server.name}: ${limit}; SRTP profile ${last.joined.profile}`);
  }
}
