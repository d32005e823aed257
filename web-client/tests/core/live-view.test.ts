import { describe, expect, test } from "vitest";
import { bitRate, lossPercent, readLiveView } from "../../src/core/live-view";

describe("how a visit travels", () => {
  test("reads what the server tells, also of viewers of whom nothing is known", () => {
    const view = readLiveView({
      visit: "v1",
      present: 2,
      viewer_count: 2,
      viewers_by_dots: [0, 0, 0, 1, 0],
      viewers_unknown: 1,
      viewers: [
        { participant: "p2", name: "Ada", role: "customer", dots: 3, loss: 0.02, rtt_ms: 40, kbit_s: 1200, carries_kbit_s: 2500 },
        { participant: null, name: null, role: null, dots: null },
      ],
      sources: [{ id: "s1", participant: "p1", kind: "camera", alive: true, tracks: [{ kind: "video", codec: "VP8", width: 1280, height: 720, kbit_s: 1500, lost: 0, alive: true }] }],
    });
    expect(view.viewers[0]).toMatchObject({ name: "Ada", dots: 3, carries_kbit_s: 2500 });
    expect(view.viewers[1]).toMatchObject({ dots: null, kbit_s: 0, carries_kbit_s: null });
    expect(view.sources[0]?.tracks[0]).toMatchObject({ width: 1280, alive: true });
  });

  test("rounds as people read", () => {
    expect([0, 0.001, 0.004, 0.05, 1].map(lossPercent)).toEqual(["0", "<1", "<1", "5", "100"]);
    expect([0, 950, 1649, 12_400].map(bitRate)).toEqual(["", "950 kbit/s", "1.6 Mbit/s", "12 Mbit/s"]);
  });

  test("refuses what is none", () => {
    expect(() => readLiveView({ viewers: 3 })).toThrow();
  });
});
