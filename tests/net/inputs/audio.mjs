// Sound as it comes from life, captions, chapters and storyboards, and what each must become.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const near = (what, value, wanted, tolerance) => assert.ok(Math.abs(value - wanted) <= tolerance, `${what} is ${value}, not ${wanted} ± ${tolerance}`);

/** EBU R 128 by ffmpeg: integrated loudness and true peak. */
async function loudness(file) {
  const { stderr } = await exec('ffmpeg', ['-hide_banner', '-nostats', '-i', file, '-vn', '-af', 'ebur128=peak=true:framelog=verbose', '-f', 'null', '-'], { maxBuffer: 1 << 26 });
  const last = stderr.slice(stderr.lastIndexOf('Summary:'));
  return { lufs: Number(/I:\s+(\S+) LUFS/.exec(last)[1]), peak: Number(/Peak:\s+(\S+) dBFS/.exec(last)[1]) };
}

/** Sound with the rhythm of speech. `gain` in dB of full scale. */
const speech = (gain, hertz = 400) => `${10 ** (gain / 20)}*sin(2*PI*${hertz}*t)*(0.3+0.7*gt(sin(2*PI*2.3*t),-0.3))`;
const aeval = (exprs, { seconds = 4, rate = 48000, layout } = {}) => `aevalsrc=exprs='${[exprs].flat().join('|')}':s=${rate}:d=${seconds}${layout ? `:c=${layout}` : ''}`;
const PICTURE = (seconds = 4) => ['-f', 'lavfi', '-i', `color=c=gray:s=128x96:r=10:d=${seconds}`];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

/** A film whose sound is `source` (lavfi) as `codec` says, in a container of `suffix`. */
const heard = (source, suffix, codec, { seconds = 4, more = [] } = {}) => async (f, t) => {
  await t.ffmpeg(...PICTURE(seconds), '-f', 'lavfi', '-i', source, ...H264, ...codec, ...more, `${f}.${suffix}`);
  return `${f}.${suffix}`;
};

const SPEEDS = [50, 75, 100, 125, 150, 200];

/** Every speed and the AAC are as loud as they should be, and the manifest says what was done. */
const loud = (lufs = -16, { tolerance = 1, speeds = [100], gain } = {}) => async ({ out, manifest, dump }) => {
  assert.deepEqual(manifest.rungs.filter((r) => r.kind === 'audio').map((r) => r.speed).sort((a, b) => a - b), SPEEDS);
  for (const speed of speeds) {
    dump(out, `audio-${speed}.rung`, `${out}-${speed}.ogg`);
    const seen = await loudness(`${out}-${speed}.ogg`);
    near(`loudness at ${speed} %`, seen.lufs, lufs, tolerance + (speed === 100 ? 0 : 0.5));
    assert.ok(seen.peak <= -1, `true peak at ${speed} %: ${seen.peak} dBTP`);
  }
  const aac = await loudness(join(out, 'hls-audio.mp4'));
  near('loudness of the AAC', aac.lufs, lufs, tolerance);
  assert.ok(aac.peak <= -1, `true peak of the AAC: ${aac.peak} dBTP`);
  if (gain !== undefined) near('gain', manifest.loudness.gain_db, gain, 0.5);
};

/** How strong a tone is in the sound at 100 %, in dB of full scale. */
async function tone({ out, dump, tools }, hertz) {
  dump(out, 'audio-100.rung', `${out}-tone.ogg`);
  const pcm = await tools.samples(`${out}-tone.ogg`);
  const from = 24000, n = Math.min(96000, pcm.length - from);
  let re = 0, im = 0;
  for (let i = 0; i < n; i++) {
    re += pcm[from + i] * Math.cos((2 * Math.PI * hertz * i) / 48000);
    im += pcm[from + i] * Math.sin((2 * Math.PI * hertz * i) / 48000);
  }
  return 20 * Math.log10((2 * Math.hypot(re, im)) / n + 1e-9);
}

/** A row of one codec: found, and as loud as all. */
const codec = (name, suffix, encoder, source = aeval(Array(2).fill(speech(-20))), options = {}) => ({
  name: `sound: ${name}`, make: heard(source, suffix, encoder, options), expect: { duration: [4, 0.15] }, check: loud(),
});

