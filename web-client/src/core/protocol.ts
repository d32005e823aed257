/* The messages of /ws, see server/signal/protocol.md. Parsed from unknown, never cast. */
import { matteLayout, mattePerson } from "./matte-layout";
import {
  flag, list, maybe, nullable, number, object, oneOf, read, ShapeError, text, withDefault, type Shape,
} from "./shape";

export const PROTOCOL_VERSION = 1;

export const role = oneOf("rep", "customer", "encoder");
export type Role = Shape<typeof role>;

export const visitState = oneOf("planned", "lobby", "live", "ended");
export type VisitPhase = Shape<typeof visitState>;

export const recording = oneOf("off", "ask", "on");
export type Recording = Shape<typeof recording>;

export const participant = object({
  id: text,
  name: withDefault(text, ""),
  role,
  present: withDefault(flag, true),
  consented: withDefault(flag, false),
  consented_recording: withDefault(flag, false),
});
export type Participant = Shape<typeof participant>;

/* `audio` and `video`: such a track exists; the `…alive` fields: packets of it come. */
export const source = object({
  id: text,
  participant: withDefault(text, ""),
  kind: oneOf("camera", "screen", "person", "content"),
  audio: withDefault(flag, false),
  video: withDefault(flag, false),
  alive: withDefault(flag, false),
  audio_alive: nullable(flag),
  video_alive: nullable(flag),
  /* A virtual person's: how the picture is laid out, and how tall the person is. */
  matte_layout: nullable(matteLayout),
  person: nullable(mattePerson),
});
export type Source = Shape<typeof source>;

export const stage = object({
  main: nullable(text),
  video: list(nullable(text)),
  audio: list(nullable(text)),
});
export type Stage = Shape<typeof stage>;

export const visitSummary = object({
  id: text,
  title: withDefault(text, ""),
  state: visitState,
  recording: withDefault(recording, "off"),
  /* Something may be recorded at this moment. */
  recording_active: withDefault(flag, false),
  /* Why nothing can be recorded: `disk_full`, `too_long`, `no_recorder`. */
  recording_problem: nullable(text),
});
export type VisitSummary = Shape<typeof visitSummary>;

/* `t`: Unix ms. */
export const question = object({
  id: text,
  participant: withDefault(text, ""),
  name: withDefault(text, ""),
  text,
  t: withDefault(number, 0),
});
export type Question = Shape<typeof question>;

export const roomState = object({
  visit: visitSummary,
  participants: list(participant),
  sources: list(source),
  stage,
  questions: withDefault(list(question), []),
});
export type RoomState = Shape<typeof roomState>;

export const quality = object({
  participant: text,
  dots: number,
  loss: withDefault(number, 0),
  rtt_ms: withDefault(number, 0),
  kbit_s: withDefault(number, 0),
});
export type Quality = Shape<typeof quality>;

const visitChange = object({
  state: visitState,
  title: nullable(text),
  recording: nullable(recording),
  recording_active: nullable(flag),
  /* Absent: as before. */
  recording_problem: maybe(nullable(text)),
});

/* How a live source that feeds the visit does; staff only. */
export const feed = object({
  source: text,
  state: oneOf("off", "waiting", "connected", "lost"),
  delay_ms: nullable(number),
  detail: withDefault(text, ""),
});
export type Feed = Shape<typeof feed>;

/* This client's browser has no codec for what is on stage. */
const unplayable = object({ kind: withDefault(oneOf("audio", "video"), "video"), codec: withDefault(text, "") });
export type Unplayable = Shape<typeof unplayable>;

