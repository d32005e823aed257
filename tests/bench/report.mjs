// tests/bench/report.mjs: what was measured against what it must reach (issues "A first visit" and "It arrives").

const step = (server, viewers) => server?.steps?.find((s) => s.viewers === viewers);
const capacity = (server) => Math.max(0, ...(server?.steps ?? []).filter((s) => !s.lossy).map((s) => s.viewers));
const known = (x) => x !== undefined && x !== null && Number.isFinite(x) && x >= 0;

// What one viewer more costs between two steps, in shares of a core.
const marginal = (from, to) => from && to && (to.server_cpu - from.server_cpu) / (to.viewers - from.viewers);

// The best of the runs before and after: a busy moment makes the loop look dear, never cheap.
const bareCost = ({ bare, bareAgain }, viewers) =>
  Math.min(...[...(bare ?? []), ...(bareAgain ?? [])].filter((b) => b.viewers === viewers).map((b) => b.us_per_packet));

function soakRows(row, soak) {
  row(`soak of ${soak.minutes} minutes: memory grows by`, '%', null, soak.late / 1e6, '≤ 2 %', Math.max(0, soak.growth * 100), 2);
  row('soak: files left open', '', null, soak.filesLeft, '0', Math.max(0, soak.filesLeft), 0);
  row('soak: joins that failed', '', null, soak.failed, '0', soak.failed, 0);
}

export function verdicts({ janus, parlour, crowd, soak, ...rest }) {
  const rows = [];
  const row = (what, unit, j, p, rule, value, limit, atLeast = false) => rows.push({
    what, unit, janus: known(j) ? j : null, parlour: known(p) ? p : null, rule,
    value: known(value) ? value : null, limit,
    pass: known(value) ? (atLeast ? value >= limit : value <= limit) : null,
  });
  if (soak) {
    soakRows(row, soak);
    return rows;
  }
  for (const n of [100, 200]) {
    const j = step(janus, n)?.us_per_packet, p = step(parlour, n)?.us_per_packet, b = bareCost(rest, n);
    row(`CPU a packet, ${n} viewers`, 'µs', j, p, '≤ 0.30 × Janus', p / j, 0.30);
    row(`  beside the bare loop (${number(b)} µs)`, 'µs', null, p, '≤ 1.6 × bare', p / b, 1.6);
  }
  const jf = janus?.fallback?.us_per_packet, pf = parlour?.fallback?.us_per_packet;
  row('CPU a packet, AES_CM, 100 viewers', 'µs', jf, pf, '≤ 0.25 × Janus', pf / jf, 0.25);
  const jc = janus && capacity(janus), pc = parlour && capacity(parlour);
  row('viewers a core, loss < 0.1 %', '', jc, pc, '≥ 3 × Janus', pc / jc, 3, true);
  const most = parlour && step(parlour, Math.min(1000, pc));
  const first = marginal(step(parlour, 10), step(parlour, 100)), last = marginal(step(parlour, 100), most);
  row(`a viewer more, 100 to ${most?.viewers ?? '–'} by 10 to 100`, 'µs/s', null, last * 1e6, '≤ 1.2', last / first, 1.2);
  row('join p50, 40 a second', 'ms', janus?.joinsPaced?.p50, parlour?.joinsPaced?.p50, '≤ 15 ms', parlour?.joinsPaced?.p50, 15);
  row('join p99, 40 a second', 'ms', janus?.joinsPaced?.p99, parlour?.joinsPaced?.p99, '≤ 25 ms', parlour?.joinsPaced?.p99, 25);
  row('join p99, 100 at once', 'ms', janus?.joinsAtOnce?.p99, parlour?.joinsAtOnce?.p99, '≤ 300 ms', parlour?.joinsAtOnce?.p99, 300);
  row(`${crowd?.wanted ?? 1000} joins, 100 a second: slowest`, 'ms', null, crowd?.max, '≤ 2000 ms', crowd?.max, 2000);
  row('  of them failed', '', null, crowd?.failed, '0', crowd?.failed, 0);
  const perSecond = (joins) => joins && joins.key_requests / Math.max(1, Math.ceil(joins.seconds));
  const worst = (...all) => Math.max(...all.filter(Boolean).map(perSecond));
  row('key-frame requests a second', '', worst(janus?.joinsPaced, janus?.joinsAtOnce),
    worst(parlour?.joinsPaced, parlour?.joinsAtOnce, crowd), '≤ 1', worst(parlour?.joinsPaced, parlour?.joinsAtOnce, crowd), 1);
  const jd = step(janus, 100), pd = step(parlour, 100);
  row('forwarding delay p50, 100 viewers', 'ms', jd?.delay_p50, pd?.delay_p50, '', null, null);
  row('forwarding delay p99, 100 viewers', 'ms', jd?.delay_p99, pd?.delay_p99, '≤ 0.3 × Janus', pd?.delay_p99 / jd?.delay_p99, 0.3);
  const jm = step(janus, 200) ?? jd, pm = step(parlour, 200) ?? pd;
  row('memory a viewer', 'KB', jm?.memoryPerViewer / 1000, pm?.memoryPerViewer / 1000, '≤ 110 KB', pm?.memoryPerViewer / 1000, 110);
  const live = step(parlour, 200), recorded = parlour?.recorded;
  const cost = recorded && recorded.server_cpu / recorded.packets * recorded.seconds;
  const liveCost = live && live.server_cpu / live.packets * live.seconds;
  row('200 viewers of a recording: CPU a packet', 'µs', null, cost * 1e6, '≤ 1 × live', cost / liveCost, 1);
  return rows;
}

const number = (x) => (x === null ? '–' : x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

export function printTable(results) {
  const line = (a, b, c, d, e, f) => console.log(
    `${a.padEnd(48)}${b.padStart(10)}${c.padStart(10)}${d.padStart(9)}  ${e.padEnd(16)}${f}`);
  console.log('');
  line('', 'Janus', 'Parlour', 'value', 'must be', '');
  for (const v of results.verdicts) {
    line(`${v.what}${v.unit ? `, ${v.unit}` : ''}`, number(v.janus), number(v.parlour), number(v.value), v.rule,
      v.rule === '' ? '' : v.pass === null ? 'not measured' : v.pass ? 'pass' : 'FAIL');
  }
  console.log(`load of the machine before and after: ${results.loadBefore}, ${results.loadAfter}`);
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
    const feedback = last.feedbacks > 0 ? `${(last.feedbacks / last.viewers / last.seconds).toFixed(1)} feedbacks a second and viewer` : 'no transport-wide feedback';
    console.log(`${server.name}: ${limit}; SRTP ${last.joined.profile}, fallback ${server.fallback?.joined.profile ?? '–'}; ${feedback}`);
  }
}
