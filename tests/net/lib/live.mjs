// A visit with a publisher and a viewer in processes of their own, to see that whatever else happens it
// goes on undisturbed.
import assert from 'node:assert/strict';
import { Peer } from './peers.mjs';
import { PATIENCE, sleep } from './server.mjs';

const SILENCE = 2000; // ms without a packet, at most: generous, other suites may keep the machine busy

export class LiveVisit {
  static async start(server, clips) {
    const live = new LiveVisit();
    Object.assign(live, { server, visit: await server.visit('A visit that goes on') });
    const files = { codec: 'vp8', clip: clips.vp8, sound: clips.opus };
    live.source = new Peer('datachannel', 'publish',
      { url: `${live.visit.whip}?source=camera`, token: live.visit.streamKey, ...files });
    await live.source.event('connected');
    live.viewer = new Peer('datachannel', 'watch',
      { url: live.visit.whep, token: live.visit.invite, seconds: 3600, ...files });
    await live.viewer.event('first_frame');
    await sleep(200);
    live.last = await live.viewer.report();
    return live;
  }

  /** Packets came all the time, every one of them, and the frames are the clip's, byte by byte. */
  async assertUndisturbed(what) {
    await sleep(300);
    const now = await this.viewer.report();
    for (const kind of ['video', 'audio']) {
      const words = `${what}: ${kind} ${JSON.stringify(now[kind])}`;
      assert.ok(now[kind].packets > this.last[kind].packets, `nothing came; ${words}`);
      for (const fault of ['missing', 'timestamps_back', 'broken', 'different', 'other_ssrc']) {
        assert.equal(now[kind][fault], 0, `${fault}; ${words}`);
      }
      assert.ok(now[kind].silence < SILENCE * PATIENCE, `a silence; ${words}`);
    }
    this.last = now;
    assert.equal((await fetch(`${this.server.base}/healthz`)).status, 200, `${what}: healthz`);
  }

  async stop() {
    await this.viewer?.stop();
    await this.source?.stop();
  }
}
