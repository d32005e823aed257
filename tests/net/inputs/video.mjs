// Pictures as they come from life, and what each must become. Row format: run.mjs.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';

const GREY = [80, 80, 80];
/** The known picture's patches. Colours at the edge of what YUV can hold come back a little changed. */
const patches = (tolerance = 24) => [[0.125, 0.16, [255, 0, 0], tolerance], [0.375, 0.16, [0, 255, 0], tolerance],
  [0.625, 0.16, [0, 0, 255], tolerance], [0.875, 0.16, GREY, 10]];
const SEEN = { duration: 3, size: [320, 180], rungs: ['h264 360 320x180', 'vp8 320x180'], fps: 25, patches: patches(), sync: 40, flashes: 3 };
const film = (suffix, how = {}) => async (f, t) => {
  await t.film(`${f}.${suffix}`, how);
  return `${f}.${suffix}`;
};
const X265 = (params = '') => ['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', '12', '-tag:v', 'hvc1', '-x265-params', `log-level=none${params}`];

/** Writes a turn by a number of degrees into the first track's header (ISO 14496-12 §8.3.2), as phones do. */
const turned = (degrees, what = {}) => async (f, t) => {
  await t.film(`${f}.mp4`, what);
  t.surgery(`${f}.mp4`, (bytes) => {
    const [c, s] = [Math.round(Math.cos((degrees * Math.PI) / 180)), Math.round(Math.sin((degrees * Math.PI) / 180))];
    const matrix = bytes.indexOf('tkhd') + 44;
    [c, s, 0, -s, c, 0].forEach((v, i) => bytes.writeInt32BE(v * 0x10000, matrix + 4 * i));
  });
  return `${f}.mp4`;
};

/** High contrast: R'G'B' codes of the transfer itself are painted, and tagged so. */
const highContrast = (transfer, codes) => film('mp4', {
  patches: codes, seconds: 2, audio: null, video: X265(':repeat-headers=1'),
  colour: ['-vf', 'scale=out_color_matrix=bt2020:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p10le',
    '-colorspace', 'bt2020nc', '-color_primaries', 'bt2020', '-color_trc', transfer, '-color_range', 'tv'],
});

/** Copies the film at `from` by ffmpeg into another container or with other times. */
const copied = (suffix, args, how = {}) => async (f, t) => {
  await t.film(`${f}-0.mp4`, how);
  await t.ffmpeg(...args(`${f}-0.mp4`), '-c', 'copy', `${f}.${suffix}`);
  return `${f}.${suffix}`;
};

