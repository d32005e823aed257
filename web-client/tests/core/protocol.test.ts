import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseServerMessage, writeClientMessage, type ClientBody, type RoomState } from "../../src/core/protocol";
import { reduce } from "../../src/core/visit";
import { room } from "./fixtures";

const message = (type: string, data: unknown, more: object = {}): unknown => ({ v: 1, type, data, ...more });

describe("server messages", () => {
  test("welcome names its participant by id or as an object", () => {
    const byId = parseServerMessage(message("welcome", { participant: "mara", role: "rep", state: room }, { seq: 3, id: "1" }));
    const whole = parseServerMessage(message("welcome", { participant: room.participants[0], role: "rep", state: room }));
    expect(byId).toMatchObject({ type: "welcome", participant: "mara", seq: 3, id: "1" });
    expect(whole).toMatchObject({ participant: "mara", seq: null, id: null });
  });

  test("fields that are not known yet are ignored, missing ones get their default", () => {
    const parsed = parseServerMessage(message("source.added", { source: { id: "s", kind: "camera", colour: "red" } }, { seq: 4 }));
    expect(parsed).toMatchObject({ source: { id: "s", audio: false, video: false, alive: false } });
  });

  test("an unknown type is no error", () => {
    expect(parseServerMessage(message("confetti", {}))).toMatchObject({ type: "unknown", name: "confetti" });
  });

  test.each([
    null, 7, "x", [], {}, { v: 2, type: "ok" }, { v: 1 }, { v: 1, type: 3 },
    message("welcome", {}), message("welcome", null), message("stage", { main: 4, video: [], audio: [] }),
    message("participant.joined", { participant: { id: 1, role: "rep" } }),
    message("participant.joined", { participant: { id: "1", role: "king" } }),
    message("quality", { participant: "a", dots: "4" }), message("visit", { state: "gone" }),
  ])("%j is refused", (value) => {
    expect(() => parseServerMessage(value)).toThrow();
  });
});

/* tests/protocol is read by the server's tests/unit/signal/test_envelope.c too: the server writes
 * exactly these events, and understands or refuses exactly these messages. */
const fixture = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../../tests/protocol/${name}`, import.meta.url), "utf8"));

describe("what the server writes (server.json)", () => {
  const { state, events, news } = fixture("server.json") as {
    state: RoomState;
    events: readonly { type: string; seq: number }[];
    news: readonly { type: string; data: object }[];
  };

  test("is enough to test with", () => {
    expect(events.length).toBeGreaterThan(5);
  });

  test.each(events.map((event) => [event.type, event] as const))("%s is understood", (type, event) => {
    expect(parseServerMessage(event)).toMatchObject({ type, seq: event.seq, id: null });
  });

  test.each(news.map((event) => [event.type, event] as const))("the news %s is understood", (type, event) => {
    const told = parseServerMessage(event);
    expect(told).toMatchObject({ type, seq: null });
    expect(Object.values(told)).toContainEqual(event.data);
  });

  test("the events, one after the other, make the state", () => {
    const nobody = { participants: [], sources: [], stage: { main: null, video: [], audio: [] } };
    const hello = parseServerMessage({ v: 1, type: "welcome", seq: 99, data: { participant: "p1", role: "rep", state: { ...nobody, visit: { id: "visit1", title: "", state: "planned", recording: "off" } } } });
    const visit = events.map(parseServerMessage).reduce(reduce, reduce(null, hello));
    expect(visit).toMatchObject({ ...state, seq: events.at(-1)?.seq });
  });

  test("a welcome with that state is taken as it is", () => {
    const welcome = parseServerMessage({ v: 1, id: "1", type: "welcome", seq: 116, data: { participant: state.participants[0], role: "rep", state } });
    expect(welcome).toMatchObject({ state, seq: 116, id: "1" });
  });
});

describe("what the server understands (client.json)", () => {
  const { accepted } = fixture("client.json") as { accepted: readonly ({ v: number; id?: string; data?: unknown } & ClientBody)[] };

  test.each(accepted.filter((m) => m.id !== undefined).map((m) => [m.type, m] as const))("%s is what we write", (_, { id, type, data }) => {
    expect(JSON.parse(writeClientMessage(id ?? "", { type, data } as ClientBody))).toEqual({ v: 1, id, type, data });
  });
});

test("client messages carry version and id", () => {
  const written: unknown = JSON.parse(writeClientMessage("9", { type: "rename", data: { name: "Ida" } }));
  expect(written).toEqual({ v: 1, id: "9", type: "rename", data: { name: "Ida" } });
});
