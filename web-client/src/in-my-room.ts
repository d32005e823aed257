/* Person and product in the customer's own room: joins what is seen (`<pl-in-room>`, the scene), the ways to show a room
 * and the page that opened it. Loaded when somebody wants it. */
import { html, render } from "lit";
import type { ProductCard } from "./core/boot";
import type { MatteLayout, MattePerson } from "./core/matte-layout";
import { t, type Key } from "./core/strings";
import { everyFrame } from "./matte/view";
import { isAnybody, SilhouetteReader } from "./matte/silhouette";
import { DeviceError, openRoomCamera } from "./media/devices";
import { FlatRoom } from "./room/flat";
import { figureOf, measure, UNMEASURED, type Figure } from "./room/geometry/figure";
import { blend, ROOM_LIGHT, type Light } from "./room/geometry/light";
import type { Pixel } from "./room/geometry/pinhole";
import { dragged, movedTo, scaledBy, sideBySide, turnedBy, type Place } from "./room/geometry/place";
import type { Vec3 } from "./room/geometry/vector";
import { watchGestures } from "./room/gestures";
import { HeadWatch } from "./room/head";
import { firstStep, nextStep, type Abilities, type Step, type Why } from "./room/ladder";
import { savePhoto } from "./room/photo";
import type { Product } from "./room/product";
import type { RoomScene } from "./room/scene";
import type { ArWay } from "./room/ways/ar";
import { CameraWay } from "./room/ways/camera";
import { stageSight, type Seen } from "./room/ways/stage";
import type { InRoom } from "./ui/in-room";
import "./ui/in-room";

/* Who stands there; null where nobody is sent. */
export interface RoomPerson {
  readonly stream: MediaStream | null;
  /* A film's own element instead of a stream. */
  readonly video: HTMLVideoElement | null;
  readonly layout: MatteLayout;
  readonly marks: MattePerson | null;
}

export interface InMyRoomOptions {
  readonly who: string;
  readonly closing: string;
  readonly products: readonly ProductCard[];
  /* Address of a code that opens this on a phone. */
  readonly phone: string;
  readonly abilities: Abilities;
  readonly signal: AbortSignal;
  readonly onclose: () => void;
}

const LOOK_EVERY = 500;
const GLIDE = 0.18;
const SLOW_AFTER = 7_000;
const GO_ON_AFTER = 14_000;
const NOTE_STAYS = 6_000;
/* What the controls take of a stage's height. */
const FOOT = 0.2;
const RATIO_MOST = 2;
/* Coarser pictures rather than fewer: below 24 a second, and not more often than once a second. */
const RATIO_LEAST = 0.5;
const SLOW_FRAME = 42;
const COARSER = 0.8;

const same = (a: RoomPerson | null, b: RoomPerson | null): boolean =>
  a?.stream === b?.stream && a?.video === b?.video && JSON.stringify([a?.layout, a?.marks]) === JSON.stringify([b?.layout, b?.marks]);

export class InMyRoom {
  readonly element: InRoom;
  private readonly life = new AbortController();
  private readonly canvas = document.createElement("canvas");
  private readonly behind = document.createElement("video");
  private readonly own = document.createElement("video");
  private readonly paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  private readonly reader = new SilhouetteReader();
  private scene: RoomScene | null = null;
  private flat: FlatRoom | null = null;
  private ar: ArWay | null = null;
  private camera: CameraWay | null = null;
  private way = new AbortController();
  /* While the plain picture stands in for the drawn one. */
  private readonly quick = new AbortController();
  private step: Step;
  private person: RoomPerson | null = null;
  private everPerson = false;
  private figure: Figure | null = null;
  private nobody = false;
  private place: Place = sideBySide([0, 0, 0], [0, 1.5, 3], 0.95, false);
  private light: Light = ROOM_LIGHT;
  private lightAhead: Light = ROOM_LIGHT;
  private chosen = 0;
  private product: Product | null = null;
  private head: HeadWatch | null = null;
  private note = "";
  private noteTimer: ReturnType<typeof setTimeout> | undefined;
  private busy = true;
  private measuring = false;
  private floorSeenAt = 0;
  private floor: Vec3 | null = null;
  private viewer: Vec3 = [0, 1.5, 3];
  private dirty = true;
  private ratio = Math.min(RATIO_MOST, devicePixelRatio);
  private pace = { at: 0, mean: 0, changed: 0 };

