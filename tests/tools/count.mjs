// Turns the log of one test command into "PASSED FAILED SKIPPED" for ./dev.
//   node count.mjs READER LOG EXIT_CODE
// READER is meson:testlog.json, vitest:report.json, tap, or exit. A command that fails (or
// says nothing at all) without naming a failed test counts as one failure.
import { readFileSync } from 'node:fs';

const [reader, log, exitCode] = process.argv.slice(2);
const rc = Number(exitCode);
const text = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
const matches = (s, re) => [...s.matchAll(re)].length;

// The summary of node:test, as TAP or as its own report; null when there is none.
function nodeTests(output) {
  const number = (word) => Number(new RegExp(`^(?:#|ℹ) ${word} (\\d+)`, 'm').exec(output)?.[1] ?? 0);
  if (!/^(?:#|ℹ) tests \d+/m.test(output)) return null;
  return { passed: number('pass'), failed: number('fail') + number('cancelled'),
    skipped: number('skipped') + number('todo') };
}

// cmocka prints a line for each test; any other program is one test.
function programTests(entry) {
  const output = `${entry.stdout ?? ''}\n${entry.stderr ?? ''}`;
  const n = {
    passed: matches(output, /^\[ {7}OK \]/gm),
    failed: matches(output, /^\[ {2}(?:FAILED|ERROR) {2}\] (?!\d+ test)/gm),
    skipped: matches(output, /^\[ {2}SKIPPED \] (?!\d+ test)/gm),
  };
  // cmocka names each failed test twice: as it happens and in the summary.
  const summary = /^\[ {2}FAILED {2}\] (\d+) test/m.exec(output);
  if (summary) n.failed = Number(summary[1]);
  const skips = /^\[ {2}SKIPPED \] (\d+) test/m.exec(output);
  if (skips) n.skipped = Number(skips[1]);
  const tap = nodeTests(output);
  if (tap) Object.assign(n, tap);
  const ok = entry.result === 'OK' || entry.result === 'EXPECTEDFAIL';
  const skip = entry.result === 'SKIP';
  if (n.passed + n.failed + n.skipped === 0) {
    return { passed: ok ? 1 : 0, failed: ok || skip ? 0 : 1, skipped: skip ? 1 : 0 };
  }
  if (!ok && !skip && n.failed === 0) n.failed = 1; // crashed, timed out, or a sanitizer spoke
  return n;
}

function add(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

function read() {
  const none = { passed: 0, failed: 0, skipped: 0 };
  const [kind, path] = reader.split(/:(.*)/s);
  switch (kind) {
    case 'meson':
      return text(path).split('\n').filter(Boolean)
        .map((line) => programTests(JSON.parse(line))).reduce(add, none);
    case 'vitest': {
      const report = JSON.parse(text(path) || '{}');
      return {
        passed: report.numPassedTests ?? 0,
        failed: (report.numFailedTests ?? 0) +
          (report.testResults ?? []).filter((f) => f.status === 'failed' && f.assertionResults.length === 0).length,
        skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
      };
    }
    case 'tap':
      return nodeTests(text(log)) ?? none;
    case 'exit':
      return { ...none, passed: rc === 0 ? 1 : 0 };
    default:
      throw new Error(`unknown reader ${kind}`);
  }
}

const n = read();
if (n.failed === 0 && (rc !== 0 || n.passed + n.skipped === 0)) n.failed = 1;
console.log(`${n.passed} ${n.failed} ${n.skipped}`);
