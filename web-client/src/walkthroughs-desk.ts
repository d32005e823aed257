/* The console's walkthroughs: what is uploaded, made, published. Lives as long as that view is shown; the
 * uploads live as long as the page. */
import { html, render, type TemplateResult } from "lit";
import type { ProductInfo, WalkthroughInfo } from "./core/api";
import type { FilmQuestion } from "./core/film-questions";
import { Pace } from "./core/pace";
import { Problem } from "./core/problem";
import { textOf, vttOfSrt } from "./core/srt";
import { t } from "./core/strings";
import { kindOf, titleOf } from "./core/upload";
import { parseVtt } from "./core/vtt";
import { Asking } from "./asking";
import { words, type Api } from "./net/api";
import type { Uploads } from "./net/uploads";
import { copyText } from "./page";
import "./ui/walkthrough-list";
import "./ui/walkthrough-sheet";

/* While something is being made, at the latest, and while nothing is. */
const SOON = 1_000;
const MAKING = 4_000;
const LATER = 15_000;
const COPIED_STAYS = 2_500;
const CAPTIONS_MAX = 1024 * 1024;

export interface DeskOptions {
  readonly host: HTMLElement;
  readonly api: Api;
  readonly uploads: Uploads;
  readonly signal: AbortSignal;
  /* True when the failure was that nobody is signed in any more. */
  readonly signedOut: (error: unknown) => boolean;
}

