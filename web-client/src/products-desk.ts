/* The console's products: what they are called, how large they are, their model and images. Lives as long
 * as that view is shown. */
import { html, render, type TemplateResult } from "lit";
import type { ProductInfo, ProductWish } from "./core/api";
import { Problem } from "./core/problem";
import { t } from "./core/strings";
import { productFileKind } from "./core/upload";
import { Asking } from "./asking";
import { words } from "./net/api";
import type { DeskOptions } from "./walkthroughs-desk";
import "./ui/product-list";
import "./ui/product-sheet";

const LATER = 15_000;

export class ProductsDesk {
  private products: readonly ProductInfo[] | null = null;
  private failure = "";
  /* The one that is shown as it was when it was opened or last saved: another's change is told by the
   * server, not mixed in. "new": it is not there yet. */
  private open: ProductInfo | "new" | null = null;
  private busy = false;
  private trouble = "";
  /* Somebody else has changed it. */
  private stale = false;
  private saved = false;
  private readonly asking: Asking;

  constructor(private readonly options: DeskOptions) {
    this.asking = new Asking({ ask: () => this.ask(), signal: options.signal });
    this.draw();
    void this.load();
  }

  /* Also when an upload has become a model or an image: the sheet shows it, and its version is ours. */
  async load(): Promise<void> {
    await this.asking.now();
    if (this.open !== null && this.open !== "new" && !this.stale) {
      const { id, version, model, images } = this.open;
      const now = this.products?.find((p) => p.id === id);
      if (now !== undefined && now.version !== version && (now.model !== model || now.images.join() !== images.join())) {
        this.open = now;
        this.draw();
      }
    }
  }

  private async ask(): Promise<number | null> {
    try {
      this.products = await this.options.api.products();
      this.failure = "";
    } catch (error) {
      if (this.options.signedOut(error)) {
        return null;
      }
      this.failure = words(error, t("error.offline"), t("error.odd"));
    }
    this.draw();
    return LATER;
  }

  private show(product: ProductInfo | "new" | null): void {
    this.open = product;
    this.trouble = "";
    this.stale = false;
    this.saved = false;
    this.draw();
  }

  /* What the server answers is what the sheet goes on with. */
  private async act(work: () => Promise<ProductInfo | null>): Promise<void> {
    this.busy = true;
    this.trouble = "";
    this.saved = false;
    this.draw();
    try {
      this.open = await work();
      this.saved = this.open !== null;
    } catch (error) {
      if (this.options.signedOut(error)) {
        return;
      }
      this.stale = error instanceof Problem && error.status === 412;
      this.trouble = words(error, t("error.offline"), t("error.odd"));
    }
    this.busy = false;
    this.draw();
    await this.asking.now();
  }

  private save(wish: ProductWish): void {
    const { open } = this;
    const { api } = this.options;
    if (open !== null) {
      void this.act(() => (open === "new" ? api.createProduct(wish) : api.changeProduct(open.id, open.version, wish)));
    }
  }

  private async reload(): Promise<void> {
    const { open } = this;
    if (open !== null && open !== "new") {
      this.stale = false;
      await this.act(() => this.options.api.product(open.id));
      this.saved = false;
      this.draw();
    }
  }

  private files(files: readonly File[]): void {
    const { open } = this;
    if (open === null || open === "new") {
      return;
    }
    this.trouble = "";
    for (const file of files) {
      const kind = productFileKind(file.name, file.type);
      if (kind === "other") {
        this.trouble = t("product.not_file", { name: file.name });
      } else {
        this.options.uploads.add(file, { purpose: `${kind}:${open.id}`, title: file.name, key: "" });
      }
    }
    this.draw();
  }

  draw(): void {
    if (!this.options.signal.aborted) {
      render(this.content(), this.options.host);
    }
  }

  private content(): TemplateResult {
    const { uploads, api } = this.options;
    const { open } = this;
    const id = open === null || open === "new" ? "" : open.id;
    const ours = (wanted: (to: string) => boolean) =>
      uploads.list.filter((u) => /^(model|image):/.test(u.job.purpose) && wanted(u.job.purpose.slice(6)));
    return html`<pl-product-list
        .products=${this.products}
        .failure=${this.failure}
        .uploads=${id === "" ? ours(() => true) : []}
        @pl-new=${() => this.show("new")}
        @pl-open=${(e: CustomEvent<string>) => this.show(this.products?.find((p) => p.id === e.detail) ?? null)}
        @pl-pause=${(e: CustomEvent<string>) => uploads.pause(e.detail)}
        @pl-resume=${(e: CustomEvent<string>) => uploads.resume(e.detail)}
        @pl-cancel=${(e: CustomEvent<string>) => uploads.cancel(e.detail)}
        @pl-retry=${() => void this.load()}
      ></pl-product-list>
      <pl-product-sheet
        .open=${open !== null}
        .product=${open === "new" ? null : open}
        .busy=${this.busy}
        .saved=${this.saved}
        .trouble=${this.trouble}
        .stale=${this.stale}
        .uploads=${id === "" ? [] : ours((to) => to === id)}
        @pl-save=${(e: CustomEvent<ProductWish>) => this.save(e.detail)}
        @pl-reload=${() => void this.reload()}
        @pl-files=${(e: CustomEvent<readonly File[]>) => this.files(e.detail)}
        @pl-model-gone=${() => void this.act(() => api.deleteModel(id))}
        @pl-image-gone=${(e: CustomEvent<string>) => void this.act(() => api.deleteImage(id, e.detail))}
        @pl-delete=${() =>
          void this.act(async () => {
            await api.deleteProduct(id);
            return null;
          })}
        @pl-pause=${(e: CustomEvent<string>) => uploads.pause(e.detail)}
        @pl-resume=${(e: CustomEvent<string>) => uploads.resume(e.detail)}
        @pl-cancel=${(e: CustomEvent<string>) => uploads.cancel(e.detail)}
        @pl-close=${() => this.show(null)}
      ></pl-product-sheet>`;
  }
}
