/* The rep as a virtual person: camera → worker → one WHIP source `person` that carries the microphone too. Loaded when
 * it is first switched on. */
import { html, nothing, type TemplateResult } from "lit";
import type { MatteLayout } from "./core/matte-layout";
import { guessMarks, personOf, readSettings, UNMEASURED, writeSettings, type PersonSettings } from "./core/person";
import { t, type Key } from "./core/strings";
import type { Method } from "./media/matte/matte";
import type { News } from "./media/matte/messages";
import type { SessionState } from "./media/session";
import { canCutOut, VirtualPerson } from "./media/virtual-person";
import type { PublishedMatte, Publisher } from "./media/whip";
import "./ui/person";

const REMEMBERED = "parlour.person";
/* From the tap to the picture of the empty room. */
const STEP_ASIDE = 5_000;

export interface RepPersonOptions {
  readonly publish: (
    matte: () => PublishedMatte,
    tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null },
    onstate: (state: SessionState) => void,
  ) => Publisher;
  readonly signal: AbortSignal;
  readonly onchange: () => void;
  /* It cannot go on, in words. */
  readonly onfail: (trouble: string) => void;
}

function remembered(): PersonSettings | null {
  try {
    return readSettings(localStorage.getItem(REMEMBERED));
  } catch {
    return null; /* a browser that keeps nothing */
  }
}