export class WalkthroughsDesk {
  private walkthroughs: readonly WalkthroughInfo[] | null = null;
  private products: readonly ProductInfo[] = [];
  private questions: readonly FilmQuestion[] = [];
  private failure = "";
  private trouble = "";
  private copied = "";
  /* A file to be sent, and the film it takes the place of. */
  private chosen: { readonly file: File; readonly replaces: WalkthroughInfo | null } | null = null;
  private open: string | null = null;
  private busy = false;
  private sheetFailure = "";
  private sheetCopied = "";
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
      const { api } = this.options;
      const { open } = this;
      /* The list leaves out what only the sheet shows, such as captions. */
      const [all, whole, questions] = await Promise.all([
        api.walkthroughs(),
        open === null ? null : api.walkthrough(open).catch(() => null),
        open === null ? [] : api.filmQuestions(open).catch(() => []),
      ]);
      this.questions = open === this.open ? questions : [];
      this.walkthroughs = all.map((w) => (w.id === whole?.id ? whole : w));
      this.failure = "";
    } catch (error) {
      if (this.options.signedOut(error)) {
        return null;
      }
      this.failure = this.words(error);
    }
    this.draw();
    const making = this.walkthroughs?.some((w) => w.state === "compiling") === true;
    const news = (this.walkthroughs ?? []).map((w) => `${w.id} ${w.state} ${w.stage}`).join();
    return making || this.failure !== "" ? this.pace.wait(`${this.failure} ${news}`, MAKING) : LATER;
  }

  private async loadProducts(): Promise<void> {
    this.products = await this.options.api.products().catch(() => this.products); /* the rest works without */
    this.draw();
  }

  private words(error: unknown): string {
    return words(error, t("error.offline"), t("error.odd"));
  }

  private choose(files: readonly File[]): void {
    this.trouble = "";
    const films = files.filter((f) => kindOf(f.name, f.type) !== "captions" && kindOf(f.name, f.type) !== "slides");
    const { uploads } = this.options;
    const interrupted = uploads.list.filter((u) => u.state === "interrupted");
    const fresh = films.filter((f) => !interrupted.some((u) => u.name === f.name && u.size === f.size));
    if (films.length < files.length) {
      this.trouble = t("upload.not_film", { name: files.find((f) => !films.includes(f))?.name ?? "" });
    }
    for (const file of films.filter((f) => !fresh.includes(f))) {
      uploads.add(file, { purpose: "walkthrough", title: titleOf(file.name), key: "" });
    }
    const [only] = fresh;
    if (fresh.length === 1 && only !== undefined) {
      this.chosen = { file: only, replaces: null };
    } else {
      for (const file of fresh) {
        uploads.add(file, { purpose: "walkthrough", title: titleOf(file.name), key: "" });
      }
    }
    this.draw();
  }

  private async wish(act: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.sheetFailure = "";
    this.trouble = "";
    this.draw();
    let fine = false;
    try {
      await act();
      fine = true;
    } catch (error) {
      if (this.options.signedOut(error)) {
        return false;
      }
      if (this.open !== null) {
        this.sheetFailure = this.words(error);
      } else {
        this.trouble = this.words(error);
      }
    }
    this.busy = false;
    await this.load();
    return fine;
  }

  private async copy(text: string, what: "link" | "embed", slug: string): Promise<void> {
    if (await copyText(text)) {
      this.copied = what === "link" ? slug : "";
      this.sheetCopied = what;
      this.draw();
      setTimeout(() => {
        this.copied = this.sheetCopied = "";
        this.draw();
      }, COPIED_STAYS);
    }
  }

  private copyLink(slug: string): void {
    void this.copy(new URL(`/w/${slug}`, location.href).href, "link", slug);
  }

  private copyEmbed(slug: string): void {
    const src = new URL(`/w/${slug}/embed`, location.href).href;
    const code = `<iframe src="${src}" style="width:100%;aspect-ratio:16/9;border:0" allow="autoplay; fullscreen" allowfullscreen></iframe>`;
    void this.copy(code, "embed", slug);
  }

  private async captions(id: string, file: File, lang: string): Promise<void> {
    await this.wish(async () => {
      if (!/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(lang)) {
        throw new Problem(400, "", t("film.captions_lang_wrong"), "");
      }
      if (file.size > CAPTIONS_MAX) {
        throw new Problem(413, "", t("film.captions_big"), "");
      }
      const text = textOf(await file.arrayBuffer());
      const vtt = /^\ufeff?WEBVTT/.test(text) ? text : vttOfSrt(text);
      if (parseVtt(vtt).length === 0) {
        throw new Problem(400, "", t("film.captions_odd"), "");
      }
      const label = new Intl.DisplayNames([lang], { type: "language", fallback: "code" }).of(lang) ?? lang;
      await this.options.api.putCaptions(id, lang, label, vtt);
    });
  }

  draw(): void {
    if (!this.options.signal.aborted) {
      render(this.content(), this.options.host);
    }
  }

  private content(): TemplateResult {
    const { api, uploads } = this.options;
    const shown = this.walkthroughs?.find((w) => w.id === this.open) ?? null;
    const publish = (e: CustomEvent<{ id: string; published: boolean }>): void =>
      void this.wish(() => api.changeWalkthrough(e.detail.id, { published: e.detail.published }));
    const id = shown?.id ?? "";
    return html`<pl-walkthrough-list
        .walkthroughs=${this.walkthroughs?.filter((w) => w.answers === null) ?? null}
        .uploads=${uploads.list.filter((u) => u.job.purpose === "walkthrough" || u.job.purpose.startsWith("replace:"))}
        .failure=${this.failure}
        .trouble=${this.trouble}
        .copied=${this.copied}
        @pl-files=${(e: CustomEvent<readonly File[]>) => this.choose(e.detail)}
        @pl-pause=${(e: CustomEvent<string>) => uploads.pause(e.detail)}
        @pl-resume=${(e: CustomEvent<string>) => uploads.resume(e.detail)}
        @pl-cancel=${(e: CustomEvent<string>) => uploads.cancel(e.detail)}
        @pl-copy=${(e: CustomEvent<string>) => this.copyLink(e.detail)}
        @pl-publish=${publish}
        @pl-stop=${(e: CustomEvent<string>) => void this.wish(() => api.cancelWalkthrough(e.detail))}
        @pl-repeat=${(e: CustomEvent<string>) => void this.wish(() => api.retryWalkthrough(e.detail))}
        @pl-open=${(e: CustomEvent<string>) => {
          this.open = e.detail;
          this.questions = [];
          this.sheetFailure = "";
          this.draw();
          void this.load();
          void this.loadProducts();
        }}
        @pl-retry=${() => void this.load()}
      ></pl-walkthrough-list>
      <pl-new-film
        .file=${this.chosen?.file ?? null}
        .replaces=${this.chosen?.replaces ?? null}
        @pl-send=${(e: CustomEvent<{ title: string; key: string }>) => {
          const { chosen } = this;
          this.chosen = null;
          if (chosen !== null) {
            const purpose = chosen.replaces === null ? ("walkthrough" as const) : (`replace:${chosen.replaces.id}` as const);
            uploads.add(chosen.file, { purpose, ...e.detail });
          }
          this.draw();
        }}
        @pl-close=${() => {
          this.chosen = null;
          this.draw();
        }}
      ></pl-new-film>
      <pl-walkthrough-sheet
        .walkthrough=${shown}
        .products=${this.products}
        .questions=${this.questions}
        .answering=${uploads.list.filter((u) => this.questions.some((q) => u.job.purpose === `answer:${q.id}`))}
        @pl-words=${(e: CustomEvent<{ id: string; words: string }>) => void this.wish(() => api.changeFilmQuestion(e.detail.id, { words: e.detail.words === "" ? null : e.detail.words }))}
        @pl-park=${(e: CustomEvent<{ id: string; parked: boolean }>) => void this.wish(() => api.changeFilmQuestion(e.detail.id, { parked: e.detail.parked }))}
        @pl-question-gone=${(e: CustomEvent<string>) => void this.wish(() => api.deleteFilmQuestion(e.detail))}
        @pl-clip=${(e: CustomEvent<{ id: string; file: File; key: string }>) => {
          uploads.add(e.detail.file, { purpose: `answer:${e.detail.id}`, title: e.detail.file.name, key: e.detail.key });
          this.draw();
        }}
        @pl-pause=${(e: CustomEvent<string>) => uploads.pause(e.detail)}
        @pl-resume=${(e: CustomEvent<string>) => uploads.resume(e.detail)}
        @pl-cancel=${(e: CustomEvent<string>) => uploads.cancel(e.detail)}
        .busy=${this.busy}
        .failure=${this.sheetFailure}
        .copied=${this.sheetCopied}
        @pl-title=${(e: CustomEvent<string>) => void this.wish(() => api.changeWalkthrough(id, { title: e.detail }))}
        @pl-product=${(e: CustomEvent<string>) => void this.wish(() => api.changeWalkthrough(id, { product: e.detail }))}
        @pl-publish=${publish}
        @pl-copy=${(e: CustomEvent<string>) => this.copyLink(e.detail)}
        @pl-copy-embed=${(e: CustomEvent<string>) => this.copyEmbed(e.detail)}
        @pl-captions=${(e: CustomEvent<{ file: File; lang: string }>) => void this.captions(id, e.detail.file, e.detail.lang)}
        @pl-captions-gone=${(e: CustomEvent<string>) => void this.wish(() => api.deleteCaptions(id, e.detail))}
        @pl-replace=${(e: CustomEvent<File>) => {
          this.chosen = { file: e.detail, replaces: shown };
          this.open = null;
          this.draw();
        }}
        @pl-repeat=${() => void this.wish(() => api.retryWalkthrough(id))}
        @pl-delete=${() =>
          void this.wish(() => api.deleteWalkthrough(id)).then((fine) => {
            if (fine) {
              this.open = null;
              this.draw();
            }
          })}
        @pl-close=${() => {
          this.open = null;
          this.draw();
        }}
      ></pl-walkthrough-sheet>`;
  }
}
