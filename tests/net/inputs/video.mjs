// Pictures as they come from life, and what each must become.
const base = (tolerance = 24) => [[0.125, 0.16, [255, 0, 0], tolerance], [0.375, 0.16, [0, 255, 0], tolerance], [0.625, 0.16, [0, 0, 255], tolerance], [0.875, 0.16, [80, 80, 80], 10]];

export const rows = [
  {
    name: 'mp4, H.264 and AAC', make: async (f, t) => { await t.film(`${f}.mp4`); return `${f}.mp4`; },
    expect: { duration: 3, size: [320, 180], rungs: ['h264 360 320x180', 'vp8 320x180'], fps: 25, patches: base(), sync: 40, flashes: 3 },
  },
];
