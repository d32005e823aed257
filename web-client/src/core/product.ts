/* What is said of a product. */
import { language, t } from "./strings";

export interface SizeMm {
  readonly w: number;
  readonly h: number;
  readonly d: number;
}

/* "79 × 143 × 38 cm". */
export function sizeWords(size: SizeMm): string {
  const cm = (mm: number): string => new Intl.NumberFormat(language(), { maximumFractionDigits: 0 }).format(mm / 10);
  return t("card.size", { w: cm(size.w), h: cm(size.h), d: cm(size.d) });
}

/* Millimetres as people type them: "1.426", "1426", "1 426,5" in the tongue of the page. Null: no number
 * above nothing and below a kilometre; 0: nothing was typed. */
export function parseMm(typed: string): number | null {
  const bare = typed.replace(/[\s\u00a0]/g, "").replace(",", ".");
  if (bare === "") {
    return 0;
  }
  const value = /^\d+(\.\d+)?$/.test(bare) ? Number(bare) : NaN;
  return value > 0 && value <= 1_000_000 ? value : null;
}

/* One claim a line. */
export function claimsOf(typed: string): readonly string[] {
  return typed
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/* An address that a visitor may be sent to. */
export function isLink(typed: string): boolean {
  try {
    return ["http:", "https:", "mailto:", "tel:"].includes(new URL(typed).protocol);
  } catch {
    return false;
  }
}