/** A film with flash and beep whose parts are put together by `args` of ffmpeg. */
const together = (suffix, args, what = {}) => async (f, t) => {
  await t.film(`${f}-whole.mkv`, { audio: ['-c:a', 'pcm_s16le'], ...what });
  await t.ffmpeg(...(typeof args === 'function' ? args(`${f}-whole.mkv`) : args), `${f}.${suffix}`);
  return `${f}.${suffix}`;
};

const captionsOf = (out, lang) => readFileSync(join(out, `captions-${lang}.vtt`), 'utf8');
const SRT = '1\r\n00:00:00,500 --> 00:00:01,500\r\nHello <i>you</i>\r\n\r\n2\r\n00:00:02,000 --> 00:00:03,000\r\n{\\an8}Grüße & Küsse\r\n';
const WANTED = 'WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nHello <i>you</i>\n\n00:00:02.000 --> 00:00:03.000\nGrüße &amp; Küsse\n';
const META = ';FFMETADATA1\n' + [[0, 1500, 'Intro'], [1500, 4000, 'The rést']].map(([a, b, title]) => `[CHAPTER]\nTIMEBASE=1/1000\nSTART=${a}\nEND=${b}\ntitle=${title}\n`).join('');
const CHAPTERS = [{ t: 0, title: 'Intro' }, { t: 1.5, title: 'The rést' }];

/** A film with streams of captions. */
const captioned = (suffix, codecOfText, langs, more = []) => async (f, t) => {
  writeFileSync(`${f}.srt`, SRT);
  await t.ffmpeg(...PICTURE(), '-f', 'lavfi', '-i', aeval(speech(-20)), ...langs.flatMap(() => ['-i', `${f}.srt`]), '-map', 0, '-map', 1, ...langs.flatMap((_, i) => ['-map', 2 + i]),
    ...H264, '-c:a', 'libopus', '-strict', '-2', '-c:s', codecOfText, ...langs.flatMap((l, i) => (l ? [`-metadata:s:s:${i}`, `language=${l}`] : [])), ...more, `${f}.${suffix}`);
  return `${f}.${suffix}`;
};
const withCaptions = (name, bytes, options, check) => ({
  name: `captions: ${name}`,
  make: async (f, t) => { writeFileSync(`${f}.captions`, bytes); return heard(aeval(speech(-20)), 'mp4', ['-c:a', 'aac'])(f, t); },
  optionsFor: options, expect: {}, check,
});
const chaptered = (suffix) => async (f, t) => {
  writeFileSync(`${f}.meta`, META);
  await t.ffmpeg(...PICTURE(), '-i', `${f}.meta`, '-map', 0, '-map_metadata', 1, '-map_chapters', 1, ...H264, `${f}.${suffix}`);
  return `${f}.${suffix}`;
};

/** Rows with captions name their file by the input's: they compile by themselves. */
const asRun = ({ name, make, optionsFor, check }) => ({
  name,
  run: async ({ compile, dir, tools }) => {
    const input = await make(join(dir, 'in'), tools), out = join(dir, 'out');
    const { last, stderr } = await compile(input, out, optionsFor(join(dir, 'in.captions'), dir));
    await check({ out, last, stderr, manifest: existsSync(out) ? JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) : null });
  },
});

const C51 = ['0', '0', speech(-20, 500), '0', '0', '0']; // front left and right, centre, LFE, back
const TITLE = ['--title', 'A talk about sound'];
const click = '0.02*sin(2*PI*300*t)+0.9*lt(mod(t,0.5),0.0005)';

