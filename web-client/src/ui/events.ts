/* Elements say what a person did by one bubbling CustomEvent; pages listen. */
export function emit(from: EventTarget, type: string, detail: unknown = null): void {
  from.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
}
