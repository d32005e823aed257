/* Which slot of the stage is shown where: the k-th video line of a WHEP session carries slot k. */
import type { MatteLayout, MattePerson } from "./matte-layout";
import type { Source } from "./protocol";
import type { Visit } from "./visit";

export interface SlotView {
  readonly slot: number;
  readonly source: string;
  readonly kind: Source["kind"];
  readonly name: string;
  readonly mine: boolean;
  /* The picture is a stacked one, to be composed. */
  readonly matte: MatteLayout | null;
  /* How tall who stands in it is; null: nobody measured. */
  readonly marks: MattePerson | null;
}

export interface StageView {
  /* Null while there is nothing to see. */
  readonly main: SlotView | null;
  readonly insets: readonly SlotView[];
  /* Audio slots to play; never one's own. */
  readonly audible: readonly number[];
}

export const EMPTY_STAGE: StageView = { main: null, insets: [], audible: [] };

/* The virtual person to be put into a room: the large one, or the first there is. */
export function personOf({ main, insets }: StageView): SlotView | null {
  return [main, ...insets].find((slot) => slot !== null && slot.matte !== null) ?? null;
}

/* `hideMine`: customers see themselves in their own corner instead of in the stage's. */
export function stageView(visit: Visit | null, options: { hideMine: boolean }): StageView {
  if (visit === null) {
    return EMPTY_STAGE;
  }
  const sources = new Map(visit.sources.map((s) => [s.id, s]));
  const names = new Map(visit.participants.map((p) => [p.id, p.name]));
  const slots: SlotView[] = [];
  visit.stage.video.forEach((id, slot) => {
    const source = id === null ? undefined : sources.get(id);
    if (source === undefined || !source.video || !(source.video_alive ?? source.alive)) {
      return;
    }
    if (source.kind === "person" && source.matte_layout === null) {
      return; /* stacked, and nobody knows how yet: not a sight for anybody */
    }
    const mine = source.participant === visit.me;
    if (mine && options.hideMine) {
      return;
    }
    slots.push({ slot, source: source.id, kind: source.kind, name: names.get(source.participant) ?? "", mine, matte: source.matte_layout, marks: source.person });
  });
  const audible: number[] = [];
  visit.stage.audio.forEach((id, slot) => {
    const source = id === null ? undefined : sources.get(id);
    if (source !== undefined && source.audio && source.participant !== visit.me) {
      audible.push(slot);
    }
  });
  /* Nobody is put in the middle of everybody's screen because the presenter's camera is off. */
  const guests = new Set(visit.participants.filter((p) => p.role === "customer").map((p) => p.id));
  const presented = slots.filter((s) => !guests.has(sources.get(s.source)?.participant ?? ""));
  const main = slots.find((s) => s.source === visit.stage.main) ?? presented[0] ?? null;
  return { main, insets: slots.filter((s) => s !== main), audible };
}
