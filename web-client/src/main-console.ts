/* The staff console: sign in, the list of visits, one visit, the walkthroughs, live sources and slides.
 * Views live in the hash: #/visits, #/visits/{id}, #/walkthroughs, #/products, #/sources, #/slides. */
import { html, render, type TemplateResult } from "lit";
import type { NewVisit, ProductInfo, VisitInfo } from "./core/api";
import { iceServersOf, parseConsoleBoot, type Staff } from "./core/boot";
import { Problem } from "./core/problem";
import { t } from "./core/strings";
import { createApi, words } from "./net/api";
import { Uploads, type UploadJob } from "./net/uploads";
import { startPage } from "./page";
import { ProductsDesk } from "./products-desk";
import { SlidesDesk } from "./slides-desk";
import { SourcesDesk } from "./sources-desk";
import { VisitRoom } from "./visit-room";
import { WalkthroughsDesk } from "./walkthroughs-desk";
import "./ui/closed";
import "./ui/new-visit";
import "./ui/shell";
import "./ui/sign-in";
import "./ui/visit-list";

type Place =
  | { readonly name: "visits" }
  | { readonly name: "visit"; readonly id: string }
  | { readonly name: "walkthroughs" | "products" | "sources" | "slides" };

const REFRESH_EVERY = 10_000;

function placeOf(hash: string): Place {
  const [, first, second] = hash.split("/");
  if (first === "walkthroughs" || first === "products" || first === "sources" || first === "slides") {
    return { name: first };
  }
  return first === "visits" && second !== undefined && second !== ""
    ? { name: "visit", id: decodeURIComponent(second) }
    : { name: "visits" };
}

