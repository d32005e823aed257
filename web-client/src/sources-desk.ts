/* The console's live sources. Lives as long as that view is shown. */
import { html, render, type TemplateResult } from "lit";
import type { LiveSource, NewSource, WalkthroughInfo } from "./core/api";
import { t } from "./core/strings";
import { Asking } from "./asking";
import { Pace } from "./core/pace";
import { words, type Api } from "./net/api";
import { copyText } from "./page";
import "./ui/new-source";
import "./ui/source-list";

const SOON = 2_000;
const LATER = 10_000;
const COPIED_STAYS = 2_500;

export interface SourcesDeskOptions {
  readonly host: HTMLElement;
  readonly api: Api;
  readonly mayWrite: boolean;
  readonly signal: AbortSignal;
  readonly signedOut: (error: unknown) => boolean;
}

export class SourcesDesk {
  private sources: readonly LiveSource[] | null = null;
  private walkthroughs: readonly WalkthroughInfo[] = [];
  private failure = "";
  private trouble = "";
  private copied = "";
  private creating = { open: false, busy: false, failure: "" };
  private readonly pace = new Pace(SOON, LATER, () => performance.now());
  private readonly asking: Asking;

  constructor(private readonly options: SourcesDeskOptions) {
    this.asking = new Asking({ ask: () => this.ask(), signal: options.signal });
    this.draw();
    void this.load();
    void this.loadFilms();
  }

  private load(): Promise<void> {
    return this.asking.now();
  }

  private async ask(): Promise<number | null> {
    try {
      this.sources = await this.options.api.sources();
      this.failure = "";
    } catch (error) {
      if (this.options.signedOut(error)) {
        return null;
      }
      this.failure = this.words(error);
    }
    this.draw();
    return this.pace.wait(`${this.failure} ${(this.sources ?? []).map((s) => `${s.id} ${s.state} ${s.visit ?? ""}`).join()}`);
  }

  private async loadFilms(): Promise<void> {
    try {
      this.walkthroughs = await this.options.api.walkthroughs();
    } catch {
      this.walkthroughs = []; /* only playlists need them */
    }
    this.draw();
  }

  private words(error: unknown): string {
    return words(error, t("error.offline"), t("error.odd"));
  }

  private async wish(act: () => Promise<unknown>): Promise<void> {
    this.trouble = "";
    try {
      await act();
    } catch (error) {
      if (this.options.signedOut(error)) {
        return;
      }
      this.trouble = this.words(error);
    }
    await this.load();
  }

  private async create(wish: NewSource): Promise<void> {
    this.creating = { open: true, busy: true, failure: "" };
    this.draw();
    try {
      await this.options.api.createSource(wish);
      this.creating = { open: false, busy: false, failure: "" };
    } catch (error) {
      if (this.options.signedOut(error)) {
        return;
      }
      this.creating = { open: true, busy: false, failure: this.words(error) };
    }
    await this.load();
  }

  private async copy({ id, what }: { id: string; what: "server" | "key" }): Promise<void> {
    const source = this.sources?.find((s) => s.id === id);
    const value = what === "server" ? source?.server : source?.stream_key;
    if (value === undefined || value === null || !(await copyText(value))) {
      return;
    }
    this.copied = `${id} ${what}`;
    this.draw();
    setTimeout(() => {
      this.copied = "";
      this.draw();
    }, COPIED_STAYS);
  }

  private draw(): void {
    if (!this.options.signal.aborted) {
      render(this.content(), this.options.host);
    }
  }

  private content(): TemplateResult {
    const { api } = this.options;
    return html`<pl-source-list
        .sources=${this.sources}
        .mayWrite=${this.options.mayWrite}
        .failure=${this.failure}
        .trouble=${this.trouble}
        .copied=${this.copied}
        .films=${new Map(this.walkthroughs.map((w) => [w.id, w.title]))}
        @pl-new=${() => {
          this.creating = { open: true, busy: false, failure: "" };
          this.draw();
        }}
        @pl-copy=${(e: CustomEvent<{ id: string; what: "server" | "key" }>) => void this.copy(e.detail)}
        @pl-roll=${(e: CustomEvent<string>) => void this.wish(() => api.changeSource(e.detail, { roll_key: true }))}
        @pl-delete=${(e: CustomEvent<string>) => void this.wish(() => api.deleteSource(e.detail))}
        @pl-retry=${() => void this.load()}
      ></pl-source-list>
      <pl-new-source
        .open=${this.creating.open}
        .busy=${this.creating.busy}
        .failure=${this.creating.failure}
        .walkthroughs=${this.walkthroughs}
        @pl-create=${(e: CustomEvent<NewSource>) => void this.create(e.detail)}
        @pl-close=${() => {
          this.creating = { open: false, busy: false, failure: "" };
          this.draw();
        }}
      ></pl-new-source>`;
  }
}
