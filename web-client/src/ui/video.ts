/* <pl-video>: a silent moving picture. Emits `pl-picture` (true once a frame of the current stream has
 * been shown). Sound is played elsewhere, see media/speakers.ts. */
import { css, html, LitElement, type PropertyValues } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { emit } from "./events";

@customElement("pl-video")
export class Video extends LitElement {
  @property({ attribute: false }) stream: MediaStream | null = null;
  @property({ type: Boolean, reflect: true }) mirrored = false;
  @property({ reflect: true }) fit: "cover" | "contain" = "cover";
  @property() label = "";
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
    :host([mirrored]) video {
      transform: scaleX(-1);
    }
  `;

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("stream")) {
      this.video.srcObject = this.stream;
      if (this.stream === null) {
        emit(this, "pl-picture", false);
      } else {
        this.play();
      }
    }
  }

  /* Also called in a gesture, for browsers that keep even silent pictures still (low power). */
  play(): void {
    void this.video.play().catch(() => emit(this, "pl-stalled"));
  }

  override render() {
    return html`<video
      muted
      .muted=${true}
      autoplay
      playsinline
      disablepictureinpicture
      aria-label=${this.label}
      @loadeddata=${() => emit(this, "pl-picture", true)}
      @playing=${() => emit(this, "pl-picture", true)}
    ></video>`;
  }
}
