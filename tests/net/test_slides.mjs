// parlour-pipeline slides, from the outside: PDFs are written by hand here, the images are decoded again.
// Run: node test_slides.mjs PIPELINE
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [pipeline] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'parlour-slides-'));
const file = (name) => join(dir, name);

/** A PDF of objects (text, without "n 0 obj"); the first is the catalogue. `trailer` gets more entries. */
function pdf(objects, trailer = '') {
  const parts = ['%PDF-1.5\n'], at = [];
  let size = parts[0].length;
  objects.forEach((o, i) => {
    at.push(size);
    parts.push(`${i + 1} 0 obj\n${o}\nendobj\n`);
    size += Buffer.byteLength(parts.at(-1), 'latin1');
  });
  parts.push(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${at.map((n) => `${String(n).padStart(10, '0')} 00000 n \n`).join('')}` +
    `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer} >>\nstartxref\n${size}\n%%EOF\n`);
  return Buffer.from(parts.join(''), 'latin1');
}

/** A deck: each page {box, rotate?, draw}. Helvetica is /F1. */
function deck(pages, trailer, extra = []) {
  const first = 4 + extra.length, kids = pages.map((_, i) => `${first + 2 * i} 0 R`);
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', `<< /Type /Pages /Count ${pages.length} /Kids [${kids.join(' ')}] >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>', ...extra];
  pages.forEach((p, i) => {
    objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [${p.box.join(' ')}] ${p.rotate ? `/Rotate ${p.rotate}` : ''} ${p.more ?? ''} ` +
      `/Resources << /Font << /F1 3 0 R >> ${p.resources ?? ''} >> /Contents ${first + 2 * i + 1} 0 R >>`);
    objects.push(`<< /Length ${p.draw.length} >>\nstream\n${p.draw}\nendstream`);
  });
  return pdf(objects, trailer);
}

const words = (x, y, size, text) => `BT /F1 ${size} Tf ${x} ${y} Td (${text}) Tj ET`;
const patch = (x, y, w, h, r, g, b) => `${r} ${g} ${b} rg ${x} ${y} ${w} ${h} re f 0 g`;

function slides(name, ...more) {
  const out = file(`${name}.slides`);
  const r = spawnSync(pipeline, ['slides', file(name), '--out', out, ...more], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 180000 });
  const lines = r.stdout.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));
  return { out, code: r.status, lines, last: lines.at(-1), stderr: r.stderr };
}
const json = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'));

/** The colour at a share of the picture. */
function colour(image, width, height, x, y) {
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', image, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], { maxBuffer: 1 << 26 });
  assert.equal(raw.length, width * height * 3, `${image}: the size that the index says`);
  const at = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
  return [...raw.subarray(at, at + 3)];
}
const near = (seen, wanted, tolerance = 3) => seen.forEach((v, i) => assert.ok(Math.abs(v - wanted[i]) <= tolerance, `${seen}, not ${wanted}`));

const tests = {
  'pages become sharp pictures and their words, landscape, portrait and turned'() {
    writeFileSync(file('deck.pdf'), deck([
      { box: [0, 0, 720, 405], draw: `${words(72, 330, 36, 'Quarterly results')} ${words(72, 290, 18, 'Revenue \\(EUR\\)')} ${patch(0, 0, 360, 200, 1, 0, 0)}` },
      { box: [0, 0, 595, 842], draw: `${words(100, 700, 24, 'Upright')} ${patch(0, 0, 595, 100, 0, 0, 1)}` },
      { box: [0, 0, 600, 300], rotate: 90, draw: `${words(50, 250, 24, 'Turned')} ${patch(0, 0, 100, 100, 0, 1, 0)}` },
      { box: [100, 100, 820, 505], draw: words(120, 480, 12, 'Moved') },
    ]));
    const { out, code, lines, last, stderr } = slides('deck.pdf');
    assert.equal(code, 0, stderr);
    assert.equal(lines[0].event, 'started');
    assert.equal(last.event, 'ready');
    const index = json(out, 'index.json');
    assert.deepEqual(index, { version: 1, title: 'deck', pages: [
      { image: 'page-1.webp', width: 1920, height: 1080, text: 'page-1.json' },
      { image: 'page-2.webp', width: 1587, height: 2245, text: 'page-2.json' },
      { image: 'page-3.webp', width: 800, height: 1600, text: 'page-3.json' },
      { image: 'page-4.webp', width: 1920, height: 1080, text: 'page-4.json' }] });
    const [first, second, third, fourth] = index.pages.map((p) => ({ ...p, path: join(out, p.image), ...json(out, p.text) }));
    near(colour(first.path, 1920, 1080, 0.25, 0.9), [255, 0, 0]);
    near(colour(first.path, 1920, 1080, 0.75, 0.9), [255, 255, 255]);
    near(colour(second.path, 1587, 2245, 0.5, 0.97), [0, 0, 255]);
    near(colour(third.path, 800, 1600, 0.1, 0.05), [0, 255, 0]); // clockwise: the lower left corner is at the upper left
    assert.deepEqual(first.lines.map((l) => l.text), ['Quarterly results', 'Revenue (EUR)']);
    const line = first.lines[0];
    near([line.x, line.y, line.w, line.h], [0.1, 0.13, 0.4, 0.08], 0.06);
    assert.deepEqual(second.lines.map((l) => l.text), ['Upright']);
    assert.deepEqual(third.lines.map((l) => l.text), ['Turned']);
    const turned = third.lines[0]; // it runs downward near the right edge
    assert.ok(turned.h > turned.w && turned.x > 0.7 && turned.y < 0.2, JSON.stringify(turned));
    near([fourth.lines[0].x, fourth.lines[0].y], [20 / 720, 20 / 405], 0.03);
    assert.ok(readdirSync(out).length === 9 && readFileSync(first.path).length < 100_000);
    assert.equal(slides('deck.pdf', '--title', 'Né & "q"').code, 0, 'slides are replaced by slides');
    assert.equal(json(out, 'index.json').title, 'Né & "q"');
  },
  'what cannot be shown is refused in words and leaves nothing behind'() {
    const good = deck([{ box: [0, 0, 720, 405], draw: words(10, 10, 12, 'x') }]);
    writeFileSync(file('empty.pdf'), '');
    writeFileSync(file('letter.pdf'), 'Dear customer, this is a letter.\n'.repeat(100));
    writeFileSync(file('header.pdf'), '%PDF-1.7\n');
    writeFileSync(file('cut.pdf'), good.subarray(0, 150));
    writeFileSync(file('no-pages.pdf'), deck([]));
    writeFileSync(file('many.pdf'), deck(Array.from({ length: 501 }, () => ({ box: [0, 0, 10, 10], draw: ' ' }))));
    const hex = (c) => `<${c.repeat(32)}>`;
    writeFileSync(file('locked.pdf'), deck([{ box: [0, 0, 100, 100], draw: ' ' }],
      `/Encrypt << /Filter /Standard /V 1 /R 2 /O ${hex('ab')} /U ${hex('cd')} /P -44 >> /ID [${hex('00')} ${hex('00')}]`));
    const wrong = {
      'empty.pdf': ['empty', /empty/], 'letter.pdf': ['not_a_pdf', /not a PDF/], 'header.pdf': ['not_a_pdf', /damaged/],
      'cut.pdf': [/not_a_pdf|no_pages/, /damaged|no pages/], 'no-pages.pdf': [/no_pages|not_a_pdf/, /no pages|damaged/], 'many.pdf': ['too_many_pages', /501/],
      'locked.pdf': ['protected', /password/], 'missing.pdf': ['no_file', /cannot be opened/],
    };
    for (const [name, [reason, sentence]] of Object.entries(wrong)) {
      const { out, code, last, stderr } = slides(name);
      assert.deepEqual([name, code, last?.event], [name, 1, 'failed'], JSON.stringify(last));
      if (reason instanceof RegExp) assert.match(last.reason, reason);
      else assert.deepEqual([name, last.reason], [name, reason]);
      assert.match(last.message, sentence);
      assert.ok(stderr.includes(last.message));
      assert.ok(!existsSync(out));
    }
    mkdirSync(file('taken'));
    writeFileSync(file('taken/letters'), '');
    writeFileSync(file('good.pdf'), good);
    const r = spawnSync(pipeline, ['slides', file('good.pdf'), '--out', file('taken')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    assert.match(r.stdout, /out_exists/);
    assert.ok(!readdirSync(dir).some((name) => name.endsWith('.part')));
    assert.equal(spawnSync(pipeline, ['slides', file('good.pdf')], { stdio: 'ignore' }).status, 2);
  },
  'a page of any size is brought to the size of a screen, and a bomb ends in words'() {
    writeFileSync(file('huge.pdf'), deck([
      { box: [0, 0, 1e9, 1e6], draw: patch(0, 0, 5e8, 1e6, 1, 0, 0) },
      { box: [0, 0, 14400, 14400], more: '/UserUnit 1000', draw: ' ' }]));
    const { out, code, last } = slides('huge.pdf');
    assert.equal(code, 0, JSON.stringify(last));
    for (const page of json(out, 'index.json').pages) assert.ok(Math.max(page.width, page.height) === 2560 && Math.min(page.width, page.height) >= 16, JSON.stringify(page));
    // ten thousand million pixels of one colour in a few bytes
    const image = '<< /Type /XObject /Subtype /Image /Width 100000 /Height 100000 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Length 1 >>\nstream\n0\nendstream';
    writeFileSync(file('bomb.pdf'), deck([{ box: [0, 0, 720, 405], resources: '/XObject << /I 4 0 R >>', draw: 'q 720 0 0 405 0 0 cm /I Do Q' }], '', [image]));
    const bomb = slides('bomb.pdf');
    assert.ok(bomb.code === 0 || bomb.last.event === 'failed', JSON.stringify(bomb.last));
    assert.ok(!readdirSync(dir).some((name) => name.endsWith('.part')));
  },
  async 'a job ends when it is told to'() {
    writeFileSync(file('long.pdf'), deck(Array.from({ length: 400 }, (_, i) => ({ box: [0, 0, 960, 540], draw: words(50, 300, 60, `Page ${i}`) }))));
    const job = spawn(pipeline, ['slides', file('long.pdf'), '--out', file('stopped')], { stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    const ended = new Promise((done) => job.on('exit', done));
    await new Promise((seen) => job.stdout.on('data', (d) => { text += d; if (text.includes('"progress"')) seen(); }));
    job.stdin.write('{"command":"stop"}\n');
    assert.equal(await ended, 1);
    assert.match(text, /"stopped"/);
    assert.ok(!existsSync(file('stopped')) && !readdirSync(dir).some((name) => name.endsWith('.part')));
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  const started = Date.now();
  try {
    await test();
    console.log(`ok ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`not ok ${name}\n${error.stack}`);
  }
}
if (failed) console.log(dir);
else rmSync(dir, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