export const rows = [
  // ---- containers and codecs ----
  { name: 'mp4, H.264 and AAC', make: film('mp4'),
    expect: { ...SEEN, source: { container: 'mp4', video_codec: 'h264', audio_codec: 'aac', width: 320, height: 180, fps: 25, hdr: false, interlaced: false, rotated: false } } },
  { name: 'mp4 in BT.601', make: async (f, t) => { await t.film(`${f}.mp4`, { colour: t.yuv('bt601') }); return `${f}.mp4`; }, expect: SEEN },
  { name: 'mp4 with its index in front', make: film('mp4', { more: ['-movflags', 'faststart'] }), expect: SEEN },
  { name: 'mp4 in fragments', make: film('mp4', { more: ['-movflags', 'frag_keyframe+empty_moov', '-g', 25] }), expect: SEEN },
  { name: 'mov, ProRes 4:2:2 of 10 bits and PCM',
    make: film('mov', { video: ['-c:v', 'prores_ks', '-profile:v', 2], audio: ['-c:a', 'pcm_s16le'], colour: ['-vf', 'scale=out_color_matrix=bt709:out_range=tv,format=yuv422p10le', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'] }),
    expect: { ...SEEN, source: { video_codec: 'prores', audio_codec: 'pcm' } } },
  { name: 'mkv, HEVC and Opus', make: film('mkv', { video: X265(), audio: ['-c:a', 'libopus'] }), expect: { ...SEEN, source: { container: 'matroska', video_codec: 'hevc', audio_codec: 'opus' } } },
  { name: 'mp4, HEVC of 10 bits', make: async (f, t) => { await t.film(`${f}.mp4`, { video: X265(), colour: t.yuv('bt709', 'yuv420p10le') }); return `${f}.mp4`; }, expect: { ...SEEN, source: { video_codec: 'hevc', hdr: false } } },
  { name: 'webm, VP8 and Vorbis', make: async (f, t) => { await t.film(`${f}.webm`, { video: ['-c:v', 'libvpx', '-deadline', 'realtime', '-b:v', '2M'], audio: ['-c:a', 'libvorbis'], colour: t.yuv('bt601') }); return `${f}.webm`; },
    expect: { ...SEEN, source: { container: 'webm', video_codec: 'vp8', audio_codec: 'vorbis' } } },
  { name: 'webm, VP9 and Opus', make: film('webm', { video: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', 8, '-b:v', '2M'], audio: ['-c:a', 'libopus'] }), expect: { ...SEEN, source: { video_codec: 'vp9' } } },
  { name: 'mkv, AV1', make: film('mkv', { seconds: 2, video: ['-c:v', 'libsvtav1', '-preset', 12, '-crf', 20], audio: ['-c:a', 'libopus'] }), expect: { ...SEEN, duration: 2, flashes: 2, source: { video_codec: 'av1' } } },
  { name: 'avi, MPEG-4 and MP3', make: async (f, t) => { await t.film(`${f}.avi`, { video: ['-c:v', 'mpeg4', '-q:v', 2], audio: ['-c:a', 'libmp3lame'], colour: t.yuv('bt601') }); return `${f}.avi`; },
    expect: { ...SEEN, source: { container: 'avi', video_codec: 'mpeg4', audio_codec: 'mp3' } } },
  { name: 'ts, H.264 and AAC', make: film('ts', { more: ['-g', 25] }), expect: { ...SEEN, source: { container: 'mpegts' } } },
  { name: 'flv, H.264 and AAC', make: film('flv'), expect: SEEN },
  { name: 'mkv, RGB', make: film('mkv', { video: ['-c:v', 'libx264rgb', '-preset', 'ultrafast', '-crf', 8], colour: [], audio: ['-c:a', 'flac'] }), expect: SEEN },
  { name: 'mov, motion JPEG in full range', make: film('mov', { video: ['-c:v', 'mjpeg', '-q:v', 2], colour: ['-vf', 'scale=out_color_matrix=bt601:out_range=pc,format=yuvj420p'] }), expect: SEEN },
  { name: 'mp4 without sound', make: film('mp4', { audio: null }), expect: { ...SEEN, sync: 0 } },

  // ---- high contrast ----
  { name: 'HEVC in PQ is brought to an ordinary screen', make: highContrast('smpte2084', [[96, 96, 96], [148, 148, 148], [192, 192, 192]]),
    // 26, 203 and 1,000 cd/m²: a middle grey, the white of paper, a highlight
    expect: { duration: 2, source: { hdr: true }, patches: [[0.125, 0.16, [108, 108, 108], 8], [0.375, 0.16, [234, 234, 234], 8], [0.625, 0.16, [255, 255, 255], 6]] } },
  { name: 'HEVC in HLG is brought to an ordinary screen', make: highContrast('arib-std-b67', [[97, 97, 97], [191, 191, 191], [255, 255, 255]]),
    expect: { duration: 2, source: { hdr: true }, patches: [[0.125, 0.16, [108, 108, 108], 10], [0.375, 0.16, [234, 234, 234], 8], [0.625, 0.16, [255, 255, 255], 6]] } },
  { name: 'a red of wide gamut stays red', make: highContrast('smpte2084', [[148, 70, 70], [70, 148, 70], [70, 70, 148]]),
    expect: { duration: 2 }, check: async ({ out, manifest, tools }) => {
      const list = await tools.frames(`${out}/film.mp4`, manifest.width, manifest.height);
      for (let c = 0; c < 3; c++) {
        const seen = tools.colourAt(list[20], manifest.width, manifest.height, 0.125 + 0.25 * c, 0.16);
        for (let k = 0; k < 3; k++) assert.ok(k === c || seen[c] - seen[k] > 110, `patch ${c} is ${seen}`);
      }
    } },

  // ---- shapes ----
  { name: 'turned by 90 degrees', make: turned(90),
    expect: { ...SEEN, size: [180, 320], rungs: ['h264 360 180x320', 'vp8 180x320'], source: { rotated: true }, flashAt: [0.34, 0.5],
      patches: [[0.84, 0.125, [255, 0, 0], 24], [0.84, 0.375, [0, 255, 0], 24], [0.84, 0.625, [0, 0, 255], 24]] } },
  { name: 'turned by 180 degrees', make: turned(180),
    expect: { ...SEEN, flashAt: [0.5, 0.34], patches: [[0.875, 0.84, [255, 0, 0], 24], [0.625, 0.84, [0, 255, 0], 24], [0.375, 0.84, [0, 0, 255], 24]] } },
  { name: 'turned by 270 degrees', make: turned(270),
    expect: { ...SEEN, size: [180, 320], rungs: ['h264 360 180x320', 'vp8 180x320'], flashAt: [0.66, 0.5],
      patches: [[0.16, 0.875, [255, 0, 0], 24], [0.16, 0.625, [0, 255, 0], 24], [0.16, 0.375, [0, 0, 255], 24]] } },
  { name: 'upright', make: film('mp4', { size: '180x320' }), expect: { ...SEEN, size: [180, 320], rungs: ['h264 360 180x320', 'vp8 180x320'] } },
  { name: 'odd sides', make: film('mkv', { size: '321x181', colour: ['-vf', 'scale=out_color_matrix=bt709:out_range=tv,format=yuv444p', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'] }), expect: SEEN },
  { name: 'pixels that are not square', make: async (f, t) => { await t.film(`${f}.mp4`, { size: '240x180', colour: t.yuv().map((v) => v.replace('format=', 'setsar=4/3,format=')) }); return `${f}.mp4`; }, expect: SEEN },
  { name: 'a large picture gets a ladder', make: film('mp4', { size: '1920x1080', seconds: 1 }),
    expect: { duration: 1, size: [1920, 1080], rungs: ['h264 1080 1920x1080', 'h264 720 1280x720', 'h264 360 640x360', 'vp8 1280x720'], patches: patches(), sync: 40 } },
  { name: 'one between two classes keeps its size', make: film('mp4', { size: '1600x900', seconds: 1, audio: null }),
    expect: { duration: 1, rungs: ['h264 1080 1600x900', 'h264 720 1280x720', 'h264 360 640x360', 'vp8 1280x720'], patches: patches() } },
  { name: 'a huge one, turned', make: turned(90, { size: '3840x2160', seconds: 0.4, fps: 10, audio: null }),
    expect: { duration: [0.4, 0.05], size: [1080, 1920], rungs: ['h264 1080 1080x1920', 'h264 720 720x1280', 'h264 360 360x640', 'vp8 720x1280'], patches: [[0.84, 0.125, [255, 0, 0], 24]] } },
  { name: 'the smallest that can be shown', make: film('mp4', { size: '16x16', seconds: 1, audio: null }), expect: { duration: 1, size: [16, 16] } },
  { name: 'one too small to be shown', make: film('mkv', { size: '8x8', seconds: 1, audio: null, video: ['-c:v', 'ffv1'] }), expect: { failed: 'too_small' } },

  // ---- interlaced ----
  { name: 'interlaced H.264 is made whole', make: film('mp4', { seconds: 2, fps: 50, colour: ['-vf', 'scale=out_color_matrix=bt709:out_range=tv,tinterlace=mode=interleave_top,format=yuv420p', '-colorspace', 'bt709'], video: ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', 12, '-flags', '+ildct+ilme', '-x264opts', 'tff=1'] }),
    expect: { ...SEEN, duration: 2, flashes: 2, source: { interlaced: true } } },
  { name: 'interlaced MPEG-2 in ts', make: film('ts', { seconds: 2, fps: 50, audio: ['-c:a', 'mp2'], colour: ['-vf', 'scale=out_color_matrix=bt601:out_range=tv,tinterlace=mode=interleave_top,format=yuv420p'], video: ['-c:v', 'mpeg2video', '-q:v', 2, '-flags', '+ildct+ilme', '-top', 1] }),
    expect: { ...SEEN, duration: [2, 0.2], flashes: 2, source: { interlaced: true, video_codec: 'mpeg2' } } },
  { name: 'combs are gone', make: film('mp4', { seconds: 1, audio: null,
    // the even lines are of another time than the odd ones: white, then black
    colour: ['-vf', "format=gray,geq=lum='if(mod(Y,2),30,220)',format=yuv420p"], video: ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', 8, '-flags', '+ildct+ilme', '-x264opts', 'tff=1'] }),
    expect: { duration: 1, source: { interlaced: true } }, check: async ({ out, tools }) => {
      const frame = (await tools.frames(`${out}/film.mp4`, 320, 180))[10];
      let comb = 0;
      for (let y = 60; y < 120; y++) comb += Math.abs(frame[(y * 320 + 160) * 3] - frame[((y + 1) * 320 + 160) * 3]) / 60;
      assert.ok(comb < 20, `neighbouring lines differ by ${comb}`);
    } },

  // ---- times ----
  { name: 'sixty frames a second are halved', make: film('mp4', { fps: 60 }), expect: { ...SEEN, fps: 30 } },
  { name: 'the rate of the cinema stays', make: film('mp4', { fps: '24000/1001' }), expect: { ...SEEN, fps: 23.976 } },
  { name: 'ten frames a second stay', make: film('mp4', { fps: 10 }), expect: { ...SEEN, fps: 10, sync: 100 } },
  { name: 'a rate that varies', make: film('mkv', { fps: 30, colour: ['-vf', "scale=out_color_matrix=bt709:out_range=tv,select='lt(mod(t\\,1)\\,0.5)+not(mod(n\\,3))',format=yuv420p", '-colorspace', 'bt709', '-fps_mode', 'vfr'] }),
    expect: { ...SEEN, fps: undefined, duration: [3, 0.15] } },
  { name: 'a screen that changes every two seconds', make: film('mp4', { seconds: 6, fps: 10, audio: null, colour: ['-vf', "scale=out_color_matrix=bt709:out_range=tv,select='not(mod(n\\,20))',format=yuv420p", '-colorspace', 'bt709', '-fps_mode', 'vfr'] }),
    expect: { duration: [5, 1.1], patches: patches() } },
  { name: 'an edit list that leaves out the beginning', make: copied('mp4', (from) => ['-ss', '1.5', '-i', from], { seconds: 4, more: ['-g', 100] }),
    expect: { ...SEEN, duration: [2.5, 0.15], flashes: 2 } },
  { name: 'sound that begins late', make: copied('mp4', (from) => ['-i', from, '-itsoffset', '1', '-i', from, '-map', '0:v', '-map', '1:a']),
    expect: { ...SEEN, duration: [4, 0.15], fps: undefined, flashes: undefined } },
  { name: 'a picture that begins late', make: copied('mkv', (from) => ['-itsoffset', '1', '-i', from, '-i', from, '-map', '0:v', '-map', '1:a']),
    expect: { ...SEEN, duration: [4, 0.15], flashes: undefined, sync: 0 } },
  { name: 'sound shorter than the picture', make: copied('mp4', (from) => ['-i', from, '-t', '1', '-i', from, '-map', '0:v', '-map', '1:a']), expect: SEEN },
  { name: 'a clock that starts at a day', make: copied('ts', (from) => ['-i', from, '-output_ts_offset', '90000']), expect: { ...SEEN, duration: [3, 0.2] } },
  { name: 'two recordings glued together in ts', make: async (f, t) => {
    await t.film(`${f}.ts`, { seconds: 2, more: ['-g', 25] });
    t.surgery(`${f}.ts`, (bytes) => Buffer.concat([bytes, bytes]));
    return `${f}.ts`;
  }, expect: {}, check: ({ manifest }) => assert.ok(manifest.duration > 1.8 && manifest.duration < 6, `${manifest.duration} s`) },
  { name: 'times that run backwards now and then', make: film('mkv', { colour: ['-vf', "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", '-colorspace', 'bt709', '-bsf:v', "setts=pts='if(eq(mod(N,10),7),PTS-200,PTS)'"], video: ['-c:v', 'mpeg4', '-q:v', 2] }),
    expect: { duration: [3, 0.3], patches: patches(40) } },
  { name: 'no times at all (raw H.264)', make: film('h264', { audio: null }), expect: { duration: [3, 0.3], patches: patches() } },
  { name: 'a single picture', make: film('mp4', { seconds: 0.04, audio: null }), expect: { duration: [0.04, 0.05] } },

  // ---- more than one stream ----
  { name: 'of two pictures the first is taken', make: async (f, t) => {
    await t.film(`${f}-0.mp4`);
    await t.film(`${f}-1.mp4`, { size: '640x360', patches: [[0, 0, 0]] });
    await t.ffmpeg('-i', `${f}-0.mp4`, '-i', `${f}-1.mp4`, '-map', '0:v', '-map', '1:v', '-map', '0:a', '-c', 'copy', `${f}.mkv`);
    return `${f}.mkv`;
  }, expect: SEEN },
  { name: 'a cover picture is no film', make: async (f, t) => {
    await t.film(`${f}-0.mp4`);
    await t.ffmpeg('-f', 'lavfi', '-i', 'color=red:s=400x400', '-frames:v', 1, `${f}.jpg`);
    await t.ffmpeg('-i', `${f}-0.mp4`, '-i', `${f}.jpg`, '-map', 0, '-map', 1, '-c', 'copy', '-disposition:v:1', 'attached_pic', `${f}.mp4`);
    return `${f}.mp4`;
  }, expect: SEEN },

  // ---- what is no film ----
  { name: 'a photograph', make: async (f, t) => { await t.ffmpeg('-f', 'lavfi', '-i', 'color=red:s=400x400', '-frames:v', 1, `${f}.jpg`); return `${f}.jpg`; }, expect: { failed: 'not_a_video' } },
  { name: 'a text', make: async (f) => { writeFileSync(f, 'Dear customer, this is a letter and not a film.\n'.repeat(200)); }, expect: { failed: 'not_a_video' } },
  { name: 'an empty file', make: async (f) => { writeFileSync(f, ''); }, expect: { failed: 'empty' } },
];
