import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { VisitSocket } from "../../src/net/socket";
import { room } from "../core/fixtures";

class FakeSocket {
  readyState = 0;
  readonly sent: { type: string; data: Record<string, unknown> }[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
  }
  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  says(type: string, data: unknown, seq: number | null): void {
    this.onmessage?.({ data: JSON.stringify({ v: 1, type, data, seq }) });
  }
  breaks(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

describe("the visit's socket", () => {
  let sockets: FakeSocket[];
  let states: string[];
  let refusals: string[];
  let life: AbortController;
  let ready: boolean;

  function open(): VisitSocket {
    return new VisitSocket({
      url: "ws://localhost/ws",
      visit: "v1",
      token: "tok",
      name: () => "Jonas",
      signal: life.signal,
      onmessage: () => undefined,
      onstate: (state) => states.push(state),
      onrefused: (reason) => refusals.push(reason),
      random: () => 1,
      ready: () => Promise.resolve(ready),
      createSocket: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket as unknown as WebSocket;
      },
    });
  }
  const greet = (socket: FakeSocket | undefined, seq: number): void => {
    socket?.opens();
    socket?.says("welcome", { participant: "jonas", role: "customer", state: room }, seq);
  };

  beforeEach(() => {
    vi.useFakeTimers();
    sockets = [];
    states = [];
    refusals = [];
    ready = false;
    life = new AbortController();
  });
  afterEach(() => {
    life.abort();
    vi.useRealTimers();
  });

  test("says hello first and nothing else before the welcome", () => {
    const socket = open();
    sockets[0]?.opens();
    socket.send({ type: "rename", data: { name: "Ida" } });
    expect(sockets[0]?.sent).toMatchObject([{ type: "hello", data: { visit: "v1", token: "tok", name: "Jonas" } }]);
    expect(sockets[0]?.sent[0]?.data).not.toHaveProperty("resume");
  });

  test("comes back and resumes after the last event it saw", async () => {
    open();
    greet(sockets[0], 5);
    sockets[0]?.says("participant.left", { id: "ida" }, 6);
    sockets[0]?.says("quality", { participant: "jonas", dots: 4 }, null);
    sockets[0]?.breaks(1006);
    await vi.advanceTimersByTimeAsync(200);
    sockets[1]?.opens();
    expect(sockets[1]?.sent[0]?.data).toMatchObject({ resume: 6, participant: "jonas" });
    expect(states).toEqual(["connecting", "open", "reconnecting", "reconnecting"]);
  });

  test("does not come back where it is not let in", async () => {
    open();
    sockets[0]?.opens();
    sockets[0]?.breaks(1008, "This link no longer opens the door.");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
    expect(refusals).toEqual(["This link no longer opens the door."]);
  });

  test("survives messages it cannot read", () => {
    open();
    sockets[0]?.opens();
    sockets[0]?.onmessage?.({ data: "not json" });
    greet(sockets[0], 1);
    expect(states.at(-1)).toBe("open");
  });

  test("leaves a server that is going away when the next one is ready, without a good-bye", async () => {
    open();
    greet(sockets[0], 5);
    sockets[0]?.says("going-away", { seconds: 60 }, null);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sockets).toHaveLength(1); /* nobody else is there: it stays */
    ready = true;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sockets).toHaveLength(2);
    expect(sockets[0]?.readyState).toBe(3);
    expect(sockets[0]?.sent.map((message) => message.type)).not.toContain("bye");
    greet(sockets[1], 1);
    expect(sockets[1]?.sent[0]?.data).toMatchObject({ resume: 5, participant: "jonas" });
    expect(states).toEqual(["connecting", "open", "reconnecting", "open"]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sockets).toHaveLength(2);
  });

  test("comes back as usual when the server that was going away has gone", async () => {
    open();
    greet(sockets[0], 5);
    sockets[0]?.says("going-away", { seconds: 1 }, null);
    sockets[0]?.breaks(1001, "going-away");
    ready = true;
    await vi.advanceTimersByTimeAsync(200);
    expect(sockets).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets).toHaveLength(2);
  });

  test("takes a silent connection for a lost one", async () => {
    open();
    greet(sockets[0], 1);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(sockets.length).toBeGreaterThan(1);
  });

  test("says good-bye when it is left", () => {
    open();
    greet(sockets[0], 1);
    life.abort();
    expect(sockets[0]?.sent.at(-1)?.type).toBe("bye");
    expect(states.at(-1)).toBe("closed");
  });

  test("that is asked and does not answer is replaced at once", async () => {
    const socket = open();
    greet(sockets[0], 3);
    socket.check();
    expect(sockets[0]?.sent.at(-1)).toMatchObject({ type: "ping" });
    await vi.advanceTimersByTimeAsync(1_600);
    expect(sockets).toHaveLength(2);
    sockets[1]?.opens();
    expect(sockets[1]?.sent[0]).toMatchObject({ type: "hello", data: { participant: "jonas", resume: 3 } });
  });

  test("that answers when it is asked stays", async () => {
    const socket = open();
    greet(sockets[0], 3);
    await vi.advanceTimersByTimeAsync(10);
    socket.check();
    sockets[0]?.says("pong", {}, null);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(sockets).toHaveLength(1);
  });

  test("that does not come up is tried anew", async () => {
    open();
    await vi.advanceTimersByTimeAsync(5_400);
    expect(sockets).toHaveLength(2);
  });
});