export const rows = [
  { ...codec('AAC, at every speed', 'mp4', ['-c:a', 'aac']), check: loud(-16, { speeds: SPEEDS }) },
  codec('MP3 in avi', 'avi', ['-c:a', 'libmp3lame']),
  codec('MP3 in mp4', 'mp4', ['-c:a', 'libmp3lame']),
  codec('Opus in webm', 'mkv', ['-c:a', 'libopus']),
  codec('Vorbis in mkv', 'mkv', ['-c:a', 'libvorbis']),
  codec('FLAC at 96 kHz', 'mkv', ['-c:a', 'flac', '-strict', '-2'], aeval(Array(2).fill(speech(-20)), { rate: 96000 })),
  codec('24-bit PCM in mov', 'mov', ['-c:a', 'pcm_s24le']),
  codec('8-bit PCM at 8 kHz, mono, in avi', 'avi', ['-c:a', 'pcm_u8'], aeval(speech(-14), { rate: 8000 })),
  codec('PCM of floats, louder than full scale', 'mkv', ['-c:a', 'pcm_f32le'], aeval(Array(2).fill(speech(+6)))),
  codec('MP2 in a transport stream', 'ts', ['-c:a', 'mp2']),
  codec('mono AAC', 'mp4', ['-c:a', 'aac'], aeval(speech(-20))),
  { ...codec('AC-3 5.1 with speech in the centre alone', 'ts', ['-c:a', 'ac3', '-b:a', '384k'], aeval(C51, { layout: '5.1' })),
    check: async (r) => { await loud()(r); assert.ok(await tone(r, 500) > -25, `the speech is at ${await tone(r, 500)} dB`); } },
  { ...codec('AAC 5.1 with speech in the centre alone', 'mp4', ['-c:a', 'aac', '-b:a', '256k'], aeval(C51, { layout: '5.1' })),
    check: async (r) => { await loud()(r); assert.ok(await tone(r, 500) > -25, `the speech is at ${await tone(r, 500)} dB`); } },
  codec('7.1 PCM with speech in the centre alone', 'mkv', ['-c:a', 'pcm_s16le'], aeval(['0', '0', speech(-20, 500), '0', '0', '0', '0', '0'], { layout: '7.1' })),
  codec('six channels of no layout', 'mov', ['-c:a', 'pcm_s16le'], aeval([speech(-20), speech(-20), speech(-20), '0', '0', '0'])),
  { name: 'sound: none at all', make: async (f, t) => { await t.ffmpeg(...PICTURE(), ...H264, `${f}.mp4`); return `${f}.mp4`; }, expect: { duration: 4 },
    check: ({ manifest, out }) => {
      assert.ok(manifest.rungs.every((r) => r.kind === 'video') && !manifest.loudness);
      assert.ok(!existsSync(join(out, 'hls-audio.mp4')));
    } },
  { name: 'sound: of two tracks the first', expect: {},
    make: async (f, t) => {
      await t.ffmpeg(...PICTURE(), '-f', 'lavfi', '-i', aeval(speech(-20, 440)), '-f', 'lavfi', '-i', aeval(speech(-20, 3000)), '-map', 0, '-map', 1, '-map', 2, ...H264, '-c:a', 'aac', '-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=ger', `${f}.mkv`);
      return `${f}.mkv`;
    },
    check: async (r) => { await loud()(r); assert.ok(await tone(r, 440) > -25 && await tone(r, 3000) < -50, `${await tone(r, 440)} and ${await tone(r, 3000)} dB`); } },
  { name: 'loudness: whispers are raised', make: heard(aeval(Array(2).fill(speech(-34))), 'mp4', ['-c:a', 'aac']), expect: {}, check: loud() },
  { name: 'loudness: what is too loud is lowered', make: heard(aeval(Array(2).fill(speech(-0.5))), 'mp4', ['-c:a', 'aac']), expect: {}, check: loud() },
  { name: 'loudness: peaks are limited, not clipped', make: heard(aeval(Array(2).fill(click), { seconds: 6 }), 'mkv', ['-c:a', 'flac'], { seconds: 6 }), expect: {},
    check: async ({ out, manifest, dump }) => {
      assert.ok(manifest.loudness.gain_db > 6, JSON.stringify(manifest.loudness));
      dump(out, 'audio-100.rung', `${out}-100.ogg`);
      for (const file of [`${out}-100.ogg`, join(out, 'hls-audio.mp4')]) {
        const { peak } = await loudness(file);
        assert.ok(peak <= -1, `${file}: ${peak} dBTP`);
      }
    } },
  { name: 'loudness: silence stays silence', make: heard('anullsrc=r=48000:cl=stereo,atrim=duration=4', 'mp4', ['-c:a', 'aac']), expect: {},
    check: async ({ out, manifest, dump, tools }) => {
      assert.equal(manifest.loudness.gain_db, 0);
      dump(out, 'audio-100.rung', `${out}-100.ogg`);
      assert.ok((await tools.samples(`${out}-100.ogg`)).every((v) => Math.abs(v) < 0.001));
    } },
  { name: 'loudness: the noise of a quiet room is not raised', make: heard('anoisesrc=r=48000:a=0.0006:d=4:seed=1', 'mkv', ['-c:a', 'flac']), expect: {},
    check: ({ manifest }) => assert.ok(manifest.loudness.measured_lufs < -60 && Math.abs(manifest.loudness.gain_db) < 0.01, JSON.stringify(manifest.loudness)) },
  { name: 'loudness: what is shorter than can be measured is left alone', make: heard(aeval(speech(-20), { seconds: 0.3 }), 'mkv', ['-c:a', 'flac'], { seconds: 1 }), expect: {},
    check: ({ manifest }) => assert.equal(manifest.loudness.gain_db, 0) },
  { name: 'sync: AAC in mp4 with an edit list for its run-in', make: together('mp4', (f) => ['-i', f, '-c:v', 'copy', '-c:a', 'aac']), expect: { duration: 3, sync: 20, flashes: 3 } },
  { name: 'sync: sound that begins late', expect: { duration: [3, 0.15], sync: 20, flashes: 3 },
    make: together('mkv', (f) => ['-i', f, '-itsoffset', '1', '-ss', '1', '-i', f, '-map', '0:v', '-map', '1:a', '-c:v', 'copy', '-c:a', 'libopus']) },
  { name: 'sync: a hole in the sound', expect: { duration: [4, 0.15], sync: 20, flashes: 4 },
    make: together('mkv', (f) => ['-i', f, '-c:v', 'copy', '-c:a', 'pcm_s16le', '-bsf:a', "noise=drop='between(pts*tb\\,1.2\\,1.8)'"], { seconds: 4 }) },
  { name: 'sync: times that tremble', expect: { duration: [4, 0.15], sync: 20, flashes: 4 },
    make: together('mkv', (f) => ['-i', f, '-c:v', 'copy', '-c:a', 'mp2', '-bsf:a', 'setts=ts=TS+round(8*sin(N*1.7))'], { seconds: 4 }) },
  { name: 'sync: a clock that runs a little fast', expect: { sync: 25, flashes: 8 }, // 0.2 %: 16 ms in 8 s, put right in steps
    make: together('mkv', (f) => ['-i', f, '-c:v', 'copy', '-filter:a', 'asetrate=48096,aresample=48000', '-c:a', 'pcm_s16le', '-bsf:a', 'setts=ts=TS*1.002'], { seconds: 8 }) },
  { name: 'sync: a transport stream that starts in the middle of a day', expect: { duration: [3, 0.2], sync: 25, flashes: 3 }, // the picture begins 21 ms late and is held
    make: together('ts', (f) => ['-i', f, '-c:v', 'copy', '-c:a', 'aac', '-output_ts_offset', '40000', '-muxdelay', '0'], { fps: 50 }) },
  { name: 'duration: sound longer than its picture', expect: { duration: [5, 0.1] },
    make: async (f, t) => { await t.ffmpeg(...PICTURE(3), '-f', 'lavfi', '-i', aeval(speech(-20), { seconds: 5 }), ...H264, '-c:a', 'aac', `${f}.mp4`); return `${f}.mp4`; } },

  { name: 'sound alone: a card with the title', options: TITLE, expect: { duration: [4, 0.1], size: [1280, 720], fps: 5 },
    make: async (f, t) => { await t.ffmpeg('-f', 'lavfi', '-i', aeval(speech(-20)), '-c:a', 'libopus', `${f}.ogg`); return `${f}.ogg`; },
    check: async (r) => {
      await loud()(r);
      const { streams: [poster] } = await r.tools.ffprobe(join(r.out, 'poster.jpg'));
      const [card] = await r.tools.frames(join(r.out, 'poster.jpg'), poster.width, poster.height);
      let light = 0;
      for (let i = 0; i < card.length; i += 3) light += card[i] > 180 ? 1 : 0;
      assert.ok(light > 1000 && light < card.length / 3 / 10, `${light} pixels of words`);
    } },
  { name: 'sound alone: MP3 with its cover', expect: { duration: [4, 0.25], patches: [[0.5, 0.5, [255, 0, 0], 24]], fps: 5 },
    make: async (f, t) => {
      await t.ffmpeg('-f', 'lavfi', '-i', 'color=c=0xff0000:s=300x300:d=1', '-frames:v', '1', `${f}.png`);
      await t.ffmpeg('-f', 'lavfi', '-i', aeval(speech(-20)), '-i', `${f}.png`, '-map', 0, '-map', 1, '-c:a', 'libmp3lame', '-c:v', 'copy', '-id3v2_version', 3, '-disposition:v', 'attached_pic', `${f}.mp3`);
      return `${f}.mp3`;
    }, check: loud() },
  { name: 'sound alone: m4a with a poster given', expect: { duration: [4, 0.1], size: [640, 360], patches: [[0.5, 0.5, [0, 0, 255], 24]], fps: 5 },
    options: (dir) => ['--poster', join(dir, 'given-poster.jpg')],
    make: async (f, t) => {
      await t.ffmpeg('-f', 'lavfi', '-i', 'color=c=0x0000ff:s=640x360:d=1', '-frames:v', '1', join(f, '..', 'given-poster.jpg'));
      await t.ffmpeg('-f', 'lavfi', '-i', aeval(speech(-20)), '-c:a', 'aac', `${f}.m4a`);
      return `${f}.m4a`;
    } },

  ...[
    withCaptions('SubRip with the line ends of Windows', SRT, (f) => ['--captions', f, '--lang', 'de'], ({ out, manifest }) => {
      assert.deepEqual(manifest.captions, [{ lang: 'de', label: 'Deutsch', file: 'captions-de.vtt' }]);
      assert.equal(captionsOf(out, 'de'), WANTED);
    }),
    withCaptions('SubRip in an old encoding', Buffer.from(SRT, 'latin1'), (f) => ['--captions', f, '--lang', 'de'], ({ out }) => assert.equal(captionsOf(out, 'de'), WANTED)),
    withCaptions('SubRip in UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(SRT, 'utf16le')]), (f) => ['--captions', f, '--label', 'Plain'], ({ out, manifest }) => {
      assert.equal(captionsOf(out, 'en'), WANTED);
      assert.equal(manifest.captions[0].label, 'Plain');
    }),
    withCaptions('WebVTT with a byte order mark, a note and a style', '\ufeffWEBVTT\n\nSTYLE\n::cue{}\n\nNOTE x\n\n1\n00:00.500 --> 00:01.500\nHello <i>you</i>\n\n00:02.000 --> 00:03.000\nGrüße &amp; Küsse\n',
      (f) => ['--captions', f, '--lang', 'en'], ({ out }) => assert.equal(captionsOf(out, 'en'), WANTED)),
    withCaptions('a letter is none', 'Dear customer\n', (f) => ['--captions', f, '--lang', 'en'], ({ out, last }) => {
      assert.deepEqual([last.event, last.reason], ['failed', 'bad_captions']);
      assert.ok(!existsSync(out));
    }),
    { ...withCaptions('those given come before those in the file', '1\n00:00:00,500 --> 00:00:01,500\nGiven\n', (f) => ['--captions', f, '--lang', 'en'], ({ out, manifest }) => {
      assert.deepEqual(manifest.captions.map((c) => c.lang), ['en', 'de']);
      assert.match(captionsOf(out, 'en'), /Given/);
      assert.match(captionsOf(out, 'de'), /Küsse/);
    }), make: async (f, t) => { writeFileSync(`${f}.captions`, '1\n00:00:00,500 --> 00:00:01,500\nGiven\n'); return captioned('mkv', 'srt', ['eng', 'ger'])(f, t); } },
  ].map(asRun),
  { name: 'captions: SubRip streams in mkv, in their languages', make: captioned('mkv', 'srt', ['ger', 'fre', '']), expect: {},
    check: ({ out, manifest }) => {
      assert.deepEqual(manifest.captions.map((c) => [c.lang, c.label]), [['de', 'Deutsch'], ['fr', 'Français'], ['und', 'und']]);
      assert.equal(captionsOf(out, 'fr').replaceAll(/\.5[0-3]\d/g, '.500').replaceAll(/\.0[0-3]\d/g, '.000'), WANTED);
    } },
  { name: 'captions: timed text in mp4', make: captioned('mp4', 'mov_text', ['ger']), expect: {},
    check: ({ out, manifest }) => {
      assert.deepEqual(manifest.captions.map((c) => c.lang), ['de']);
      assert.equal(captionsOf(out, 'de'), WANTED.replaceAll(/<.?i>/g, ''));
    } },
  { name: 'captions: ASS in mkv', make: captioned('mkv', 'ass', ['spa']), expect: {},
    check: ({ out, manifest }) => {
      assert.deepEqual(manifest.captions.map((c) => c.lang), ['es']);
      assert.match(captionsOf(out, 'es'), /Hello (<i>)?you[^]*Grüße &amp; Küsse/);
      assert.doesNotMatch(captionsOf(out, 'es'), /Dialogue|\{|Default/);
    } },
  ...['mp4', 'mov', 'mkv'].map((suffix) => ({ name: `chapters: of ${suffix}`, make: chaptered(suffix), expect: { duration: 4 }, check: ({ manifest }) => assert.deepEqual([manifest.chapters, manifest.captions], [CHAPTERS, []]) })),
  { name: 'chapters: given ones come first', make: chaptered('mp4'), expect: {},
    options: (dir) => { writeFileSync(join(dir, 'given-chapters.json'), '[{"t":2,"title":"B"},{"t":0,"title":"A"},{"t":99,"title":"Late"}]'); return ['--chapters', join(dir, 'given-chapters.json')]; },
    check: ({ manifest }) => assert.deepEqual(manifest.chapters, [{ t: 0, title: 'A' }, { t: 2, title: 'B' }]) },
  { name: 'storyboard: a thumbnail every two seconds, where the table says', expect: {},
    make: async (f, t) => {
      await t.ffmpeg('-f', 'lavfi', '-i', "color=c=black:s=320x180:r=10:d=13,format=gbrp,geq=r='255*lt(T,2)':g='255*gte(T,6)*lt(T,8)':b='255*gte(T,12)'", ...H264, `${f}.mp4`);
      return `${f}.mp4`;
    },
    check: async ({ out, manifest, tools }) => {
      assert.equal(manifest.storyboard, 'storyboard.vtt');
      const table = readFileSync(join(out, 'storyboard.vtt'), 'utf8');
      const cues = [...table.matchAll(/(\S+) --> (\S+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/g)];
      assert.equal(cues.length, 7);
      const { streams: [sheet] } = await tools.ffprobe(join(out, 'storyboard-0.jpg'));
      const [pixels] = await tools.frames(join(out, 'storyboard-0.jpg'), sheet.width, sheet.height);
      cues.forEach(([, from, , file, ...box], i) => {
        const [x, y, w, h] = box.map(Number);
        assert.equal(file, 'storyboard-0.jpg');
        assert.equal(from, `00:00:${String(2 * i).padStart(2, '0')}.000`);
        assert.ok(x + w <= sheet.width && y + h <= sheet.height && w === 160 && h === 90);
        const seen = tools.colourAt(pixels, sheet.width, sheet.height, (x + w / 2) / sheet.width, (y + h / 2) / sheet.height);
        const lit = { 0: 0, 3: 1, 6: 2 }[i];
        seen.forEach((v, c) => assert.ok(c === lit ? v > 180 : v < 60, `thumbnail ${i} is ${seen}`));
      });
      assert.match(cues.at(-1)[2], /00:00:1[23]\.\d+/);
    } },
];
