/* <pl-stage>: the pictures of a visit as the customer sees them: one large, the others in the corner.
 * The slot is shown while there is no picture. Emits `pl-late` (boolean): whether a picture that is
 * on stage has not come for so long that it will not, such as one of a codec this browser lacks; and
 * `pl-window` ({slot, size}): how large the picture of a slot is shown. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { t } from "../core/strings";
import { EMPTY_STAGE, type SlotView, type StageView } from "../core/stage-view";
import type { Size } from "../core/windows";
import { emit } from "./events";
import { shared } from "./styles";
import type { Video } from "./video";
import "./video";

const LATE_AFTER = 6_000;

@customElement("pl-stage")
export class StageElement extends LitElement {
  @property({ attribute: false }) view: StageView = EMPTY_STAGE;
  /* The stream of each slot. */
  @property({ attribute: false }) streams: readonly MediaStream[] = [];
  /* Whether the presenter's picture fills the space; shared content is always shown whole. */
  @property({ type: Boolean }) fill = true;
  /* The server says that this browser has no codec for a picture on stage: do not wait for it. */
  @property({ type: Boolean }) hopeless = false;
  @state() private moving: ReadonlySet<number> = new Set();
  private lateTimer: ReturnType<typeof setTimeout> | undefined;
  private late = false;

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        position: relative;
        overflow: hidden;
        background: radial-gradient(70% 90% at 50% 20%, #57483b, #211b16);
        color: var(--lamp);
      }
      pl-video.main {
        position: absolute;
        inset: 0;
        opacity: 0;
        transition: opacity 320ms ease;
      }
      pl-video.main.moving {
        opacity: 1;
      }
      .insets {
        position: absolute;
        right: var(--stage-inset-x, 16px);
        bottom: var(--stage-inset-y, 16px);
        display: flex;
        flex-direction: column;
        align-items: end;
        gap: var(--s2);
        z-index: 1;
      }
      .insets pl-video {
        width: clamp(96px, 18cqi, 240px);
        aspect-ratio: 4 / 3;
        border-radius: 12px;
        background: #3a2e25;
        border: 2px solid var(--cream);
      }
      :host {
        container-type: inline-size;
      }
      .wait {
        position: absolute;
        inset: 0;
      }
    `,
  ];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("streams")) {
      this.moving = new Set();
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.setLate(false);
  }

  protected override updated(): void {
    const { main } = this.view;
    if (main === null || this.streams[main.slot] === undefined || this.moving.has(main.slot)) {
      this.setLate(false);
    } else if (this.hopeless) {
      this.setLate(true);
    } else {
      this.lateTimer ??= setTimeout(() => this.setLate(true), LATE_AFTER);
    }
  }

  private setLate(late: boolean): void {
    if (!late) {
      clearTimeout(this.lateTimer);
      this.lateTimer = undefined;
    }
    if (late !== this.late) {
      this.late = late;
      emit(this, "pl-late", late);
    }
  }

  /* In a gesture: starts pictures the browser kept still. */
  play(): void {
    this.renderRoot.querySelectorAll<Video>("pl-video").forEach((video) => video.play());
  }

  private picture(slot: number, shown: boolean): void {
    if (this.moving.has(slot) !== shown) {
      const next = new Set(this.moving);
      if (shown) {
        next.add(slot);
      } else {
        next.delete(slot);
      }
      this.moving = next;
    }
  }

  private window(slot: number, event: CustomEvent<Size>): void {
    event.stopPropagation();
    emit(this, "pl-window", { slot, size: event.detail });
  }

  private labelOf(view: SlotView): string {
    const name = view.mine ? t("common.you") : view.name === "" ? t("common.guest") : view.name;
    return view.kind === "screen" ? t("room.screen", { name }) : t("room.picture", { name });
  }

  override render() {
    const { main, insets } = this.view;
    const content = main !== null && (main.kind === "screen" || main.kind === "content");
    const waiting = main === null || !this.moving.has(main.slot);
    return html`
      ${main === null
        ? nothing
        : repeat(
            [main],
            (view) => view.slot,
            (view) => html`<pl-video
              class="main ${this.moving.has(view.slot) ? "moving" : ""}"
              .stream=${this.streams[view.slot] ?? null}
              .fit=${content || !this.fill ? "contain" : "cover"}
              .matte=${view.matte}
              .label=${this.labelOf(view)}
              @pl-picture=${(e: CustomEvent<boolean>) => this.picture(view.slot, e.detail)}
              @pl-shown=${(e: CustomEvent<Size>) => this.window(view.slot, e)}
            ></pl-video>`,
          )}
      <div class="insets">
        ${repeat(
          insets,
          (view) => view.slot,
          (view) => html`<pl-video .stream=${this.streams[view.slot] ?? null} .matte=${view.matte} .label=${this.labelOf(view)} @pl-shown=${(e: CustomEvent<Size>) => this.window(view.slot, e)}></pl-video>`,
        )}
      </div>
      ${waiting ? html`<div class="wait"><slot></slot></div>` : nothing}
    `;
  }
}