class ConsolePage {
  private place: Place = placeOf(location.hash);
  private visits: readonly VisitInfo[] | null = null;
  private products: readonly ProductInfo[] = [];
  private failure = "";
  private signIn = { busy: false, failure: "" };
  private creating = { open: false, busy: false, failure: "" };
  private visitFailure = "";
  /* Ends when another view is shown. */
  private shown = new AbortController();
  private readonly api = createApi(new AbortController().signal);
  /* Where a view that draws itself does so; a new one each time it is opened. */
  private room = document.createElement("div");
  private uploads: Uploads | null = null;
  /* Uploads that the server was told of at least once. */
  private readonly handed = new Set<string>();
  private desk: WalkthroughsDesk | SlidesDesk | ProductsDesk | null = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly company: string,
    private person: Staff | null,
    private readonly iceServers: readonly RTCIceServer[],
  ) {
    if (person === null && new URLSearchParams(location.search).get("signin") === "expired") {
      this.signIn = { busy: false, failure: t("console.link_expired") };
    }
    globalThis.addEventListener("hashchange", () => this.go());
    this.go();
  }

  private go(): void {
    this.place = placeOf(location.hash);
    this.shown.abort();
    this.shown = new AbortController();
    this.failure = "";
    this.visitFailure = "";
    this.desk = null;
    this.room = document.createElement("div");
    this.room.style.display = "contents";
    this.draw();
    if (this.person === null) {
      return;
    }
    const { signal } = this.shown;
    const desk = { host: this.room, api: this.api, signal, signedOut: (error: unknown) => this.signedOut(error) };
    switch (this.place.name) {
      case "visits":
        void this.loadVisits();
        this.refreshVisits(this.shown.signal);
        break;
      case "visit":
        void this.openVisit(this.place.id, this.shown.signal);
        break;
      case "walkthroughs":
        this.desk = new WalkthroughsDesk({ ...desk, uploads: this.carrier() });
        break;
      case "products":
        this.desk = new ProductsDesk({ ...desk, uploads: this.carrier() });
        break;
      case "slides":
        this.desk = new SlidesDesk({ ...desk, uploads: this.carrier() });
        break;
      case "sources":
        new SourcesDesk({ ...desk, mayWrite: this.person.role !== "marketer" });
        break;
    }
  }

  /* Uploads go on while other views are shown. */
  private carrier(): Uploads {
    this.uploads ??= new Uploads({
      onchange: () => this.desk?.draw(),
      words: (error) => this.words(error),
      finish: (id, job) => this.uploaded(id, job),
    });
    return this.uploads;
  }

  /* Asked again when an answer was lost on its way: then the upload may be spent, and all is well. */
  private async uploaded(id: string, job: UploadJob): Promise<void> {
    const again = this.handed.has(id);
    this.handed.add(id);
    try {
      await this.handOver(id, job);
    } catch (error) {
      const spent = again && error instanceof Problem && error.status === 400;
      if (spent && /^(model|image|answer):/.test(job.purpose)) {
        return; /* it was taken, and nothing else takes uploads of this purpose */
      }
      const there = spent ? await (job.purpose === "slides" ? this.api.slides() : this.api.walkthroughs()) : [];
      if (!there.some((made) => made.title === job.title && made.state !== "failed")) {
        throw error;
      }
    }
    await this.desk?.load();
  }

  private async handOver(id: string, { purpose, title, key }: UploadJob): Promise<void> {
    if (purpose === "slides") {
      await this.api.createSlides(id, title);
    } else if (purpose.startsWith("model:")) {
      await this.api.putModel(purpose.slice("model:".length), id);
    } else if (purpose.startsWith("answer:")) {
      await this.api.answerByClip(purpose.slice("answer:".length), id, key);
    } else if (purpose.startsWith("image:")) {
      await this.api.addImage(purpose.slice("image:".length), id);
    } else if (purpose.startsWith("replace:")) {
      await this.api.changeWalkthrough(purpose.slice("replace:".length), { upload: id, ...(key === "" ? {} : { key }) });
    } else {
      await this.api.createWalkthrough(id, title, key);
    }
  }

  /* True when the failure was that nobody is signed in any more; then that is said instead. */
  private signedOut(error: unknown): boolean {
    if (!(error instanceof Problem) || error.status !== 401) {
      return false;
    }
    this.person = null;
    this.signIn = { busy: false, failure: t("console.expired") };
    this.shown.abort();
    this.draw();
    return true;
  }

  private words(error: unknown): string {
    return words(error, t("error.offline"), t("error.odd"));
  }

  private refreshVisits(signal: AbortSignal): void {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") {
        void this.loadVisits();
      }
    }, REFRESH_EVERY);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  private async loadVisits(): Promise<void> {
    try {
      this.visits = await this.withReplays(await this.api.visits());
      this.failure = "";
    } catch (error) {
      if (this.signedOut(error)) {
        return;
      }
      this.failure = this.words(error);
    }
    this.draw();
  }

  /* A server that does not name a visit's replay in the list has it among the walkthroughs. */
  private async withReplays(visits: readonly VisitInfo[]): Promise<readonly VisitInfo[]> {
    const unknown = visits.some((v) => v.state === "ended" && v.recording !== "off" && v.replay === null);
    const films = unknown ? await this.api.walkthroughs().catch(() => []) : [];
    return visits.map((visit) => {
      const film = visit.replay === null ? films.find((w) => w.visit === visit.id) : undefined;
      return film === undefined ? visit : { ...visit, replay: { slug: film.slug, state: film.state } };
    });
  }

  private async loadProducts(): Promise<void> {
    try {
      this.products = await this.api.products();
    } catch {
      this.products = []; /* a visit can be made without */
    }
    this.draw();
  }

  private async productNames(ids: readonly string[]): Promise<readonly string[]> {
    if (ids.length === 0) {
      return [];
    }
    await this.loadProducts();
    return ids.flatMap((id) => this.products.filter((p) => p.id === id).map((p) => p.name));
  }

  private async openVisit(id: string, signal: AbortSignal): Promise<void> {
    try {
      const visit = await this.api.visit(id);
      if (!signal.aborted) {
        new VisitRoom({
          host: this.room,
          api: this.api,
          visit,
          iceServers: this.iceServers,
          products: this.productNames(visit.products),
          signal,
        });
      }
    } catch (error) {
      if (!this.signedOut(error) && !signal.aborted) {
        this.visitFailure =
          error instanceof Problem && error.status === 404 ? t("visit.not_found") : this.words(error);
      }
    }
    this.draw();
  }

  private async login(email: string, password: string): Promise<void> {
    this.signIn = { busy: true, failure: "" };
    this.draw();
    try {
      this.person = await this.api.login(email, password);
      this.signIn = { busy: false, failure: "" };
      this.go();
    } catch (error) {
      const status = error instanceof Problem ? error.status : 0;
      const failure =
        status === 401 ? t("console.sign_in_wrong") : status === 429 ? t("console.sign_in_wait") : this.words(error);
      this.signIn = { busy: false, failure };
    }
    this.draw();
  }

  private async logout(): Promise<void> {
    await this.api.logout().catch(() => undefined);
    this.person = null;
    this.visits = null;
    this.shown.abort();
    this.draw();
  }

  private async create(wish: NewVisit): Promise<void> {
    this.creating = { open: true, busy: true, failure: "" };
    this.draw();
    try {
      const visit = await this.api.createVisit(wish);
      this.creating = { open: false, busy: false, failure: "" };
      if (wish.starts_at === undefined) {
        location.hash = `#/visits/${encodeURIComponent(visit.id)}`;
      } else {
        await this.loadVisits();
      }
    } catch (error) {
      if (this.signedOut(error)) {
        return;
      }
      this.creating = { open: true, busy: false, failure: this.words(error) };
    }
    this.draw();
  }

  private draw(): void {
    render(this.content(), this.host);
  }

  private content(): TemplateResult {
    if (this.person === null) {
      return html`<pl-sign-in
        .company=${this.company}
        .failure=${this.signIn.failure}
        .busy=${this.signIn.busy}
        @pl-sign-in=${(e: CustomEvent<{ email: string; password: string }>) => void this.login(e.detail.email, e.detail.password)}
      ></pl-sign-in>`;
    }
    return html`<pl-shell
      .company=${this.company}
      .person=${this.person.name !== "" ? this.person.name : this.person.email}
      .place=${this.place.name}
      @pl-sign-out=${() => void this.logout()}
    >
      ${this.view()}
    </pl-shell>`;
  }

  private view(): TemplateResult {
    switch (this.place.name) {
      case "visits":
        return html`<pl-visit-list
            .visits=${this.visits}
            .failure=${this.failure}
            @pl-new=${() => {
              this.creating = { open: true, busy: false, failure: "" };
              this.draw();
              void this.loadProducts();
            }}
            @pl-retry=${() => void this.loadVisits()}
          ></pl-visit-list>
          <pl-new-visit
            .open=${this.creating.open}
            .busy=${this.creating.busy}
            .failure=${this.creating.failure}
            .products=${this.products}
            @pl-create=${(e: CustomEvent<NewVisit>) => void this.create(e.detail)}
            @pl-close=${() => {
              this.creating = { open: false, busy: false, failure: "" };
              this.draw();
            }}
          ></pl-new-visit>`;
      case "visit":
        return this.visitFailure === ""
          ? html`${this.room}`
          : html`<div class="page-word" role="alert">
              <h1>${this.visitFailure}</h1>
              <a href="#/visits">${t("visit.back")}</a>
            </div>`;
      case "walkthroughs":
      case "products":
      case "sources":
      case "slides":
        return html`${this.room}`;
    }
  }
}

function main(): void {
  const { host, boot } = startPage();
  const parsed = parseConsoleBoot(boot);
  if (parsed.ok) {
    new ConsolePage(host, parsed.boot.company.name, parsed.boot.staff, iceServersOf(parsed.boot.ice_servers));
  } else {
    render(html`<pl-closed .company=${parsed.company} .heading=${t("closed.other")} .text=${parsed.error.detail}></pl-closed>`, host);
  }
}

main();