  constructor(
    private readonly host: HTMLElement,
    private readonly options: InMyRoomOptions,
  ) {
    this.step = firstStep(options.abilities);
    for (const video of [this.behind, this.own]) {
      video.muted = true;
      video.playsInline = true;
      video.autoplay = true;
      video.setAttribute("aria-hidden", "true");
    }
    this.own.style.display = "none";
    this.draw();
    this.element = host.querySelector<InRoom>("pl-in-room") as InRoom;
    this.element.append(this.own);
    options.signal.addEventListener("abort", () => this.close(), { once: true });
    for (const other of [...document.body.children].filter((e) => e !== host && !e.contains(host))) {
      other.toggleAttribute("inert", true);
      this.life.signal.addEventListener("abort", () => other.removeAttribute("inert"), { once: true });
    }
    globalThis.addEventListener("resize", () => this.resize(), { signal: this.life.signal });
    this.every(LOOK_EVERY, () => this.look());
    void this.open();
  }

  /* ---- What stands there ---- */

  show(person: RoomPerson | null): void {
    if (same(person, this.person)) {
      return;
    }
    const before = this.person;
    this.person = person;
    this.everPerson ||= person !== null;
    if (person?.stream !== before?.stream) {
      this.own.srcObject = person?.stream ?? null;
      if (person?.stream != null) {
        void this.own.play().catch(() => undefined);
      }
    }
    this.nobody = false;
    this.figure = person === null ? null : this.figureFor(person, person.marks);
    this.handPerson();
    const { video } = this;
    if (video !== null) {
      everyFrame(video, this.life.signal, () => (this.dirty = true));
    }
    this.draw();
  }

  private get video(): HTMLVideoElement | null {
    return this.person === null ? null : (this.person.video ?? this.own);
  }

  private figureFor({ layout }: RoomPerson, marks: MattePerson | null, guessed = marks === null): Figure {
    const aspect = (layout.colour.w * layout.width) / (layout.colour.h * layout.height);
    return figureOf(aspect, marks ?? UNMEASURED, guessed);
  }

  private handPerson(): void {
    this.scene?.setPerson(this.video, this.person?.layout ?? null, this.figure);
    this.dirty = true;
  }

  /* Twice a second: who is there, where their feet are, where the light is. */
  private look(): void {
    const { person, video } = this;
    const seen = person === null || video === null ? null : this.reader.read(video, { width: video.videoWidth, height: video.videoHeight }, person.layout);
    if (seen !== null && person !== null && this.figure !== null) {
      this.nobody = !isAnybody(seen);
      if (!this.nobody) {
        const marks = person.marks ?? (this.figure.guessed ? measure(seen.widths, this.figure.width / this.figure.height) : null);
        const settled = person.marks !== null || this.place.chosen;
        if (marks !== null && !settled) {
          const next = this.figureFor(person, marks, true);
          if (Math.abs(next.height - this.figure.height) > 0.04 * this.figure.height || next.full !== this.figure.full) {
            this.figure = next;
            this.handPerson();
          }
        }
        const feet = Math.min(seen.middles.length - 1, Math.floor(((person.marks?.feet ?? marks?.feet ?? 1) - 0.03) * seen.middles.length));
        this.scene?.person.standAt(seen.middles[feet] ?? 0.5);
      }
    }
    if (this.camera !== null && this.paint !== null) {
      this.lightAhead = this.camera.light(this.paint) ?? this.lightAhead;
    }
    this.draw();
  }

