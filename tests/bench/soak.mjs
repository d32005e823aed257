// tests/bench/soak.mjs: 300 viewers for an hour while some leave and others come: memory must stay flat and no file
// may be left open.
const VIEWERS = 300;
const CHURN = 30; // who leave and come each round
const ROUND = 10; // seconds

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

export async function benchSoak(load, empty, minutes) {
  await load.ask(`join ${VIEWERS} 50`);
  const samples = [];
  const rounds = Math.max(8, Math.round(minutes * 60 / ROUND));
  let failed = 0, missing = 0;
  for (let i = 0; i < rounds; i++) {
    await load.ask(`leave ${CHURN}`);
    failed += (await load.ask(`join ${CHURN} 20`)).failed;
    const m = await load.ask(`measure ${ROUND - CHURN / 20}`);
    missing = Math.max(missing, m.loss);
    const { rss, files } = await load.ask('rss');
    samples.push({ rss, files, loss: m.loss, cpu: m.server_cpu });
    if (i % 30 === 0) {
      console.error(`soak: minute ${(i * ROUND / 60).toFixed(0)}, ${(rss / 1e6).toFixed(1)} MB, ${files} files, ` +
        `${(m.loss * 100).toFixed(3)} % lost, ${failed} joins failed`);
    }
  }
  await load.ask('leave');
  await load.ask('wait 3');
  const left = await load.ask('rss');
  const quarter = Math.floor(samples.length / 4);
  // The first quarter fills pools and heaps; after it nothing may grow.
  const early = median(samples.slice(quarter, 2 * quarter).map((s) => s.rss));
  const late = median(samples.slice(-quarter).map((s) => s.rss));
  return {
    minutes, rounds, failed, worstLoss: missing, samples, early, late,
    growth: late / early - 1,
    filesLeft: left.files - empty.files,
  };
}
