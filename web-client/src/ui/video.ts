/* <pl-video>: a silent moving picture; with a `matte` the person of a stacked one, before nothing. Emits
 * `pl-picture` (true once a frame of the current stream has been shown) and `pl-shown` (how large it is
 * shown, a Size). Sound is played elsewhere, see
 * media/speakers.ts. */
import { css, html, LitElement, type PropertyValues } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { MatteLayout } from "../core/matte-layout";
import { ANY, shownSize } from "../core/windows";
import { showMatte } from "../matte/view";
import { emit } from "./events";

@customElement("pl-video")
export class Video extends LitElement {
  @property({ attribute: false }) stream: MediaStream | null = null;
  @property({ type: Boolean, reflect: true }) mirrored = false;
  @property({ reflect: true }) fit: "cover" | "contain" = "cover";
  @property() label = "";
  /* The stream is a stacked picture: it is never shown as it is. */
  @property({ attribute: false }) matte: MatteLayout | null = null;
  private composing = new AbortController();
  private readonly sizes = "ResizeObserver" in globalThis ? new ResizeObserver(() => this.tellShown()) : null;
  @query("video") private readonly video!: HTMLVideoElement;

  static override styles = css`
    :host {
      display: block;
      overflow: hidden;
      position: relative;
    }
    video {
      display: block;
      width: 100%;
      height: 100%;
      object-fit: cover;
      background: transparent;
    }
    :host([fit="contain"]) video {
      object-fit: contain;
    }
    video.stacked {
      visibility: hidden;
    }
    /* Whole, and on the ground of the frame, for nobody floats. */
    canvas {
      position: absolute;
      inset: 0;
      width: 100%;
      height: 100%;
      object-fit: contain;
      object-position: 50% 100%;
      pointer-events: none;
    }
    :host([mirrored]) video {
      transform: scaleX(-1);
    }
  `;

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("stream") || changed.has("matte")) {
      this.compose();
    }
    if (changed.has("stream") || changed.has("matte") || changed.has("fit")) {
      this.tellShown();
    }
    if (changed.has("stream")) {
      this.video.srcObject = this.stream;
      if (this.stream === null) {
        emit(this, "pl-picture", false);
      } else {
        this.play();
      }
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes?.observe(this);
    if (this.hasUpdated) {
      this.compose();
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
    this.composing.abort();
  }

  private tellShown(): void {
    if (!this.hasUpdated || this.stream === null) {
      return;
    }
    const { width, height } = this.getBoundingClientRect();
    const { videoWidth, videoHeight } = this.video;
    const aspect = videoHeight === 0 ? 0 : videoWidth / videoHeight;
    emit(this, "pl-shown", this.matte === null ? shownSize({ width, height }, this.fit, aspect, devicePixelRatio) : ANY);
  }

  private compose(): void {
    this.composing.abort();
    if (this.matte !== null && this.stream !== null) {
      this.composing = new AbortController();
      showMatte({
        video: this.video,
        host: this.renderRoot as ShadowRoot,
        layout: this.matte,
        signal: this.composing.signal,
        onpicture: () => emit(this, "pl-picture", true),
      });
    }
  }

  private shown(): void {
    if (this.matte === null) {
      emit(this, "pl-picture", true);
    }
  }

  /* Also called in a gesture, for browsers that keep even silent pictures still (low power). */
  play(): void {
    void this.video.play().catch(() => emit(this, "pl-stalled"));
  }

  override render() {
    return html`<video
      class=${this.matte === null ? "" : "stacked"}
      muted
      .muted=${true}
      autoplay
      playsinline
      disablepictureinpicture
      aria-label=${this.label}
      @loadeddata=${() => this.shown()}
      @playing=${() => this.shown()}
      @resize=${() => this.tellShown()}
    ></video>`;
  }
}
