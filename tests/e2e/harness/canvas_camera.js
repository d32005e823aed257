// Instead of a camera: the pattern of harness/pattern.mjs on a canvas. Firefox's own fake camera shows
// nothing that can be read; its fake microphone hums.
(() => {
  const W = 640;
  const H = 360;
  const FPS = 25;
  const LOOP = 8;
  const COLOURS = ['rgb(200,50,50)', 'rgb(50,160,70)', 'rgb(50,80,200)'];

  function cells(n) {
    const bits = Array.from({ length: 12 }, (_, i) => (n >> (11 - i)) & 1);
    const ones = bits.reduce((a, b) => a + b, 0) % 4;
    return [1, 0, ...bits, ones >> 1, ones & 1];
  }

  function row(paint, top, bottom, colours) {
    colours.forEach((colour, i) => {
      paint.fillStyle = colour;
      paint.fillRect((i * W) / colours.length, top * H, W / colours.length, (bottom - top) * H);
    });
  }

  function camera() {
    const canvas = document.createElement('canvas');
    canvas.width = W;
    canvas.height = H;
    const paint = canvas.getContext('2d');
    const start = performance.now();
    const draw = () => {
      const n = Math.floor(((performance.now() - start) * FPS) / 1000) % (LOOP * FPS);
      row(paint, 0, 0.55, [...COLOURS, n % FPS < FPS / 10 ? '#fff' : '#000']);
      row(paint, 0.55, 0.65, ['rgb(128,128,128)']);
      row(paint, 0.65, 1, cells(n).map((bit) => (bit ? '#fff' : '#000')));
    };
    draw();
    const timer = setInterval(draw, 1000 / FPS);
    const [track] = canvas.captureStream(FPS).getVideoTracks();
    const stop = track.stop.bind(track);
    track.stop = () => {
      clearInterval(timer);
      stop();
    };
    return track;
  }

  const devices = navigator.mediaDevices;
  if (devices === undefined) {
    return;
  }
  const getUserMedia = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wish) =>
    new MediaStream([
      ...(wish.video ? [camera()] : []),
      ...(wish.audio ? (await getUserMedia({ audio: true })).getAudioTracks() : []),
    ]);
})();
