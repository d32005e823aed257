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
    const visit = reduce(joined(), event({ type: "visit", visit: { state: "ended", title: null, recording: null, recording_active: null } }, 8));
    expect(visit?.visit).toEqual({ ...room.visit, state: "ended" });
  });

  test("keeps the network dots apart from numbered events", () => {
    const visit = reduce(joined(), event({ type: "quality", quality: { participant: "jonas", dots: 3, loss: 0, rtt_ms: 9, kbit_s: 800 } }, null));
    expect(visit?.quality.get("jonas")?.dots).toBe(3);
    expect(visit?.seq).toBe(7);
  });
});
