// Files that nobody thinks of until a customer sends one. Row format: run.mjs.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const GREY = [80, 80, 80];
const PATCHES = [[0.125, 0.16, [255, 0, 0], 28], [0.375, 0.16, [0, 255, 0], 28], [0.625, 0.16, [0, 0, 255], 28], [0.875, 0.16, GREY, 10]];
const SEEN = { duration: [2, 0.15], size: [320, 180], patches: PATCHES, sync: 40, flashes: 2 };
const film = (suffix, how = {}) => async (f, t) => {
  await t.film(`${f}.${suffix}`, { seconds: 2, ...how });
  return `${f}.${suffix}`;
};
/** The known picture and sound, then put together anew by `args` of ffmpeg. */
const again = (suffix, args, how = {}) => async (f, t) => {
  await t.film(`${f}-0.mkv`, { seconds: 2, audio: ['-c:a', 'pcm_s16le'], ...how });
  await t.ffmpeg(...args(`${f}-0.mkv`, f), `${f}.${suffix}`);
  return `${f}.${suffix}`;
};
const sound = (suffix, source, codec) => async (f, t) => {
  await t.ffmpeg('-f', 'lavfi', '-i', source, ...codec, `${f}.${suffix}`);
  return `${f}.${suffix}`;
};

/** Where a box is inside others, by its path of types. */
function findBox(bytes, path, from = 0, to = bytes.length) {
  const SKIP = { meta: 12, stsd: 16, hvc1: 86, mp4a: 36 };
  for (let at = from; at + 8 <= to;) {
    const size = bytes.readUInt32BE(at), type = bytes.toString('latin1', at + 4, at + 8);
    if (size < 8) return null;
    if (type === path[0]) {
      const rest = path.length > 1 ? findBox(bytes, path.slice(1), at + (SKIP[type] ?? 8), at + size) : [];
      if (rest) return [at, ...rest];
    }
    at += size;
  }
  return null;
}
/** Puts a box at the end of another; all boxes around it grow. The media data must lie before them. */
function insertBox(bytes, path, type, payload) {
  const at = findBox(bytes, path);
  assert.ok(at, `${path}`);
  const end = at.at(-1) + bytes.readUInt32BE(at.at(-1)), head = Buffer.alloc(8);
  head.writeUInt32BE(8 + payload.length);
  head.write(type, 4, 'latin1');
  for (const p of at) bytes.writeUInt32BE(bytes.readUInt32BE(p) + 8 + payload.length, p);
  return Buffer.concat([bytes.subarray(0, end), head, payload, bytes.subarray(end)]);
}
function turn(bytes) {
  const matrix = bytes.indexOf('tkhd') + 44;
  [0, 1, 0, -1, 0, 0].forEach((v, i) => bytes.writeInt32BE(v * 0x10000, matrix + 4 * i));
}
const TURNED = [[0.84, 0.125, [255, 0, 0], 30], [0.84, 0.375, [0, 255, 0], 30], [0.84, 0.625, [0, 0, 255], 30]];

/** How strong a tone is on each side of the sound, dB of full scale. */
async function tones({ out, dump, tools }, hertz) {
  dump(out, 'audio-100.rung', `${out}-tones.ogg`);
  const raw = await tools.ffmpegBytes('-i', `${out}-tones.ogg`, '-f', 'f32le', '-ac', 2, '-ar', 48000);
  const pcm = new Float32Array(raw.buffer, raw.byteOffset, raw.length >> 2), n = (pcm.length >> 1) - 24000;
  return [0, 1].map((side) => {
    let re = 0, im = 0;
    for (let i = 0; i < n; i++) {
      const v = pcm[2 * (i + 12000) + side];
      re += v * Math.cos((2 * Math.PI * hertz * i) / 48000);
      im += v * Math.sin((2 * Math.PI * hertz * i) / 48000);
    }
    return 20 * Math.log10((2 * Math.hypot(re, im)) / n + 1e-9);
  });
}
/** A reason, and words that a person can do something with. */
const refused = (reason, words) => ({ expect: { failed: reason }, check: ({ last }) => assert.match(last.message, words) });
const written = (suffix, bytes) => async (f) => { writeFileSync(`${f}.${suffix}`, bytes); return `${f}.${suffix}`; };
const tone = (hertz, seconds = 2, more = '') => `sine=f=${hertz}:r=48000:d=${seconds}${more}`;
const surround = (at) => `aevalsrc=exprs='${Array.from({ length: 8 }, (_, i) => (i === at ? '0.2*sin(2*PI*500*t)' : '0')).join('|')}':s=48000:d=2:c=7.1`;
const PICTURE = (seconds = 2) => ['-f', 'lavfi', '-i', `color=c=gray:s=128x96:r=10:d=${seconds}`];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

