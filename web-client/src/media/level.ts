/* How loud a microphone is, 0..1, about ten times a second; stops with the signal. */
const EVERY = 90;

export function watchLevel(track: MediaStreamTrack, signal: AbortSignal, onlevel: (level: number) => void): void {
  if (!("AudioContext" in globalThis)) {
    return;
  }
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) {
      sum += sample * sample;
    }
    /* −60 dB … 0 dB on a straight line. */
    const decibel = 10 * Math.log10(sum / samples.length + 1e-10);
    onlevel(Math.min(1, Math.max(0, (decibel + 60) / 60)));
  }, EVERY);
  signal.addEventListener(
    "abort",
    () => {
      clearInterval(timer);
      void context.close();
    },
    { once: true },
  );
}