export type ServerBody =
  | { readonly type: "welcome"; readonly participant: string; readonly role: Role; readonly state: RoomState }
  | { readonly type: "ok" }
  | { readonly type: "error"; readonly code: string; readonly message: string }
  | { readonly type: "participant.joined" | "participant.changed"; readonly participant: Participant }
  | { readonly type: "participant.left"; readonly participant: string }
  | { readonly type: "source.added" | "source.changed"; readonly source: Source }
  | { readonly type: "source.removed"; readonly source: string }
  | { readonly type: "stage"; readonly stage: Stage }
  | { readonly type: "visit"; readonly visit: Shape<typeof visitChange> }
  | { readonly type: "quality"; readonly quality: Quality }
  | { readonly type: "invite.opened" }
  | { readonly type: "question"; readonly question: Question }
  | { readonly type: "feed"; readonly feed: Feed }
  | { readonly type: "unplayable"; readonly unplayable: Unplayable }
  | { readonly type: "going-away"; readonly leaving: { readonly seconds: number } }
  | { readonly type: "unknown"; readonly name: string };

export type ServerMessage = ServerBody & { readonly id: string | null; readonly seq: number | null };

const requestId = (value: unknown): string | null =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : null;

const envelope = object({ v: number, type: text, seq: nullable(number) });

/* The participant of `welcome` is its id, or the whole object. */
function participantId(value: unknown): string {
  return typeof value === "string" ? value : read(object({ id: text }), value).id;
}

function parseBody(type: string, data: unknown): ServerBody {
  switch (type) {
    case "welcome": {
      const fields = read(object({ role, state: roomState }), data);
      const self = participantId((data as { participant?: unknown }).participant);
      return { type, participant: self, role: fields.role, state: fields.state };
    }
    case "ok":
      return { type };
    case "error":
      return { type, ...read(object({ code: text, message: withDefault(text, "") }), data) };
    case "participant.joined":
    case "participant.changed":
      return { type, participant: read(object({ participant }), data).participant };
    case "participant.left":
      return { type, participant: read(object({ id: text }), data).id };
    case "source.added":
    case "source.changed":
      return { type, source: read(object({ source }), data).source };
    case "source.removed":
      return { type, source: read(object({ id: text }), data).id };
    case "stage":
      return { type, stage: read(stage, data) };
    case "visit":
      return { type, visit: read(visitChange, data) };
    case "quality":
      return { type, quality: read(quality, data) };
    case "invite.opened":
      return { type };
    case "question":
      return { type, question: read(object({ question }), data).question };
    case "feed":
      return { type, feed: read(feed, data) };
    case "unplayable":
      return { type, unplayable: read(unplayable, data) };
    case "going-away":
      return { type, leaving: read(object({ seconds: number }), data) };
    default:
      return { type: "unknown", name: type };
  }
}

/* The most a question may have; the server refuses more. */
export const QUESTION_MAX = 500;

/* Throws ShapeError on anything that is no message of this protocol. */
export function parseServerMessage(value: unknown): ServerMessage {
  const head = read(envelope, value);
  if (head.v !== PROTOCOL_VERSION) {
    throw new ShapeError("v", String(PROTOCOL_VERSION));
  }
  const { id, data } = value as { id?: unknown; data?: unknown };
  return { ...parseBody(head.type, data), id: requestId(id), seq: head.seq };
}

export interface Hello {
  readonly visit: string;
  readonly token?: string;
  readonly name?: string;
  /* Coming back: who we were, and the last event we saw. */
  readonly participant?: string;
  readonly resume?: number;
}

export type ClientBody =
  | { readonly type: "hello"; readonly data: Hello }
  | { readonly type: "ping"; readonly data: Record<string, never> }
  | { readonly type: "rename"; readonly data: { name: string } }
  | { readonly type: "consent"; readonly data: { watch: true; recording: boolean } }
  | { readonly type: "stage.set"; readonly data: { main: string | null } }
  | { readonly type: "ask"; readonly data: { text: string } }
  | { readonly type: "visit.end"; readonly data: Record<string, never> }
  | { readonly type: "bye"; readonly data: Record<string, never> };

export function writeClientMessage(id: string, body: ClientBody): string {
  return JSON.stringify({ v: PROTOCOL_VERSION, id, ...body });
}