export const rows = [
  // ---- phones and cameras ----
  { name: 'a telephone: HEVC of 10 bits in HLG, turned, with Dolby metadata', make: async (f, t) => {
    await t.film(`${f}.mov`, { patches: [[191, 60, 60], [60, 191, 60], [60, 60, 191]], seconds: 2,
      video: ['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', 12, '-tag:v', 'hvc1', '-x265-params', 'log-level=none:repeat-headers=1'],
      colour: ['-vf', 'scale=out_color_matrix=bt2020:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p10le',
        '-colorspace', 'bt2020nc', '-color_primaries', 'bt2020', '-color_trc', 'arib-std-b67', '-color_range', 'tv'] });
    t.surgery(`${f}.mov`, (bytes) => {
      turn(bytes); // profile 8.4, level 5, base layer that is HLG
      const dolby = Buffer.alloc(24);
      Buffer.from([1, 0, (8 << 1) | 0, (5 << 3) | 5, 4 << 4]).copy(dolby);
      return insertBox(bytes, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'hvc1'], 'dvvC', dolby);
    });
    return `${f}.mov`;
  }, expect: { duration: [2, 0.1], size: [180, 320], source: { hdr: true, rotated: true, video_codec: 'hevc' } },
    check: async ({ out, manifest, tools }) => {
      const list = await tools.frames(`${out}/film.mp4`, manifest.width, manifest.height);
      [0.125, 0.375, 0.625].forEach((y, c) => {
        const seen = tools.colourAt(list[20], manifest.width, manifest.height, 0.84, y);
        seen.forEach((v, k) => assert.ok(k === c || seen[c] - v > 100, `patch ${c} is ${seen}`));
      });
    } },
  { name: 'a telephone: a second sound of a kind that nobody knows', make: async (f, t) => {
    await t.film(`${f}-0.mp4`, { seconds: 2 });
    await t.ffmpeg('-i', `${f}-0.mp4`, '-f', 'lavfi', '-i', tone(500), '-map', '0', '-map', '1', '-c:v', 'copy', '-c:a:0', 'copy', '-c:a:1', 'aac', `${f}.mov`);
    t.surgery(`${f}.mov`, (bytes) => { bytes.write('apac', bytes.lastIndexOf('mp4a'), 'latin1'); });
    return `${f}.mov`;
  }, expect: SEEN },
  { name: 'slow motion: 120 frames a second', make: film('mp4', { fps: 120 }), expect: { ...SEEN, fps: 30 } },
  { name: 'mov with a track of time code', make: film('mov', { more: ['-timecode', '01:00:00:00', '-write_tmcd', 1] }), expect: SEEN },
  { name: 'a camera: m2ts with AC-3, interlaced', make: film('m2ts', { fps: 50, audio: ['-c:a', 'ac3'], colour: ['-vf', 'scale=out_color_matrix=bt709:out_range=tv,tinterlace=mode=interleave_top,format=yuv420p', '-colorspace', 'bt709'], video: ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', 12, '-flags', '+ildct+ilme', '-x264opts', 'tff=1'], more: ['-mpegts_m2ts_mode', 1] }),
    expect: { ...SEEN, duration: [2, 0.2], source: { interlaced: true } } },
  { name: 'a camera: MXF, MPEG-2 4:2:2 and PCM', make: film('mxf', { colour: ['-vf', 'scale=out_color_matrix=bt709:out_range=tv,format=yuv422p', '-colorspace', 'bt709'], video: ['-c:v', 'mpeg2video', '-q:v', 2], audio: ['-c:a', 'pcm_s16le', '-ar', 48000] }), expect: SEEN },
  { name: 'a camera: DV in avi, wide pixels', make: async (f, t) => {
    await t.film(`${f}.avi`, { seconds: 1, size: '720x576', video: ['-c:v', 'dvvideo', '-aspect', '16:9'], audio: ['-c:a', 'pcm_s16le', '-ac', 2], colour: ['-vf', 'scale=out_color_matrix=bt601:out_range=tv,format=yuv420p'] });
    return `${f}.avi`;
  }, expect: { duration: [1, 0.1], size: [1024, 576], patches: PATCHES, sync: 45 } },
  { name: 'a browser: webm as it was recorded, without an index or a duration', make: async (f, t) => {
    await t.film(`${f}.webm`, { seconds: 2, video: ['-c:v', 'libvpx', '-deadline', 'realtime', '-b:v', '2M'], audio: ['-c:a', 'libopus'], colour: t.yuv('bt601'), more: ['-live', 1, '-f', 'webm'] });
    return `${f}.webm`;
  }, expect: SEEN },
  { name: 'Windows Media', make: film('wmv', { video: ['-c:v', 'wmv2', '-q:v', 2], audio: ['-c:a', 'wmav2'] }), expect: { ...SEEN, patches: undefined, duration: [2, 0.25], sync: 60 } },
  { name: 'MPEG-2 program stream with AC-3', make: film('vob', { video: ['-c:v', 'mpeg2video', '-q:v', 2], audio: ['-c:a', 'ac3'], colour: ['-vf', 'scale=out_color_matrix=bt601:out_range=tv,format=yuv420p'] }), expect: { ...SEEN, duration: [2, 0.25] } },
  { name: 'Theora in ogg', make: film('ogv', { video: ['-c:v', 'libtheora', '-q:v', 10], audio: ['-c:a', 'libvorbis'], colour: ['-vf', 'scale=out_color_matrix=bt601:out_range=tv,format=yuv420p'] }), expect: SEEN },
  { name: 'H.264 of 10 bits and 4:2:2', make: film('mov', { video: ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', 10], audio: ['-c:a', 'pcm_s24le'], colour: ['-vf', 'scale=out_color_matrix=bt709:out_range=tv,format=yuv422p10le', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'] }), expect: SEEN },
  { name: 'portrait with wide pixels', make: async (f, t) => {
    await t.film(`${f}.mp4`, { size: '240x180', seconds: 2, colour: t.yuv().map((v) => v.replace('format=', 'setsar=4/3,format=')) });
    t.surgery(`${f}.mp4`, turn);
    return `${f}.mp4`;
  }, expect: { ...SEEN, size: [180, 320], patches: TURNED, flashAt: [0.34, 0.5] } },

  // ---- times ----
  { name: 'a screen recording that stands still for two seconds, with sound', make: again('mp4', (whole) => ['-i', whole, '-vf', "select='lt(n\\,10)+gt(n\\,60)'", '-fps_mode', 'vfr', '-enc_time_base', '1/1000', ...H264, '-c:a', 'aac'], { seconds: 4 }),
    expect: { duration: [4, 0.1], patches: PATCHES }, check: async ({ out, dump, tools, manifest }) => { // at 3 s a flash again
      dump(out, manifest.rungs.find((r) => r.kind === 'video').file, `${out}-0.h264`);
      const list = await tools.frames(`${out}-0.h264`, 320, 180);
      const at = tools.flashes(list, 320, 180, list.length / 4);
      assert.ok(at.some((t) => Math.abs(t - 3) < 0.06), `flashes at ${at}`);
    } },
  { name: 'ts that starts in the middle of a group of pictures', make: async (f, t) => {
    await t.film(`${f}.ts`, { seconds: 4, more: ['-g', 20, '-muxdelay', 0] });
    t.surgery(`${f}.ts`, (bytes) => bytes.subarray(188 * Math.floor(bytes.length / 188 / 8)));
    return `${f}.ts`;
  }, expect: { duration: [3.4, 0.4], sync: 60, patches: PATCHES } },
  { name: 'the first picture is no key frame', make: again('mkv', (whole) => ['-ss', 0.6, '-i', whole, '-map', 0, '-c', 'copy', '-copyinkf'], { seconds: 3, more: ['-g', 25] }), expect: { duration: [2.5, 0.6], patches: PATCHES } },
  { name: 'avi with MP3 of a rate that varies', make: again('avi', (whole) => ['-i', whole, '-c:v', 'mpeg4', '-q:v', 2, '-c:a', 'libmp3lame', '-q:a', 4], { seconds: 4, colour: undefined }), expect: { duration: [4, 0.25], sync: 60, flashes: 4 } },
  // not mp4: qtdemux leaves out tracks of less than a fifth of the film
  { name: 'one picture and sound: it stays to the end', make: async (f, t) => {
    await t.ffmpeg('-f', 'lavfi', '-i', 'color=c=0xff0000:s=320x180:r=25:d=0.04', '-f', 'lavfi', '-i', tone(440, 5), ...H264, '-c:a', 'aac', `${f}.mkv`);
    return `${f}.mkv`;
  }, expect: { duration: [5, 0.1], patches: [[0.5, 0.5, [255, 0, 0], 24]] } },
  { name: 'sound much shorter than its picture: HLS has silence', make: async (f, t) => {
    await t.ffmpeg(...PICTURE(7), '-f', 'lavfi', '-i', tone(440, 1), ...H264, '-c:a', 'aac', `${f}.mkv`);
    return `${f}.mkv`;
  }, expect: { duration: [7, 0.1] }, check: async ({ out, tools }) => {
    const pcm = await tools.samples(join(out, 'hls-audio.mp4'));
    assert.ok(Math.abs(pcm.length / 48000 - 7) < 0.1, `${pcm.length / 48000} s`);
    assert.ok(pcm.subarray(48000 * 1.2).every((v) => Math.abs(v) < 0.001), 'silence');
  } },

  // ---- more than one stream ----
  { name: 'mkv with a font, a cover and editions of chapters', make: async (f, t) => {
    await t.film(`${f}-0.mkv`, { seconds: 2 });
    await t.ffmpeg('-f', 'lavfi', '-i', 'color=red:s=64x64', '-frames:v', 1, `${f}-cover.jpg`);
    writeFileSync(`${f}-font.ttf`, Buffer.alloc(5000, 7));
    writeFileSync(`${f}-chapters.txt`, ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n');
    await t.ffmpeg('-i', `${f}-0.mkv`, '-i', `${f}-chapters.txt`, '-map', 0, '-map_chapters', 1, '-c', 'copy', '-attach', `${f}-font.ttf`, '-metadata:s:t:0', 'mimetype=application/x-truetype-font', '-attach', `${f}-cover.jpg`, '-metadata:s:t:1', 'mimetype=image/jpeg', '-metadata:s:t:1', 'filename=cover.jpg', `${f}.mkv`);
    return `${f}.mkv`;
  }, expect: SEEN, check: ({ manifest }) => assert.deepEqual(manifest.chapters.map((c) => c.title), ['One', 'Two']) },

  // ---- sound ----
  { name: 'A-law of 8 kHz, mono', make: sound('wav', 'sine=f=500:r=8000:d=2', ['-c:a', 'pcm_alaw']), expect: { duration: [2, 0.1] }, check: async (r) => assert.ok((await tones(r, 500))[0] > -30) },
  { name: '24 bits at 96 kHz', make: sound('wav', 'sine=f=500:r=96000:d=2', ['-c:a', 'pcm_s24le']), expect: { duration: [2, 0.1] }, check: async (r) => assert.ok((await tones(r, 500))[0] > -30) },
  ...[['left', 6, 0], ['right', 7, 1]].map(([side, channel, at]) => ({ name: `7.1 FLAC: the ${side} side is heard`, expect: {},
    make: async (f, t) => { await t.ffmpeg(...PICTURE(), '-f', 'lavfi', '-i', surround(channel), ...H264, '-c:a', 'flac', `${f}.mkv`); return `${f}.mkv`; },
    check: async (r) => { const seen = await tones(r, 500); assert.ok(seen[at] > -30 && seen[1 - at] < seen[at] - 20, `${seen} dB`); } })),

  // ---- sizes ----
  ...[1, 2].map((n) => ({ name: `${n} pixel a side`, make: async (f, t) => { await t.ffmpeg('-f', 'lavfi', '-i', 'color=red:s=16x16:r=5:d=1', '-vf', `scale=${n}:${n}`, '-c:v', 'ffv1', '-pix_fmt', 'bgr0', `${f}.mkv`); return `${f}.mkv`; }, ...refused('too_small', /too small.*\d/) })),
  { name: '17 pixels a side', make: async (f, t) => { await t.ffmpeg('-f', 'lavfi', '-i', 'color=0xff0000:s=17x17:r=5:d=1', '-c:v', 'ffv1', '-pix_fmt', 'bgr0', `${f}.mkv`); return `${f}.mkv`; }, expect: { size: [16, 16], patches: [[0.5, 0.5, [255, 0, 0], 24]] } },
  { name: 'a ribbon: 1000 by 20', make: film('mkv', { size: '1000x20', audio: null, seconds: 1 }), expect: { size: [1000, 20] } },

  // ---- what is no film ----
  ...['png', 'jpg', 'bmp', 'tiff', 'webp'].map((suffix) => ({ name: `a photograph: ${suffix}`, make: async (f, t) => { await t.ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=400x300', '-frames:v', 1, `${f}.${suffix}`); return `${f}.${suffix}`; }, ...refused('not_a_video', /picture.*video/s) })),
  { name: 'a photograph with the name of a film', make: async (f, t) => { await t.ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=400x300', '-frames:v', 1, '-f', 'image2', '-c:v', 'png', `${f}.mp4`); return `${f}.mp4`; }, ...refused('not_a_video', /picture.*video/s) },
  { name: 'GIF that moves', make: async (f, t) => { await t.ffmpeg('-f', 'lavfi', '-i', t.picture({ seconds: 2, fps: 10 }), `${f}.gif`); return `${f}.gif`; }, ...refused('not_a_video', /picture.*video/s) },
  { name: 'WebP that moves', make: async (f, t) => { await t.ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=5:d=1', '-c:v', 'libwebp_anim', `${f}.webp`); return `${f}.webp`; }, ...refused('not_a_video', /picture.*video/s) },
  { name: 'PDF with the name of a film', make: written('mp4', `%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n${'x'.repeat(500)}\n%%EOF\n`), ...refused('not_a_video', /PDF.*slides/is) },
  { name: 'ZIP with the name of a film', make: written('mp4', Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\0\0', 'latin1'), Buffer.alloc(60), Buffer.from('holiday.mov'), Buffer.alloc(500, 9)])), ...refused('not_a_video', /archive|unpack/i) },
  { name: 'a presentation of PowerPoint', make: written('mp4', Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\0\0', 'latin1'), Buffer.alloc(20), Buffer.from('[Content_Types].xml'), Buffer.alloc(60, 3), Buffer.from('ppt/presentation.xml'), Buffer.alloc(500, 9)])), ...refused('not_a_video', /PDF/) },
  { name: 'a page of the web that was saved by mistake', make: written('mp4', '<!DOCTYPE html><html><body>Sign in to download</body></html>'.repeat(5)), ...refused('not_a_video', /web page|not a video/i) },
  { name: 'zeros', make: written('mp4', Buffer.alloc(100000)), ...refused('not_a_video', /\.$/) },

  // ---- names ----
  { name: 'a name with quotes, line ends and signs of all kinds', make: async (f, t) => {
    const name = `${f} "q'uo\\te"\n#?%41 été 日本 🎉 $(x);&|.mp4`;
    await t.film(`${f}-0.mp4`, { seconds: 1 });
    writeFileSync(name, readFileSync(`${f}-0.mp4`));
    return name;
  }, expect: { duration: [1, 0.1] }, check: ({ manifest }) => assert.match(manifest.title, /été 日本 🎉/) },
  { name: 'a title of ten thousand letters', options: ['--title', 'Überlänge '.repeat(1000)], make: sound('ogg', tone(440, 1), ['-c:a', 'libopus']), expect: { duration: [1, 0.1] },
    check: ({ manifest, out }) => { assert.ok(manifest.title.length > 10); assert.ok(existsSync(join(out, 'poster.jpg'))); } },
  // no boxes and no letters in the wrong order: what the card cannot write it leaves out
  ...[['日本語の紹介 🎉', false], ['مقدمة عن المنتج', false], ['Обзор – Größe', true], ['Donaudampfschifffahrtsgesellschaftskapitän', true]].map(([title, words]) => ({
    name: `a card for ${title}`, options: ['--title', title], make: sound('ogg', tone(440, 1), ['-c:a', 'libopus']), expect: {},
    check: async ({ out, tools, manifest }) => {
      assert.equal(manifest.title, title);
      const [card] = await tools.frames(join(out, 'poster.jpg'), 1280, 720);
      const lit = (x, y) => card[(y * 1280 + x) * 3] > 180;
      let seen = 0, edge = 0;
      for (let y = 300; y < 720; y++) for (let x = 0; x < 1280; x++) { seen += lit(x, y) ? 1 : 0; edge += lit(x, y) && (x < 100 || x > 1180) ? 1 : 0; }
      if (words) assert.ok(seen > 500 && edge === 0, `${seen} pixels of words, ${edge} at the edge`);
      else assert.equal(seen, 0);
    } })),
];
