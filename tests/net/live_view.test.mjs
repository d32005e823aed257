// How a visit travels, as its staff and the operator see it: the live view and the metrics tell the truth about
// peers whose pictures are known.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LiveVisit } from './lib/live.mjs';
import { makeClips, Peer } from './lib/peers.mjs';
import { Server, until } from './lib/server.mjs';

let server, live, reporting; // the visit's own viewer sends no reports, this one does

before(async () => {
  server = await Server.start();
  live = await LiveVisit.start(server, await makeClips(server.dir));
  reporting = new Peer('aiortc', 'watch', { url: live.visit.whep, token: live.visit.invite, seconds: 60 });
});
after(async () => {
  await reporting?.kill();
  await live?.stop();
  await server?.stop();
});

const view = () => server.must('GET', `/api/v1/visits/${live.visit.id}/live`);

test('the live view shows the source\'s tracks and how its viewer receives', async () => {
  const seen = await until('a report of the viewer', 15_000, async () => {
    const now = await view();
    return now.viewers[0]?.dots === 4 && now.sources[0]?.tracks.length === 2 && now.sources[0].tracks[1].kbit_s > 0 && now;
  });
  assert.equal(seen.viewer_count, 2);
  assert.deepEqual(seen.viewers_by_dots, [0, 0, 0, 0, 1]);
  assert.equal(seen.viewers_unknown, 1);
  const [viewer, silent] = seen.viewers;
  assert.ok(viewer.kbit_s > 50 && viewer.loss < 0.02, JSON.stringify(viewer));
  assert.equal(silent.dots, null);
  const [source] = seen.sources;
  assert.equal(source.kind, 'camera');
  assert.equal(source.alive, true);
  const [sound, picture] = source.tracks;
  assert.deepEqual([sound.kind, sound.codec, sound.alive], ['audio', 'opus', true]);
  assert.deepEqual([picture.kind, picture.codec, picture.alive], ['video', 'VP8', true]);
  assert.ok(picture.width > 0 && picture.height > 0, JSON.stringify(picture));
  assert.ok(sound.lost < 0.02 && picture.lost < 0.02, JSON.stringify(source));
});

test('only staff may look', async () => {
  const path = `/api/v1/visits/${live.visit.id}/live`;
  assert.equal((await server.api('GET', path, undefined, live.visit.invite)).status, 403);
  assert.equal((await server.api('GET', path, undefined, null)).status, 401);
  assert.equal((await server.api('GET', '/api/v1/visits/nobody/live')).status, 404);
});

test('the metrics tell sessions by role, joins, viewers by dots and each thread\'s CPU', async () => {
  const text = await until('the viewer in the metrics', 5000, async () => {
    const now = await (await fetch(`${server.base}/metrics`)).text();
    return /^parlour_viewers_by_dots\{dots="4"\} 1$/m.test(now) && now;
  });
  for (const line of ['parlour_media_sessions_by_role{role="publish"} 1', 'parlour_media_sessions_by_role{role="watch"} 2',
    'parlour_media_sessions_by_role{role="play"} 0', 'parlour_media_join_seconds_count 2',
    'parlour_media_join_seconds_bucket{le="+Inf"} 2', 'parlour_media_relay_dropped_total 0']) {
    assert.ok(text.split('\n').includes(line), line);
  }
  const cpu = (thread) => Number(new RegExp(`^parlour_thread_cpu_seconds_total\\{thread="${thread}"\\} ([\\d.]+)$`, 'm').exec(text)?.[1]);
  assert.ok(cpu('control') > 0);
  assert.ok(cpu('media-0') > 0);
  const join = Number(/^parlour_media_join_seconds_sum ([\d.]+)$/m.exec(text)[1]);
  assert.ok(join > 0 && join < 10, `${join}`);
});
