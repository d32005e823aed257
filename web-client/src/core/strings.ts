/* Every word the pages say. A second language is one more catalogue given to `addLanguage`; what it
 * lacks is said in English. */
import { en } from "./strings-en";

type Entry = string | { readonly one: string; readonly other: string };
export type Catalogue = typeof en;
export type Key = keyof Catalogue;
export type Translation = { readonly [K in Key]?: Catalogue[K] extends string ? string : Partial<Record<Intl.LDMLPluralRule, string>> };

const catalogues = new Map<string, Translation>();
let tag = "en";

export function addLanguage(language: string, translation: Translation): void {
  catalogues.set(language, translation);
}

/* Takes the first of `wanted` there is a catalogue for ("de-AT" finds "de"); English otherwise. */
export function setLanguage(wanted: readonly string[]): string {
  const known = (w: string): string | undefined =>
    [w, w.split("-")[0] ?? w].find((l) => l === "en" || catalogues.has(l));
  tag = wanted.map(known).find((l) => l !== undefined) ?? "en";
  return tag;
}

export function language(): string {
  return tag;
}

function entryOf(key: Key): Entry | Partial<Record<Intl.LDMLPluralRule, string>> {
  return catalogues.get(tag)?.[key] ?? en[key];
}

/* `{name}` is replaced by the value of that name; `n` also chooses the plural. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  const entry = entryOf(key);
  let pattern: string;
  if (typeof entry === "string") {
    pattern = entry;
  } else {
    const rule = new Intl.PluralRules(tag).select(Number(values["n"] ?? 0));
    const forms = entry as Partial<Record<Intl.LDMLPluralRule, string>>;
    pattern = forms[rule] ?? forms.other ?? "";
  }
  return pattern.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
