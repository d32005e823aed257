import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseServerMessage, writeClientMessage } from "../../src/core/protocol";
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

  /* The same files are read by the server's tests. */
  const folder = new URL("../../../tests/protocol/", import.meta.url);
  const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith(".json")) : [];
  test.each(files.length === 0 ? [] : files)("fixture %s holds messages we understand", (file) => {
    const value: unknown = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
    const messages = Array.isArray(value) ? value : Object.values(value as object).flat();
    const fromServer = messages.filter((m): m is { seq: unknown } => typeof m === "object" && m !== null && "seq" in m);
    for (const m of fromServer) {
      expect(parseServerMessage(m).type).not.toBe("unknown");
    }
  });
});

test("client messages carry version and id", () => {
  const written: unknown = JSON.parse(writeClientMessage("9", { type: "rename", data: { name: "Ida" } }));
  expect(written).toEqual({ v: 1, id: "9", type: "rename", data: { name: "Ida" } });
});
