/* What a client knows of a visit, as one value; `reduce` is the only way it changes. */
import type { Feed, Participant, Quality, Question, Role, ServerMessage, Source, Stage, VisitSummary } from "./protocol";

export interface Visit {
  readonly me: string;
  readonly role: Role;
  readonly visit: VisitSummary;
  readonly participants: readonly Participant[];
  readonly sources: readonly Source[];
  readonly stage: Stage;
  readonly quality: ReadonlyMap<string, Quality>;
  /* Oldest first. */
  readonly questions: readonly Question[];
  /* How the live sources on stage do, by the source of the visit; staff only. */
  readonly feeds: ReadonlyMap<string, Feed>;
  /* What this browser cannot show; "" when it can show all. */
  readonly unplayable: string;
  /* Number of the last event that was applied; what a resumed socket asks to continue from. */
  readonly seq: number;
}

/* As many as the server tells who joins. */
const QUESTIONS_KEPT = 100;

function put<T extends { readonly id: string }>(items: readonly T[], item: T): readonly T[] {
  return items.some((i) => i.id === item.id)
    ? items.map((i) => (i.id === item.id ? item : i))
    : [...items, item];
}

function without<T extends { readonly id: string }>(items: readonly T[], id: string): readonly T[] {
  return items.filter((i) => i.id !== id);
}

function apply(visit: Visit, message: ServerMessage): Visit {
  switch (message.type) {
    case "participant.joined":
    case "participant.changed":
      return { ...visit, participants: put(visit.participants, message.participant) };
    case "participant.left": {
      const quality = new Map(visit.quality);
      quality.delete(message.participant);
      return { ...visit, quality, participants: without(visit.participants, message.participant) };
    }
    case "source.added":
    case "source.changed":
      return { ...visit, sources: put(visit.sources, message.source) };
    case "source.removed": {
      const feeds = new Map(visit.feeds);
      feeds.delete(message.source);
      return { ...visit, feeds, sources: without(visit.sources, message.source) };
    }
    case "stage":
      /* Another picture may be one this browser knows; if not, the server says so again. */
      return { ...visit, stage: message.stage, unplayable: message.stage.main === visit.stage.main ? visit.unplayable : "" };
    case "visit": {
      const { state, title, recording, recording_active: active, recording_problem: problem } = message.visit;
      const { visit: old } = visit;
      return {
        ...visit,
        visit: {
          ...old,
          state,
          title: title ?? old.title,
          recording: recording ?? old.recording,
          recording_active: active ?? old.recording_active,
          recording_problem: problem === undefined ? old.recording_problem : problem,
        },
      };
    }
    case "quality": {
      const quality = new Map(visit.quality);
      quality.set(message.quality.participant, message.quality);
      return { ...visit, quality };
    }
    case "question":
      return { ...visit, questions: put(visit.questions, message.question).slice(-QUESTIONS_KEPT) };
    case "feed": {
      const feeds = new Map(visit.feeds);
      feeds.set(message.feed.source, message.feed);
      return { ...visit, feeds };
    }
    case "unplayable":
      return message.unplayable.kind === "video" ? { ...visit, unplayable: message.unplayable.codec || "?" } : visit;
    case "welcome":
    case "ok":
    case "error":
    case "invite.opened":
    case "going-away":
    case "unknown":
      return visit;
  }
}

/* Null before the first welcome. An event that was already applied (seq not above ours) is dropped:
 * after a resume the server may repeat what crossed the break. */
export function reduce(visit: Visit | null, message: ServerMessage): Visit | null {
  if (message.type === "welcome") {
    return {
      me: message.participant,
      role: message.role,
      ...message.state,
      quality: visit?.quality ?? new Map(),
      feeds: visit?.feeds ?? new Map(),
      unplayable: visit?.unplayable ?? "",
      seq: message.seq ?? 0,
    };
  }
  if (visit === null || (message.seq !== null && message.seq <= visit.seq)) {
    return visit;
  }
  const next = apply(visit, message);
  return message.seq === null ? next : { ...next, seq: message.seq };
}
