/* What every page does first: words in the reader's language, and what the server wrote into it. */
import "./styles/page.css";
import { setLanguage, t } from "./core/strings";

export function startPage(): { host: HTMLElement; boot: unknown } {
  document.documentElement.lang = setLanguage(navigator.languages);
  const host = document.querySelector<HTMLElement>("#page");
  if (host === null) {
    throw new Error("the page has no place for its content");
  }
  let boot: unknown = null;
  try {
    boot = JSON.parse(document.querySelector("#parlour-boot")?.textContent ?? "null");
  } catch {
    boot = null;
  }
  if (document.title === "") {
    document.title = t("app.name");
  }
  return { host, boot };
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    /* Not a secure page, or not allowed: the old way, in the same gesture. */
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    field.style.opacity = "0";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}

/* Keeps the screen lit while `signal` lasts; browsers drop the lock when the page is hidden. */
export function keepAwake(signal: AbortSignal): void {
  if (!("wakeLock" in navigator)) {
    return;
  }
  let lock: WakeLockSentinel | null = null;
  const take = (): void => {
    if (document.visibilityState === "visible" && !signal.aborted) {
      void navigator.wakeLock.request("screen").then(
        (held) => {
          lock = held;
          if (signal.aborted) {
            void held.release();
          }
        },
        () => undefined /* battery saver says no */,
      );
    }
  };
  document.addEventListener("visibilitychange", take, { signal });
  signal.addEventListener("abort", () => void lock?.release(), { once: true });
  take();
}

/* Calls back when the device may have changed networks. */
export function watchNetwork(signal: AbortSignal, onchange: () => void): void {
  globalThis.addEventListener("online", onchange, { signal });
  globalThis.addEventListener("offline", onchange, { signal });
  const { connection } = navigator as Navigator & { connection?: EventTarget };
  connection?.addEventListener?.("change", onchange, { signal });
}

/* The pictures of a closed connection turn black, and no event says so: then there are none. */
export function stillAlive(streams: readonly MediaStream[]): readonly MediaStream[] {
  return streams.every((s) => s.getTracks().every((track) => track.readyState === "live")) ? streams : [];
}