  private async takeProduct(): Promise<void> {
    const card = this.options.products[this.chosen];
    const { scene } = this;
    if (scene === null) {
      return;
    }
    const { Product } = await import("./room/product");
    const product = card === undefined ? null : await Product.of(card.model, card.size_mm);
    if (this.life.signal.aborted || scene !== this.scene) {
      product?.close();
      return;
    }
    this.product = product;
    scene.setProduct(product);
    if (!this.place.chosen) {
      this.putBack();
    }
    this.draw();
  }

  /* How far their middles are apart, so that they stand beside each other with air between them. */
  private get apart(): number {
    const person = this.figure === null ? 0 : Math.min(0.7, this.figure.width * 0.6);
    const product = this.product?.size().width ?? (this.sizeMm?.w ?? 0) / 1000;
    return person === 0 || product === 0 ? 0 : (person + product) / 2 + 0.22;
  }

  private get sizeMm(): ProductCard["size_mm"] {
    return this.options.products[this.chosen]?.size_mm ?? null;
  }

  /* ---- The ladder ---- */

  private async open(): Promise<void> {
    this.busy = true;
    this.draw();
    await this.element.updateComplete;
    if (this.step.way === "stage") {
      this.showFlat(this.quick.signal);
    }
    if (this.step.way !== "flat") {
      try {
        const { RoomScene } = await import("./room/scene");
        this.scene ??= new RoomScene(this.canvas);
        this.canvas.addEventListener("webglcontextlost", () => void this.goOn("no_webgl"), { signal: this.life.signal, once: true });
      } catch {
        this.step = nextStep(this.step.way, "no_webgl", this.options.abilities);
      }
    }
    if (this.life.signal.aborted) {
      return;
    }
    this.handPerson();
    void this.takeProduct();
    watchGestures(this.element.view, this.life.signal, {
      tap: (at) => this.tap(at),
      grab: (at) => this.grab(at),
      pinch: (factor) => this.put(scaledBy(this.place, factor)),
      twist: (angle) => this.put(turnedBy(this.place, -angle)),
    });
    await this.go();
  }

  private async goOn(why: Why): Promise<void> {
    this.step = nextStep(this.step.way, why, this.options.abilities);
    await this.go();
  }

  private async go(): Promise<void> {
    this.leaveWay();
    this.busy = true;
    this.draw();
    const { way } = this.step;
    try {
      if (way === "ar") {
        await this.enterAr();
      } else if (way === "camera") {
        await this.enterCamera();
      } else if (way === "stage") {
        this.enterStage();
      } else {
        this.enterFlat();
      }
      this.busy = false;
      this.draw();
    } catch (error) {
      if (!this.life.signal.aborted) {
        await this.goOn(way === "camera" ? cameraWhy(error) : way === "ar" ? "ar_failed" : "no_webgl");
      }
    }
  }

  private leaveWay(): void {
    this.way.abort();
    this.way = new AbortController();
    this.scene?.renderer.setAnimationLoop(null);
    this.scene?.aim(null);
    this.ar = null;
    this.camera = null;
    this.measuring = false;
    this.light = this.lightAhead = ROOM_LIGHT;
    this.behind.remove();
    this.setHead(false);
  }

  private async enterAr(): Promise<void> {
    const { scene } = this;
    if (scene === null) {
      throw new Error("no scene");
    }
    const { ArWay } = await import("./room/ways/ar");
    scene.drawFloor(null);
    this.floorSeenAt = performance.now();
    let started = false;
    this.ar = new ArWay(scene, {
      onfloor: (at, viewer) => this.floorFound(at, viewer),
      onselect: (at, viewer) => {
        if (at !== null) {
          this.place = this.place.chosen ? movedTo(this.place, at) : sideBySide(at, viewer, this.apart, true);
          this.draw();
        }
      },
      onlight: (light) => (this.lightAhead = light),
      onframe: () => undefined,
      onend: () => {
        if (started && !this.life.signal.aborted && this.step.way === "ar" && !this.busy) {
          this.close();
        }
      },
    });
    const { ar } = this;
    this.way.signal.addEventListener("abort", () => void ar.stop(), { once: true });
    await ar.start(this.element);
    started = true;
  }

