/* <pl-drop>: its content, onto which files may be dropped. `choose()` in a gesture opens the browser's
 * chooser. Emits `pl-files` (File[]). */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";

@customElement("pl-drop")
export class Drop extends LitElement {
  @property() accept = "";
  @property({ type: Boolean }) multiple = false;
  /* What to say while a file hangs over the page. */
  @property() invitation = "";
  /* What the chooser is for. */
  @property() label = "";
  @state() private over = false;
  @query("input") private readonly input!: HTMLInputElement;
  /* Entering a child leaves its parent: only the difference tells. */
  private depth = 0;

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        position: relative;
        min-height: 100%;
      }
      .over {
        position: fixed;
        inset: 12px;
        z-index: 20;
        border-radius: 24px;
        border: 2px dashed var(--accent);
        background: color-mix(in srgb, var(--paper) 88%, transparent);
        backdrop-filter: blur(6px);
        -webkit-backdrop-filter: blur(6px);
        display: grid;
        place-content: center;
        justify-items: center;
        gap: var(--s3);
        color: var(--accent-ink);
        font: 560 var(--step-2) / 1.2 var(--display);
        text-align: center;
        pointer-events: none;
      }
      .over svg.i {
        width: 44px;
        height: 44px;
      }
    `,
  ];

  choose(): void {
    this.input.click();
  }

  private carries(event: DragEvent): boolean {
    return [...(event.dataTransfer?.types ?? [])].includes("Files");
  }

  private enter(event: DragEvent): void {
    if (this.carries(event)) {
      event.preventDefault();
      this.depth++;
      this.over = true;
    }
  }

  private leave(): void {
    this.depth = Math.max(0, this.depth - 1);
    this.over = this.depth > 0;
  }

  private drop(event: DragEvent): void {
    this.depth = 0;
    this.over = false;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) {
      event.preventDefault();
      emit(this, "pl-files", this.multiple ? files : files.slice(0, 1));
    }
  }

  private chosen(): void {
    const files = [...(this.input.files ?? [])];
    this.input.value = ""; /* the same file may be chosen again */
    if (files.length > 0) {
      emit(this, "pl-files", files);
    }
  }

  override render() {
    return html`<div
      style="min-height:inherit"
      @dragenter=${(e: DragEvent) => this.enter(e)}
      @dragover=${(e: DragEvent) => this.carries(e) && e.preventDefault()}
      @dragleave=${() => this.leave()}
      @drop=${(e: DragEvent) => this.drop(e)}
    >
      <slot></slot>
      <input class="sr" type="file" tabindex="-1" aria-hidden="true" aria-label=${this.label} accept=${this.accept} ?multiple=${this.multiple} @change=${() => this.chosen()} />
      ${this.over ? html`<div class="over">${icon("upload")}<span>${this.invitation}</span></div>` : nothing}
    </div>`;
  }
}
