/* The rep's sheet of live sources in a visit: which there are, which is on stage. */
import { html, type TemplateResult } from "lit";
import type { LiveSource } from "./core/api";
import { Asking } from "./asking";
import { Pace } from "./core/pace";
import { t } from "./core/strings";
import { words, type Api } from "./net/api";
import "./ui/stage-sources";

/* How often is asked while the sheet is open. */
const SOON = 2_000;
const LATER = 10_000;

export interface StageSourcesOptions {
  readonly api: Api;
  readonly visit: string;
  readonly signal: AbortSignal;
  readonly onchange: () => void;
}

export class StageSources {
  private sources: readonly LiveSource[] | null = null;
  private sheet = { open: false, busy: "", failure: "" };
  /* What takes a source off stage that we put on: feed by source. */
  private readonly feeds = new Map<string, string>();
  private readonly pace = new Pace(SOON, LATER, () => performance.now());
  private readonly asking: Asking;

  constructor(private readonly options: StageSourcesOptions) {
    this.asking = new Asking({ ask: () => this.ask(), signal: options.signal });
  }

  open(): void {
    this.sheet = { open: true, busy: "", failure: "" };
    void this.asking.now();
    this.options.onchange();
  }

  /* Asked only while the sheet is open. */
  private async ask(): Promise<number | null> {
    if (!this.sheet.open) {
      return null;
    }
    try {
      this.sources = await this.options.api.sources();
    } catch (error) {
      this.sources ??= [];
      this.sheet = { ...this.sheet, failure: this.words(error) };
    }
    this.options.onchange();
    return this.pace.wait(this.sources.map((s) => `${s.id} ${s.state} ${s.visit ?? ""}`).join());
  }

  private words(error: unknown): string {
    return words(error, t("error.offline"), t("error.odd"));
  }

  private async putOn(id: string): Promise<void> {
    const { api, visit, onchange } = this.options;
    const source = this.sources?.find((s) => s.id === id);
    this.sheet = { ...this.sheet, busy: id, failure: "" };
    onchange();
    try {
      this.feeds.set(id, await api.startFeed(visit, id));
      this.sheet = { open: false, busy: "", failure: "" };
    } catch (error) {
      this.sheet = { ...this.sheet, busy: "", failure: t("visit.source_failed", { name: source?.name ?? "", why: this.words(error) }) };
    }
    onchange();
    await this.asking.now();
  }

  private async takeOff(id: string): Promise<void> {
    const { api, visit, onchange } = this.options;
    const feed = this.feeds.get(id) ?? this.sources?.find((s) => s.id === id)?.feed ?? null;
    this.sheet = { ...this.sheet, busy: id, failure: "" };
    onchange();
    try {
      if (feed !== null) {
        await api.stopFeed(visit, feed);
      }
      this.feeds.delete(id);
      this.sheet = { ...this.sheet, busy: "" };
    } catch (error) {
      this.sheet = { ...this.sheet, busy: "", failure: this.words(error) };
    }
    onchange();
    await this.asking.now();
  }

  content(): TemplateResult {
    return html`<pl-stage-sources
      .open=${this.sheet.open}
      .visit=${this.options.visit}
      .sources=${this.sources}
      .busy=${this.sheet.busy}
      .failure=${this.sheet.failure}
      @pl-on=${(e: CustomEvent<string>) => void this.putOn(e.detail)}
      @pl-off=${(e: CustomEvent<string>) => void this.takeOff(e.detail)}
      @pl-close=${() => {
        this.sheet = { open: false, busy: "", failure: "" };
        this.options.onchange();
      }}
    ></pl-stage-sources>`;
  }
}