  /* Before each picture of an AR session. */
  private floorFound(at: Vec3 | null, viewer: Vec3): void {
    this.floor = at;
    this.viewer = viewer;
    const { scene, place } = this;
    if (scene === null) {
      return;
    }
    if (at !== null) {
      this.floorSeenAt = performance.now();
    }
    if (!place.chosen) {
      scene.raise(at?.[1] ?? 0);
      const [x, y, z] = at ?? [0, 0, 0];
      this.place = at === null ? sideBySide([viewer[0], 0, viewer[2] - 2.2], viewer, this.apart, false) : sideBySide([x, y, z], viewer, this.apart, false);
    }
    scene.aim(place.chosen ? null : at);
    this.glide();
    scene.place = this.place;
    scene.light = this.light;
  }

  private async enterCamera(): Promise<void> {
    this.quick.abort();
    const { scene, behind, options } = this;
    const kind = options.abilities.handheld ? "rear" : "front";
    const track = await openRoomCamera(kind === "rear" ? "environment" : "user");
    const { signal } = this.way;
    signal.addEventListener("abort", () => track.stop(), { once: true });
    if (signal.aborted) {
      track.stop();
      return;
    }
    track.addEventListener("ended", () => void this.goOn("camera_failed"), { signal });
    behind.srcObject = new MediaStream([track]);
    this.element.prepend(behind);
    await behind.play();
    scene?.drawFloor(null);
    this.camera = new CameraWay(kind, behind, signal, () => this.draw());
    this.start();
    this.putBack();
  }

  private enterStage(): void {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const paint = (): void =>
      this.scene?.drawFloor(dark.matches ? { wood: [0.26, 0.2, 0.155], rug: [0.36, 0.26, 0.2] } : { wood: [0.77, 0.67, 0.55], rug: [0.85, 0.74, 0.63] });
    dark.addEventListener("change", paint, { signal: this.way.signal });
    paint();
    this.start();
    this.putBack();
  }

  private enterFlat(): void {
    this.scene?.close();
    this.scene = null;
    this.canvas.remove();
    this.quick.abort();
    this.showFlat(this.way.signal);
    this.putBack();
  }

  /* Also what is seen first, until the scene has been fetched and drawn: nobody waits for three.js. */
  private showFlat(signal: AbortSignal): void {
    const flat = (this.flat ??= new FlatRoom());
    this.element.append(flat.canvas);
    signal.addEventListener("abort", () => flat.canvas.remove(), { once: true });
    const draw = (): void => {
      if (!signal.aborted && !this.life.signal.aborted) {
        this.drawFlat();
        requestAnimationFrame(draw);
      }
    };
    draw();
  }

  private drawFlat(): void {
    if (this.screen.width > 0) {
      this.flat?.render(this.stageSeen(), this.place, {
        video: this.video, layout: this.person?.layout ?? null, figure: this.nobody ? null : this.figure, size: this.sizeMm, light: this.light,
      });
    }
  }

  /* Pictures of a way without a session of its own. */
  private start(): void {
    const { scene } = this;
    if (scene === null) {
      throw new Error("no scene");
    }
    if (!this.canvas.isConnected) {
      this.element.append(this.canvas);
    }
    this.resize();
    scene.renderer.setAnimationLoop(() => this.frame(scene));
  }

