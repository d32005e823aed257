// Speaks narration.json: build/narration.wav, ../captions-en.vtt, ../chapters.json and build/timeline.json.
// Needs festival with festvox-us-slt-hts, and ffmpeg. Run: node narrate.mjs
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const RATE = 48000;
const BEFORE_FIRST = 2.2, BETWEEN_LINES = 0.85, BETWEEN_SHOTS = 2.3, AFTER_LAST = 4; // seconds
const VOICE = '(voice_cmu_us_slt_arctic_hts) (Parameter.set \'Duration_Stretch 1.06)';
// A little body, less nose, no hiss; then even loudness.
const SOUND = 'highpass=f=75,equalizer=f=180:t=q:w=1:g=2.5,equalizer=f=1100:t=q:w=1.2:g=-2.5,'
  + 'equalizer=f=3200:t=q:w=1:g=1.5,lowpass=f=11500,acompressor=threshold=-20dB:ratio=2.5:attack=8:release=120,'
  + 'aecho=0.9:0.5:23|41:0.05|0.03,loudnorm=I=-18:TP=-2:LRA=7';

mkdirSync('build', { recursive: true });
const shots = JSON.parse(readFileSync('narration.json', 'utf8'));

function speak(text) {
  writeFileSync('build/line.txt', text);
  execFileSync('text2wave', ['-eval', `(begin ${VOICE})`, 'build/line.txt', '-o', 'build/line.wav']);
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', 'build/line.wav', '-ac', '1', '-ar', String(RATE),
    '-af', 'silenceremove=start_periods=1:start_threshold=-50dB,areverse,silenceremove=start_periods=1:start_threshold=-50dB,areverse',
    '-f', 's16le', '-']);
  return new Int16Array(raw.buffer, raw.byteOffset, raw.length / 2);
}

const voice = []; // {at, samples}
const captions = [], chapters = [], timeline = [];
let now = 0;
for (const [i, shot] of shots.entries()) {
  const start = i === 0 ? 0 : now - BETWEEN_SHOTS / 2;
  chapters.push({ t: Math.round(start * 10) / 10, title: shot.chapter });
  timeline.push({ shot: shot.shot, start });
  now = i === 0 ? BEFORE_FIRST : now;
  for (const line of shot.lines) {
    const samples = speak(line);
    const length = samples.length / RATE;
    voice.push({ at: now, samples });
    captions.push({ from: now, to: now + length, text: line });
    now += length + BETWEEN_LINES;
  }
  now += BETWEEN_SHOTS - BETWEEN_LINES;
}
const duration = Math.ceil(now - BETWEEN_SHOTS + AFTER_LAST);

const dry = new Int16Array(duration * RATE);
for (const { at, samples } of voice) dry.set(samples, Math.round(at * RATE));
writeFileSync('build/voice.s16', Buffer.from(dry.buffer));

/** Three slow chords of soft sines under the voice: C, A minor, F, G, each 8 s, no loop to be heard. */
function bed() {
  const out = new Int16Array(duration * RATE * 2);
  const chords = [[130.81, 196, 329.63, 493.88], [110, 220, 329.63, 392], [87.31, 174.61, 261.63, 440], [98, 196, 293.66, 440]];
  for (let i = 0; i < duration * RATE; i++) {
    const t = i / RATE;
    const fade = Math.min(1, t / 3, (duration - t) / 4);
    for (let side = 0; side < 2; side++) {
      let v = 0;
      for (let k = 0; k < 2; k++) {
        const chord = chords[(Math.floor(t / 8) + chords.length - k) % chords.length];
        const into = (t % 8) / 8;
        const gain = k === 0 ? Math.min(1, into * 2.5) : Math.max(0, 1 - into * 2.5);
        for (const [n, f] of chord.entries()) {
          const breathe = 0.75 + 0.25 * Math.sin(2 * Math.PI * (0.07 + n * 0.013) * t + n + side);
          v += gain * breathe * (Math.sin(2 * Math.PI * f * (1 + side * 0.0008) * t) + 0.18 * Math.sin(4 * Math.PI * f * t)) / (n + 1.6);
        }
      }
      out[2 * i + side] = v * fade * 2600;
    }
  }
  writeFileSync('build/bed.s16', Buffer.from(out.buffer));
}
bed();
execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 's16le', '-ar', String(RATE), '-ac', '1', '-i', 'build/voice.s16',
  '-f', 's16le', '-ar', String(RATE), '-ac', '2', '-i', 'build/bed.s16', '-filter_complex',
  `[0]${SOUND},aresample=${RATE},pan=stereo|c0=c0|c1=c0[v];[1]lowpass=f=1400,volume=-17dB[b];[v][b]amix=2:duration=longest:normalize=0,alimiter=limit=0.9`,
  'build/narration.wav']);

const clock = (s) => new Date(Math.round(s * 1000)).toISOString().slice(11, 23);
writeFileSync('../captions-en.vtt', `WEBVTT\n\n${captions.map((c) => `${clock(c.from)} --> ${clock(c.to + 0.25)}\n${c.text}\n`).join('\n')}`);
writeFileSync('../chapters.json', `${JSON.stringify(chapters, null, 2)}\n`);
writeFileSync('build/timeline.json', JSON.stringify({ duration, shots: timeline }));
console.log(`${duration} s`);