export class RepPerson {
  private settings: PersonSettings;
  private measured: boolean;
  private cutting: VirtualPerson | null = null;
  private stream: MediaStream | null = null;
  private layout: MatteLayout | null = null;
  private news: News | null = null;
  private publisher: Publisher | null = null;
  private microphone: MediaStreamTrack | null = null;
  private sheet = false;
  private trouble = "";
  private countdown = 0;
  private steppingAside: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: RepPersonOptions) {
    const found = remembered();
    this.measured = found !== null;
    this.settings = found ?? UNMEASURED;
    options.signal.addEventListener("abort", () => this.close(), { once: true });
  }

  get on(): boolean {
    return this.cutting !== null;
  }

  get published(): Publisher | null {
    return this.publisher;
  }

  /* Begins to cut the person out of this camera's picture; in place of another camera, it goes on. */
  start(camera: MediaStreamTrack): void {
    if (!canCutOut()) {
      this.options.onfail(t("person.unsupported"));
      return;
    }
    this.cutting?.close();
    this.news = null;
    const cutting: VirtualPerson = new VirtualPerson({
      camera,
      method: this.settings.method,
      onlayout: (layout) => this.ifNow(cutting, () => this.laidOut(layout)),
      onnews: (news) => this.ifNow(cutting, () => this.heard(news)),
      onended: () => undefined,
      onfailed: (method, why) => this.ifNow(cutting, () => this.failed(method, why)),
    });
    this.cutting = cutting;
    this.stream = new MediaStream([cutting.track]);
    void this.publisher?.set("video", cutting.track);
    this.options.onchange();
  }

  /* A worker of an earlier camera may still have something to say. */
  private ifNow(cutting: VirtualPerson, then: () => void): void {
    if (cutting === this.cutting) {
      then();
    }
  }

  /* Sends the person, and the microphone once it is connected: then `onconnected` may close what sent it before. */
  publish(microphone: MediaStreamTrack | null, onconnected: () => void): void {
    this.microphone = microphone;
    if (this.publisher !== null || this.cutting === null) {
      return;
    }
    let before = true;
    const publisher: Publisher = this.options.publish(
      () => this.matte(),
      { audio: null, video: this.cutting.track },
      (state) => {
        if (state.name === "connected" && before) {
          before = false;
          void publisher.set("audio", this.microphone);
          onconnected();
        } else if (state.name === "failed") {
          this.publisher = null;
        }
      },
    );
    this.publisher = publisher;
  }

  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    this.microphone = track;
    await this.publisher?.set("audio", track);
  }

  /* Gives the way of sending back, still open: its sound goes on until another has taken over. */
  stop(): Publisher | null {
    const { publisher } = this;
    this.publisher = null;
    void publisher?.set("video", null);
    this.quit();
    return publisher;
  }

  private quit(): void {
    this.cutting?.close();
    this.cutting = null;
    this.stream = null;
    this.layout = null;
    this.news = null;
    this.sheet = false;
    this.cancelPlate();
    this.options.onchange();
  }

  private close(): void {
    this.cutting?.close();
    this.cutting = null;
    this.cancelPlate();
  }

  private matte(): PublishedMatte {
    return { matte_layout: this.layout, person: this.layout !== null && this.measured ? personOf(this.settings) : null };
  }

  private laidOut(layout: MatteLayout): void {
    this.layout = layout;
    this.tell();
    this.options.onchange();
  }

  private tell(): void {
    void this.publisher?.tellMatte().catch(() => undefined); /* a new session tells it again */
  }

  private heard(news: News): void {
    const first = this.news?.top == null && news.top !== null;
    const different = this.news?.sight !== news.sight;
    this.news = news;
    if (first && !this.measured && news.top !== null && news.bottom !== null) {
      this.settings = { ...this.settings, ...guessMarks(news.top, news.bottom) };
      this.sheet = true;
    }
    if (different || first) {
      this.options.onchange();
    }
  }

  /* The model cannot be loaded here: the other ways are left. */
  private failed(method: Method, why: string): void {
    console.warn("parlour: no matte", method, why);
    if (method === "learned" && this.settings.method === "learned") {
      this.sheet = true;
      this.news = null;
      this.trouble = t("person.no_model");
      this.options.onchange();
    }
  }

  private choose(method: Method): void {
    this.settings = { ...this.settings, method };
    this.trouble = "";
    this.cancelPlate();
    this.cutting?.setMethod(method);
    this.remember();
  }

  private mark(marks: Partial<PersonSettings>): void {
    this.settings = { ...this.settings, ...marks };
    this.options.onchange();
  }

  private done(): void {
    this.measured = personOf(this.settings) !== null;
    this.sheet = false;
    this.remember();
    this.tell();
  }

  private remember(): void {
    try {
      if (this.measured) {
        localStorage.setItem(REMEMBERED, writeSettings(this.settings));
      }
    } catch {
      /* kept for this visit only */
    }
    this.options.onchange();
  }

  /* Counts down, so that the rep can leave the picture. */
  private takePlate(): void {
    this.cancelPlate();
    this.countdown = STEP_ASIDE / 1000;
    this.steppingAside = setInterval(() => {
      this.countdown--;
      if (this.countdown <= 0) {
        this.cancelPlate();
        this.cutting?.takePlate();
      }
      this.options.onchange();
    }, 1000);
    this.options.onchange();
  }

  private cancelPlate(): void {
    clearInterval(this.steppingAside);
    this.countdown = 0;
  }

  private words(): string {
    if (this.trouble !== "") {
      return this.trouble;
    }
    if (this.countdown > 0) {
      return t("person.step_aside", { n: this.countdown });
    }
    return t(`person.sight.${this.news?.sight ?? "loading"}` as Key);
  }

  /* Instead of the camera's own picture, before going live. */
  check(): TemplateResult | typeof nothing {
    return this.cutting === null
      ? nothing
      : html`<pl-person-view slot="check" .stream=${this.stream} .layout=${this.layout}></pl-person-view>`;
  }

  panel(): TemplateResult | typeof nothing {
    return this.cutting === null
      ? nothing
      : html`<pl-person
          slot="person"
          .stream=${this.stream}
          .layout=${this.layout}
          .settings=${this.settings}
          .measured=${this.measured}
          .open=${this.sheet}
          .words=${this.words()}
          .fine=${this.news?.sight === "one"}
          .hiddenToo=${this.cutting.independent}
          .counting=${this.countdown > 0}
          @pl-open=${() => {
            this.sheet = true;
            this.options.onchange();
          }}
          @pl-close=${() => {
            this.sheet = false;
            this.options.onchange();
          }}
          @pl-method=${(e: CustomEvent<Method>) => this.choose(e.detail)}
          @pl-plate=${() => this.takePlate()}
          @pl-mark=${(e: CustomEvent<Partial<PersonSettings>>) => this.mark(e.detail)}
          @pl-done=${() => this.done()}
        ></pl-person>`;
  }
}
