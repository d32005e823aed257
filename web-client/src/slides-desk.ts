/* The console's slide decks. Lives as long as that view is shown. */
import { html, render, type TemplateResult } from "lit";
import type { SlidePage, SlidesInfo } from "./core/api";
import { t } from "./core/strings";
import { kindOf, titleOf } from "./core/upload";
import { Asking } from "./asking";
import { Pace } from "./core/pace";
import { words } from "./net/api";
import type { DeskOptions } from "./walkthroughs-desk";
import "./ui/slides-list";

const SOON = 1_000;
const MAKING = 4_000;
const LATER = 15_000;

/* A page's files are named from its deck's folder, or from the root. */
function urlOf(deck: string, file: string): string {
  return file.startsWith("/") ? file : `/slides/${encodeURIComponent(deck)}/${encodeURIComponent(file)}`;
}

export class SlidesDesk {
  private decks: readonly SlidesInfo[] | null = null;
  private failure = "";
  private trouble = "";
  private shown: SlidesInfo | null = null;
  private texts: ReadonlyMap<number, string> = new Map();
  /* The list is told without pages; those of a deck never change. */
  private readonly pages = new Map<string, readonly SlidePage[]>();
  private readonly pace = new Pace(SOON, LATER, () => performance.now());
  private readonly asking: Asking;

  constructor(private readonly options: DeskOptions) {
    this.asking = new Asking({ ask: () => this.ask(), signal: options.signal });
    this.draw();
    void this.load();
  }

  load(): Promise<void> {
    return this.asking.now();
  }

  private async ask(): Promise<number | null> {
    try {
      const decks = (await this.options.api.slides()).map((deck) => this.resolved(deck));
      this.decks = decks;
      this.failure = "";
      this.draw();
      await this.readPages(decks);
    } catch (error) {
      if (this.options.signedOut(error)) {
        return null;
      }
      this.failure = this.words(error);
    }
    this.draw();
    const making = this.decks?.some((d) => d.state === "compiling") === true;
    const news = (this.decks ?? []).map((d) => `${d.id} ${d.state}`).join();
    return making || this.failure !== "" ? this.pace.wait(`${this.failure} ${news}`, MAKING) : LATER;
  }

  /* One after the other, once for each deck. */
  private async readPages(decks: readonly SlidesInfo[]): Promise<void> {
    for (const { id, state, pages } of decks) {
      if (state !== "ready" || pages.length > 0 || this.options.signal.aborted) {
        continue;
      }
      try {
        this.pages.set(id, (await this.options.api.slidesOf(id)).pages);
      } catch (error) {
        if (this.options.signedOut(error)) {
          return;
        }
        continue; /* it may be gone; the next time tells */
      }
      this.decks = (this.decks ?? []).map((deck) => (deck.id === id ? this.resolved(deck) : deck));
      this.draw();
    }
  }

  private resolved(deck: SlidesInfo): SlidesInfo {
    const known = deck.pages.length > 0 ? deck.pages : (this.pages.get(deck.id) ?? []);
    const pages = known.map((page): SlidePage => ({
      ...page,
      image: urlOf(deck.id, page.image),
      text: page.text === null ? null : urlOf(deck.id, page.text),
    }));
    return { ...deck, pages };
  }

  private words(error: unknown): string {
    return words(error, t("error.offline"), t("error.odd"));
  }

  private choose(files: readonly File[]): void {
    this.trouble = "";
    for (const file of files) {
      if (kindOf(file.name, file.type) === "slides") {
        this.options.uploads.add(file, { purpose: "slides", title: titleOf(file.name), key: "" });
      } else {
        this.trouble = t("slides.not_pdf", { name: file.name });
      }
    }
    this.draw();
  }

  private async open(id: string): Promise<void> {
    this.shown = null;
    this.texts = new Map();
    this.draw();
    if (id === "") {
      return;
    }
    try {
      const deck = this.resolved(await this.options.api.slidesOf(id));
      this.shown = deck;
      this.draw();
      await this.readTexts(deck);
    } catch (error) {
      if (!this.options.signedOut(error)) {
        this.trouble = this.words(error);
      }
    }
    this.draw();
  }

  /* One after the other: a deck may have two hundred pages. */
  private async readTexts(deck: SlidesInfo): Promise<void> {
    for (const [i, page] of deck.pages.entries()) {
      if (page.text === null || this.shown !== deck || this.options.signal.aborted) {
        continue;
      }
      const words = await this.options.api.pageText(page.text).catch(() => "");
      this.texts = new Map(this.texts).set(i, words);
      this.draw();
    }
  }

  private async remove(id: string): Promise<void> {
    this.trouble = "";
    try {
      await this.options.api.deleteSlides(id);
    } catch (error) {
      if (this.options.signedOut(error)) {
        return;
      }
      this.trouble = this.words(error);
    }
    await this.load();
  }

  draw(): void {
    if (!this.options.signal.aborted) {
      render(this.content(), this.options.host);
    }
  }

  private content(): TemplateResult {
    const { uploads } = this.options;
    return html`<pl-slides-list
      .decks=${this.decks}
      .uploads=${uploads.list.filter((u) => u.job.purpose === "slides")}
      .failure=${this.failure}
      .trouble=${this.trouble}
      .shown=${this.shown}
      .texts=${this.texts}
      @pl-files=${(e: CustomEvent<readonly File[]>) => this.choose(e.detail)}
      @pl-pause=${(e: CustomEvent<string>) => uploads.pause(e.detail)}
      @pl-resume=${(e: CustomEvent<string>) => uploads.resume(e.detail)}
      @pl-cancel=${(e: CustomEvent<string>) => uploads.cancel(e.detail)}
      @pl-open=${(e: CustomEvent<string>) => void this.open(e.detail)}
      @pl-delete=${(e: CustomEvent<string>) => void this.remove(e.detail)}
      @pl-retry=${() => void this.load()}
    ></pl-slides-list>`;
  }
}
