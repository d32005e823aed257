/* Ask the recorded person: what was asked and answered at a second of this walkthrough, and what was asked
 * from this browser. Fetched once the film is on its way; the film does not wait for it. */
import { html, nothing, type TemplateResult } from "lit";
import { newsOf, offeredAt, ownKey, readOwn, type Answered, type OwnQuestion } from "./core/film-questions";
import { t } from "./core/strings";
import { words } from "./net/api";
import { answersOf, askAt, takeBack } from "./net/film-questions";
import "./ui/film-ask";
import "./ui/film-answers";

export interface FilmAskingOptions {
  readonly slug: string;
  readonly invite: string | null;
  readonly now: () => number;
  /* Pauses; the result goes on as it was. */
  readonly hold: () => () => void;
  readonly seek: (t: number) => void;
  readonly draw: () => void;
}

export class FilmAsking {
  private answers: readonly Answered[] = [];
  private mine: readonly OwnQuestion[];
  private at: number | null = null;
  private busy = false;
  private failure = "";
  private sent = false;
  private shown: Answered | null = null;
  private release: () => void = () => undefined;

  constructor(private readonly options: FilmAskingOptions) {
    this.mine = this.recall();
    void this.load();
  }

  get marks(): readonly number[] {
    return this.answers.map((q) => q.t);
  }

  offered(now: number): Answered | null {
    return this.shown === null && this.at === null ? offeredAt(this.answers, now) : null;
  }

  private recall(): readonly OwnQuestion[] {
    try {
      return readOwn(localStorage.getItem(ownKey(this.options.slug)));
    } catch {
      return []; /* a browser that keeps nothing */
    }
  }

  private remember(mine: readonly OwnQuestion[]): void {
    this.mine = mine;
    try {
      localStorage.setItem(ownKey(this.options.slug), JSON.stringify(mine));
    } catch {
      /* then nobody is told when they return */
    }
  }

  private async load(): Promise<void> {
    try {
      this.answers = await answersOf(this.options.slug, this.options.invite);
      this.options.draw();
    } catch {
      /* the film is what people came for */
    }
  }

  private start(): void {
    this.at = this.options.now();
    this.sent = false;
    this.failure = "";
    this.release = this.options.hold();
    this.options.draw();
  }

  private stop(): void {
    this.at = null;
    this.release();
    this.options.draw();
  }

  private async send(text: string, name: string): Promise<void> {
    const { slug, invite } = this.options;
    this.busy = true;
    this.failure = "";
    this.options.draw();
    try {
      const asked = await askAt(slug, invite, { t: this.at ?? 0, text, ...(name === "" ? {} : { name }) });
      this.remember([...this.mine, { ...asked, seen: 0 }]);
      this.sent = true;
    } catch (error) {
      this.failure = words(error, t("error.offline"), t("error.odd"));
    }
    this.busy = false;
    this.options.draw();
  }

  private async unask(id: string): Promise<void> {
    const question = this.mine.find((m) => m.id === id);
    try {
      if (question !== undefined) {
        await takeBack(this.options.slug, id, question.token);
      }
      this.remember(this.mine.filter((m) => m.id !== id));
      this.answers = this.answers.filter((q) => q.id !== id);
      this.failure = "";
    } catch (error) {
      this.failure = words(error, t("error.offline"), t("error.odd"));
    }
    this.options.draw();
  }

  show(id: string): void {
    const answer = this.answers.find((q) => q.id === id);
    if (answer === undefined) {
      return;
    }
    this.shown = answer;
    this.release = this.options.hold();
    if (this.mine.some((m) => m.id === id && m.seen === 0)) {
      this.remember(this.mine.map((m) => (m.id === id ? { ...m, seen: 1 } : m)));
    }
    this.options.draw();
  }

  section(): TemplateResult {
    return html`<pl-film-answers
      slot="questions"
      .answers=${this.answers}
      .mine=${this.mine}
      .news=${newsOf(this.mine, this.answers)}
      .failure=${this.at === null ? this.failure : ""}
      @pl-ask=${() => this.start()}
      @pl-answer=${(e: CustomEvent<string>) => {
        const answer = this.answers.find((q) => q.id === e.detail);
        if (answer !== undefined) {
          this.options.seek(answer.t);
        }
        this.show(e.detail);
      }}
      @pl-unask=${(e: CustomEvent<string>) => void this.unask(e.detail)}
    ></pl-film-answers>`;
  }

  dialogs(): TemplateResult {
    return html`<pl-film-ask
        .at=${this.at}
        .busy=${this.busy}
        .sent=${this.sent}
        .failure=${this.at === null ? "" : this.failure}
        @pl-send=${(e: CustomEvent<{ text: string; name: string }>) => void this.send(e.detail.text, e.detail.name)}
        @pl-close=${() => this.stop()}
      ></pl-film-ask>
      ${this.shown === null
        ? nothing
        : html`<pl-film-answer
            .question=${this.shown}
            @pl-close=${() => {
              this.shown = null;
              this.release();
              this.options.draw();
            }}
          ></pl-film-answer>`}`;
  }
}
