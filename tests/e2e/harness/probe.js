// Runs in the pages under test, before their own scripts: keeps hold of the peer connections and reads
// pictures and sounds as a person would get them.
(() => {
  if (window.probe !== undefined) {
    return;
  }
  const peers = [];
  const Native = window.RTCPeerConnection;
  if (Native !== undefined) {
    window.RTCPeerConnection = class RTCPeerConnection extends Native {
      constructor(...args) {
        super(...args);
        peers.push(this);
      }
    };
  }
  /* The newest WHIP or WHEP session's own address. */
  const own = window.fetch.bind(window);
  window.fetch = async (...args) => {
    const response = await own(...args);
    const location = response.status === 201 ? response.headers.get('location') : null;
    if (location !== null && /\/wh[ei]p\//.test(location)) {
      window.probe.location = new URL(location, window.location.href).href;
    }
    return response;
  };

  const captures = [];
  const devices = navigator.mediaDevices;
  if (devices !== undefined) {
    const getUserMedia = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wish) => {
      const stream = await getUserMedia(wish);
      captures.push(stream);
      return stream;
    };
  }

  /* Elements matching `selector` in the page and all its open shadow trees. */
  function* all(selector, root = document) {
    yield* root.querySelectorAll(selector);
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot !== null) {
        yield* all(selector, element.shadowRoot);
      }
    }
  }

  /* The innermost: `all` splits "pl-video.main video" at the shadow's edge. */
  function find(path) {
    let roots = [document];
    for (const selector of path.split('>>')) {
      roots = roots.flatMap((root) => {
        const inner = root.shadowRoot ?? root;
        return [...all(selector.trim(), inner)];
      });
    }
    return roots[0] ?? null;
  }

  const W = 320;
  const H = 180;
  const canvas = document.createElement('canvas');
  canvas.width = W;
  canvas.height = H;
  const paint = canvas.getContext('2d', { willReadFrequently: true });

  /* What the picture says: its number, or null when it cannot be read, and the four colours. */
  function decode(source) {
    paint.drawImage(source, 0, 0, W, H);
    const { data } = paint.getImageData(0, 0, W, H);
    const at = (u, v) => {
      const sum = [0, 0, 0];
      for (let dy = -2; dy <= 2; dy++) {
        for (let dx = -2; dx <= 2; dx++) {
          const i = ((Math.round(v * H) + dy) * W + Math.round(u * W) + dx) * 4;
          for (let c = 0; c < 3; c++) {
            sum[c] += data[i + c];
          }
        }
      }
      return sum.map((value) => Math.round(value / 25));
    };
    const grey = (u, v) => at(u, v).reduce((a, b) => a + b, 0) / 3;
    const cells = Array.from({ length: 16 }, (_, i) => grey((i + 0.5) / 16, 0.83));
    const bits = cells.map((level) => (level > 128 ? 1 : 0));
    const sharp = cells.every((level) => level < 90 || level > 165);
    const ones = bits.slice(2, 14).reduce((a, b) => a + b, 0) % 4;
    const valid = sharp && bits[0] === 1 && bits[1] === 0 && ones === bits[14] * 2 + bits[15];
    return {
      n: valid ? bits.slice(2, 14).reduce((value, bit) => value * 2 + bit, 0) : null,
      colours: [0, 1, 2, 3].map((i) => at((i + 0.5) / 4, 0.28)),
    };
  }

  /* Reads every frame a video element shows until `stop`. */
  function watch(path) {
    const video = typeof path === 'string' ? find(path) : path;
    const frames = [];
    let on = true;
    const next = (now, meta) => {
      if (!on) {
        return;
      }
      frames.push({ at: performance.now(), shown: meta.expectedDisplayTime, rtp: meta.rtpTimestamp, width: meta.width, height: meta.height, ...decode(video) });
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    return { frames, stop: () => { on = false; } };
  }

  const frameOf = (video, within) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no frame within ${within} ms`)), within);
      video.requestVideoFrameCallback(() => {
        clearTimeout(late);
        resolve({ at: performance.now(), ...decode(video) });
      });
    });

  /* Resolves when the element shows two readable frames that differ. */
  async function moves(path, within) {
    const end = performance.now() + within;
    let before = null;
    while (performance.now() < end) {
      const video = find(path);
      const frame = video === null ? null : await frameOf(video, 500).catch(() => null);
      if (frame === null) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
      } else if (frame.n !== null) {
        if (before !== null && before !== frame.n) {
          return frame;
        }
        before = frame.n;
      }
    }
    throw new Error(`no moving picture in ${path} within ${within} ms`);
  }

  /* From the next click to the first frame that can be read: {ms, n}. */
  async function firstPicture(path, within = 15_000) {
    const tapped = await new Promise((resolve) =>
      addEventListener('click', () => resolve(performance.now()), { capture: true, once: true }));
    while (performance.now() < tapped + within) {
      const video = find(path);
      const frame = video === null ? null : await frameOf(video, 100).catch(() => null);
      if (frame !== null && frame.n !== null) {
        return { ms: frame.at - tapped, n: frame.n };
      }
      if (video === null) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    }
    throw new Error(`no picture within ${within} ms of the tap`);
  }

  /* Notes when each beep of a track begins, on the clock of performance.now(). */
  function listen(track) {
    const context = new AudioContext();
    const source = context.createMediaStreamSource(new MediaStream([track]));
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const beeps = [];
    let peak = 0;
    let done = 0;
    let loudAt = -1;
    let ahead = Infinity;
    const poll = () => {
      analyser.getFloatTimeDomainData(samples);
      const end = context.currentTime;
      ahead = Math.min(ahead, performance.now() - end * 1000);
      const first = Math.max(0, Math.floor(samples.length - (end - done) * context.sampleRate));
      for (let i = first; i < samples.length; i++) {
        const level = Math.abs(samples[i]);
        peak = Math.max(peak, level);
        if (level > Math.max(0.02, peak * 0.25)) {
          const t = end - (samples.length - i) / context.sampleRate;
          if (loudAt < 0 || t - loudAt > 0.3) {
            beeps.push(t);
          }
          loudAt = t;
        }
      }
      done = end;
    };
    const timer = setInterval(poll, 15);
    return {
      beeps: () => beeps.map((t) => t * 1000 + ahead),
      level: () => peak,
      state: () => context.state,
      stop: () => {
        clearInterval(timer);
        void context.close();
      },
    };
  }

  /* The same by the receiver's own account, where there is no audio device for an AudioContext. */
  function count(track) {
    const receiver = peers.flatMap((p) => p.getReceivers()).find((r) => r.track === track);
    const beeps = [];
    let peak = 0;
    let loudAt = -Infinity;
    let on = true;
    let before = null;
    const poll = async () => {
      while (on) {
        const asked = performance.now();
        (await receiver.getStats()).forEach((entry) => {
          if (entry.type === 'inbound-rtp') {
            const span = before === null ? 0 : entry.totalSamplesDuration - before.totalSamplesDuration;
            const level = span > 0 ? Math.sqrt(Math.max(0, entry.totalAudioEnergy - before.totalAudioEnergy) / span) : 0;
            peak = Math.max(peak, Math.min(1, level));
            if (level > Math.max(0.02, peak * 0.25)) {
              const now = (asked + performance.now()) / 2;
              if (now - loudAt > 300) {
                beeps.push(now);
              }
              loudAt = now;
            }
            if (span > 0 || before === null) {
              before = entry;
            }
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    void poll();
    return { beeps: () => beeps, level: () => peak, state: () => 'counted', stop: () => { on = false; } };
  }

  async function ears(track) {
    const context = new AudioContext();
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 300))]);
    const runs = context.state === 'running';
    void context.close();
    return runs ? listen(track) : count(track);
  }

  /* Sound after `ms`, as the beeps' beginnings and the highest level. */
  async function hear(track, ms) {
    const ear = await ears(track);
    await new Promise((resolve) => setTimeout(resolve, ms));
    ear.stop();
    return { beeps: ear.beeps(), level: ear.level(), state: ear.state() };
  }

  const median = (numbers) => {
    const sorted = [...numbers].sort((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  };

  /* How far the flashes are behind the beeps, in ms, over `ms`: each frame's number tells when its
   * second began, so every frame counts. `rate` is the speed of play. */
  async function lips(path, track, { ms = 4000, fps, rate = 1 }) {
    const ear = await ears(track);
    const eyes = watch(path);
    await new Promise((resolve) => setTimeout(resolve, ms));
    eyes.stop();
    ear.stop();
    const second = 1000 / rate;
    const frames = eyes.frames.filter((f) => f.n !== null);
    const begins = frames.map((f) => f.shown - (f.n / fps) * second);
    const wrap = (value) => ((((value + second / 2) % second) + second) % second) - second / 2;
    const beeps = ear.beeps().slice(1);
    if (beeps.length === 0 || begins.length === 0) {
      return { skew: null, beeps: beeps.length, frames: frames.length, level: ear.level() };
    }
    const anchor = beeps[0];
    const eye = median(begins.map((at) => wrap(at - anchor)));
    const sound = median(beeps.map((at) => wrap(at - anchor)));
    return { skew: wrap(eye - sound), beeps: beeps.length, frames: frames.length, level: ear.level() };
  }

  /* Both inbound streams' place on the sender's clock: video behind audio in ms, by getStats. */
  async function playout() {
    const found = [];
    for (const peer of peers) {
      if (peer.connectionState !== 'connected') {
        continue;
      }
      const report = await peer.getStats();
      const audio = [];
      const video = [];
      report.forEach((entry) => {
        if (entry.type === 'inbound-rtp' && entry.estimatedPlayoutTimestamp > 0) {
          (entry.kind === 'audio' ? audio : video).push(entry);
        }
      });
      for (const v of video) {
        for (const a of audio) {
          found.push({ video: v.mid, audio: a.mid, skew: a.estimatedPlayoutTimestamp - v.estimatedPlayoutTimestamp });
        }
      }
    }
    return found;
  }

  async function stats(type) {
    const found = [];
    for (const peer of peers) {
      if (peer.connectionState === 'connected') {
        (await peer.getStats()).forEach((entry) => {
          if (entry.type === type) {
            found.push({ ...entry });
          }
        });
      }
    }
    return found;
  }

  const receiverTracks = (kind) =>
    peers.filter((p) => p.connectionState === 'connected')
      .flatMap((p) => p.getTransceivers())
      .filter((t) => t.currentDirection === 'recvonly' && t.receiver.track.kind === kind)
      .map((t) => t.receiver.track);

  window.probe = { peers, captures, find, all: (s) => [...all(s)], decode, watch, moves, firstPicture, listen, hear, lips, playout, stats, receiverTracks };
})();