  private get screen(): { width: number; height: number } {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  private stageSeen(): Seen {
    const tall = Math.max(this.figure?.tall ?? 0, this.product?.size().height ?? (this.sizeMm?.h ?? 0) / 1000, 0.5);
    const wide = Math.max(this.apart * 2 + 0.7, (this.product?.size().width ?? 0) + 0.6, 1.5);
    return stageSight(this.screen, wide, tall, this.head?.at ?? { x: 0, y: 0 }, FOOT);
  }

  private frame(scene: RoomScene): void {
    const seen: Seen = this.camera === null ? this.stageSeen() : { ...this.camera.sight(this.screen), frustum: null };
    const moves = this.camera?.sensing === true || this.head !== null || this.lightAhead !== this.light;
    if (!this.dirty && !moves) {
      return;
    }
    this.dirty = false;
    this.glide();
    scene.look(seen.pose, seen.lens, seen.frustum);
    this.viewer = seen.pose.position;
    scene.place = this.place;
    scene.light = this.light;
    scene.render(seen.pose.position);
    this.keepPace();
    if (this.person === null || scene.person.shown || this.camera !== null) {
      this.quick.abort();
    }
  }

  private keepPace(): void {
    const now = performance.now();
    const took = now - this.pace.at;
    this.pace.at = now;
    if (took > 500) {
      return; /* nothing had to be drawn, or the page was hidden */
    }
    this.pace.mean += (took - this.pace.mean) * 0.1;
    if (this.pace.mean > SLOW_FRAME && now - this.pace.changed > 1000 && this.ratio > RATIO_LEAST) {
      this.pace.changed = now;
      this.ratio = Math.max(RATIO_LEAST, this.ratio * COARSER);
      this.resize();
    }
  }

  private glide(): void {
    const { light, lightAhead } = this;
    if (light !== lightAhead) {
      const next = blend(light, lightAhead, GLIDE);
      const near = next.direction.every((v, i) => Math.abs(v - (lightAhead.direction[i] ?? 0)) < 0.004);
      this.light = near ? lightAhead : next;
    }
  }

  private resize(): void {
    const { width, height } = this.screen;
    if (this.ar === null && width > 0) {
      this.scene?.resize(width, height, this.ratio);
    }
    this.dirty = true;
  }

  /* ---- What hands do ---- */

  private put(place: Place): void {
    this.place = place;
    this.dirty = true;
    this.draw();
  }

  private putBack(): void {
    const { camera } = this;
    const at: Vec3 = camera?.ahead(this.screen) ?? (this.ar !== null ? (this.floor ?? [this.viewer[0], 0, this.viewer[2] - 2.2]) : [0, 0, 0]);
    const eye: Vec3 = this.ar !== null ? this.viewer : camera !== null ? [0, 1.4, 0] : [0, 1.4, 4];
    this.put(sideBySide(at, eye, this.apart, false));
  }

  private normal({ x, y }: Pixel): [number, number] {
    const { width, height } = this.screen;
    return [(x / width) * 2 - 1, 1 - (y / height) * 2];
  }

  private tap(at: Pixel): void {
    const { scene } = this;
    if (scene === null || this.ar !== null || this.measuring || scene.hit(...this.normal(at)) !== null) {
      return;
    }
    const floor = scene.floorUnder(...this.normal(at));
    if (floor !== null) {
      this.put(this.place.chosen || this.camera === null ? movedTo(this.place, floor) : sideBySide(floor, this.viewer, this.apart, true));
    }
  }

  /* What a drag moves, and how: null when nothing is under the finger. */
  private grab(at: Pixel): ((to: Pixel) => void) | null {
    const { scene } = this;
    const what = scene?.hit(...this.normal(at)) ?? null;
    let from = scene?.floorUnder(...this.normal(at)) ?? null;
    if (scene === null || what === null || this.measuring) {
      return null;
    }
    /* Taken by the head they are moved by what their feet would. */
    const shift = from === null ? at.y : 0;
    return (to) => {
      const low = shift === 0 ? to : { x: to.x, y: this.screen.height * 0.8 + to.y - shift };
      const now = scene.floorUnder(...this.normal(low));
      if (now !== null) {
        from ??= now;
        this.put(dragged(this.place, what, [now[0] - from[0], 0, now[2] - from[2]]));
        from = now;
      }
    };
  }

  private move({ x, z }: { x: number; z: number }): void {
    const away = Math.atan2(this.place.person[0] - this.viewer[0], -(this.place.person[2] - this.viewer[2]));
    const [c, s] = [Math.cos(away), Math.sin(away)];
    const [dx, dz] = [x * c - z * s, x * s + z * c];
    const middle = (i: 0 | 2): number => (this.place.person[i] + this.place.product[i]) / 2;
    this.put(movedTo(this.place, [middle(0) + dx, 0, middle(2) + dz]));
  }

  private sheet(corners: readonly Pixel[] | null): void {
    const { camera } = this;
    const found = corners === null || camera === null ? null : camera.measure(corners, this.screen);
    if (corners !== null && found === null) {
      this.say(t("inroom.measure_odd"));
      return;
    }
    this.measuring = false;
    camera?.hold(false);
    if (found !== null) {
      this.put(sideBySide(found, [0, 1.4, 0], this.apart, true));
    }
    this.draw();
  }

  private setHead(on: boolean): void {
    this.head?.stop();
    this.head = null;
    this.dirty = true;
    if (on) {
      const head = new HeadWatch(openRoomCamera, (trouble) => {
        this.setHead(false);
        this.say(t("inroom.head_failed", { why: t(`device.${trouble}` as Key) }));
      });
      this.head = head;
      this.way.signal.addEventListener("abort", () => head.stop(), { once: true });
    }
    this.draw();
  }

  private async photo(): Promise<void> {
    const { scene, camera } = this;
    const { width, height } = this.screen;
    /* Drawn at once before it is read: a canvas forgets when the browser has taken it. */
    const draw = (): HTMLCanvasElement | null => {
      if (scene !== null) {
        this.dirty = true;
        if (this.ar === null) {
          this.frame(scene);
        } else {
          scene.render(this.viewer);
        }
      }
      return scene === null ? (this.flat?.canvas ?? null) : this.canvas;
    };
    const kept = await savePhoto({ width, height, behind: camera === null ? null : this.behind, mirrored: this.mirrored, ground: getComputedStyle(this.element).backgroundImage, draw });
    this.say(t(!kept ? "inroom.photo_failed" : this.ar !== null ? "inroom.photo_ar" : "inroom.photo_kept"));
  }

  private get mirrored(): boolean {
    return this.camera?.kind === "front";
  }

  /* ---- Words ---- */

  private get who(): string {
    const { who, products } = this.options;
    const product = products[this.chosen]?.name ?? "";
    if (this.person === null && product !== "") {
      return product;
    }
    return product === "" || (this.product === null && this.sizeMm === null) ? who : t("inroom.both", { who, product });
  }

  private words(): string {
    const { who, products } = this.options;
    if (this.note !== "") {
      return this.note;
    }
    if (this.measuring) {
      return t("inroom.measure_words");
    }
    if (this.busy) {
      return t("inroom.loading");
    }
    if (this.person === null && this.everPerson) {
      const product = products[this.chosen]?.name ?? "";
      return product === "" ? t("inroom.gone", { who }) : t("inroom.gone_alone", { who, product });
    }
    if (this.nobody) {
      return t("inroom.nobody", { who });
    }
    switch (this.step.way) {
      case "ar":
        return this.place.chosen ? t("inroom.ar_placed", { who: this.who }) : performance.now() - this.floorSeenAt > SLOW_AFTER ? t("inroom.ar_slow") : t("inroom.ar_aim", { who: this.who });
      case "camera":
        return t(this.camera?.sensing === true ? "inroom.camera_turn" : "inroom.camera_still", { who: this.who });
      case "stage":
        return this.whyWords() || t("inroom.stage");
      case "flat":
        return t("inroom.flat");
    }
  }

  private whyWords(): string {
    const { why } = this.step;
    return why === "" || why === "chosen" ? "" : t(`inroom.why.${why}` as Key);
  }

  private more(): string {
    if (this.busy || this.note !== "") {
      return "";
    }
    if (this.measuring) {
      return t("inroom.measure_more");
    }
    const parts: string[] = [];
    if (this.camera !== null) {
      parts.push(this.step.why === "" ? "" : this.whyWords());
      parts.push(this.camera.measured ? t("inroom.size_measured") : t("inroom.size_assumed", { m: this.camera.assumed }));
    }
    if (this.figure?.guessed === true && this.person !== null && !this.nobody) {
      parts.push(t("inroom.size_guessed", { who: this.options.who }));
    }
    return parts.filter((part) => part !== "").join(" ");
  }

  private say(note: string): void {
    this.note = note;
    clearTimeout(this.noteTimer);
    this.noteTimer = setTimeout(() => {
      this.note = "";
      this.draw();
    }, NOTE_STAYS);
    this.draw();
  }

  private every(ms: number, act: () => void): void {
    const timer = setInterval(act, ms);
    this.life.signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  private draw(): void {
    if (this.life.signal.aborted) {
      return;
    }
    const { abilities, phone, products } = this.options;
    const { way } = this.step;
    const stage = way === "stage" && !this.busy;
    render(
      html`<pl-in-room
        .heading=${t("inroom.title")}
        .closing=${this.options.closing}
        .way=${way}
        .words=${this.words()}
        .more=${this.more()}
        .busy=${this.busy}
        .turns=${this.product !== null}
        .scale=${this.place.scale}
        .moved=${this.place.chosen}
        .place=${this.place}
        .canCamera=${stage && abilities.camera}
        .canMeasure=${way === "camera" && !this.busy && abilities.handheld}
        .canHead=${stage && abilities.camera && !abilities.handheld}
        .head=${this.head !== null}
        .canGoOn=${way === "ar" && !this.busy && !this.place.chosen && performance.now() - this.floorSeenAt > GO_ON_AFTER}
        .phone=${abilities.handheld ? "" : phone}
        .products=${products.map((p) => p.name)}
        .product=${this.chosen}
        .measuring=${this.measuring}
        .mirrored=${this.mirrored}
        @pl-close=${() => this.close()}
        @pl-back=${() => this.putBack()}
        @pl-turn=${(e: CustomEvent<number>) => this.put(turnedBy(this.place, e.detail))}
        @pl-size=${(e: CustomEvent<number>) => this.put(scaledBy(this.place, e.detail))}
        @pl-true-size=${() => this.put({ ...this.place, scale: 1 })}
        @pl-move=${(e: CustomEvent<{ x: number; z: number }>) => this.move(e.detail)}
        @pl-photo=${() => void this.photo()}
        @pl-way=${(e: CustomEvent<"camera" | undefined>) => {
          if (e.detail === "camera") {
            this.step = { way: "camera", why: "" };
            void this.go();
          } else {
            void this.goOn("no_floor");
          }
        }}
        @pl-head=${(e: CustomEvent<boolean>) => this.setHead(e.detail)}
        @pl-sheet=${() => {
          this.measuring = true;
          this.camera?.hold(true);
          this.draw();
        }}
        @pl-corners=${(e: CustomEvent<readonly Pixel[] | null>) => this.sheet(e.detail)}
        @pl-product=${(e: CustomEvent<number>) => {
          this.chosen = e.detail;
          void this.takeProduct();
        }}
      ></pl-in-room>`,
      this.host,
    );
  }

  close(): void {
    if (this.life.signal.aborted) {
      return;
    }
    this.leaveWay();
    this.way.abort();
    this.quick.abort();
    this.life.abort();
    clearTimeout(this.noteTimer);
    this.own.srcObject = null;
    this.scene?.close();
    this.scene = null;
    this.host.remove();
    this.options.onclose();
  }
}

function cameraWhy(error: unknown): Why {
  const trouble = error instanceof DeviceError ? error.trouble : "failed";
  return trouble === "denied" || trouble === "insecure" || trouble === "unsupported" ? "camera_denied" : trouble === "missing" ? "camera_missing" : "camera_failed";
}
