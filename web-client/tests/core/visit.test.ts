import { describe, expect, test } from "vitest";
import type { ServerBody, ServerMessage } from "../../src/core/protocol";
import { reduce, type Visit } from "../../src/core/visit";
import { room, welcome } from "./fixtures";

const event = (body: ServerBody, seq: number | null): ServerMessage => ({ ...body, id: null, seq });

function joined(): Visit {
  const visit = reduce(null, welcome("jonas", "customer"));
  if (visit === null) {
    throw new Error("no visit");
  }
  return visit;
}

describe("the state of a visit", () => {
  test("is nothing before the welcome", () => {
    expect(reduce(null, event({ type: "participant.left", participant: "mara" }, 1))).toBeNull();
  });

  test("takes people and sources as they come and go", () => {
    let visit: Visit | null = joined();
    visit = reduce(visit, event({ type: "participant.joined", participant: { id: "ida", name: "Ida", role: "customer", present: true, consented: false, consented_recording: false } }, 8));
    visit = reduce(visit, event({ type: "participant.changed", participant: { id: "ida", name: "Ida B.", role: "customer", present: true, consented: true, consented_recording: false } }, 9));
    visit = reduce(visit, event({ type: "source.removed", source: "s-screen" }, 10));
    visit = reduce(visit, event({ type: "participant.left", participant: "jonas" }, 11));
    expect(visit?.participants.map((p) => p.name)).toEqual(["Mara", "Ida B."]);
    expect(visit?.sources.map((s) => s.id)).toEqual(["s-cam", "s-jonas"]);
    expect(visit?.seq).toBe(11);
  });

  test("drops what was seen before a break", () => {
    const visit = joined();
    expect(reduce(visit, event({ type: "participant.left", participant: "mara" }, 7))).toBe(visit);
  });

  test("keeps title and recording when only the state changes", () => {
    const visit = reduce(joined(), event({ type: "visit", visit: { state: "ended", title: null, recording: null, recording_active: null, recording_problem: undefined } }, 8));
    expect(visit?.visit).toEqual({ ...room.visit, state: "ended" });
  });

  test("keeps the network dots apart from numbered events", () => {
    const visit = reduce(joined(), event({ type: "quality", quality: { participant: "jonas", dots: 3, loss: 0, rtt_ms: 9, kbit_s: 800 } }, null));
    expect(visit?.quality.get("jonas")?.dots).toBe(3);
    expect(visit?.seq).toBe(7);
  });
});

describe("what is recorded, asked and cannot be shown", () => {
  const start = () => reduce(null, welcome("mara", "rep"));

  test("recording comes and goes, with its reason when it cannot be", () => {
    const change = (visit: object) => ({ type: "visit", id: null, seq: null, visit: { state: "live", title: null, recording: null, recording_active: null, recording_problem: undefined, ...visit } }) as ServerMessage;
    let visit = reduce(start(), change({ recording_active: true }));
    expect(visit?.visit.recording_active).toBe(true);
    visit = reduce(visit, change({}));
    expect(visit?.visit.recording_active).toBe(true);
    visit = reduce(visit, change({ recording_active: false, recording_problem: "disk_full" }));
    expect(visit?.visit).toMatchObject({ recording_active: false, recording_problem: "disk_full" });
    visit = reduce(visit, change({ recording_problem: null }));
    expect(visit?.visit.recording_problem).toBeNull();
  });

  test("questions are kept in order, each once, and not without end", () => {
    const ask = (id: number, seq: number) => ({ type: "question", id: null, seq, question: { id: `q${id}`, participant: "jonas", name: "Jonas", text: `${id}?`, t: id } }) as const;
    let visit = start();
    for (let i = 0; i < 130; i++) {
      visit = reduce(visit, ask(i, 100 + i));
    }
    visit = reduce(visit, ask(129, 400));
    expect(visit?.questions).toHaveLength(100);
    expect(visit?.questions.at(-1)?.text).toBe("129?");
    expect(new Set(visit?.questions.map((q) => q.id)).size).toBe(100);
  });

  test("a picture this browser lacks is said until another comes on stage", () => {
    let visit = reduce(start(), { type: "unplayable", id: null, seq: null, unplayable: { kind: "video", codec: "H264" } });
    expect(visit?.unplayable).toBe("H264");
    const main = visit?.stage.main ?? null;
    const stage = (to: string | null, seq: number) => ({ type: "stage", id: null, seq, stage: { main: to, video: [], audio: [] } }) as const;
    visit = reduce(visit, stage(main, 50));
    expect(visit?.unplayable).toBe("H264");
    visit = reduce(visit, stage("s-cam", 51));
    expect(visit?.unplayable).toBe("");
  });

  test("how a live source does goes with it", () => {
    let visit = reduce(start(), { type: "feed", id: null, seq: null, feed: { source: "s-cam", state: "connected", delay_ms: 240, detail: "" } });
    expect(visit?.feeds.get("s-cam")?.delay_ms).toBe(240);
    visit = reduce(visit, { type: "source.removed", id: null, seq: 60, source: "s-cam" });
    expect(visit?.feeds.size).toBe(0);
  });
});
