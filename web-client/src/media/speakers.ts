/* Plays the sound of the stage in plain audio elements (Web Audio would escape echo cancellers).
 * Silent until `open` is called in a gesture; all elements are started in that one gesture. */

export class Speakers {
  private readonly elements: HTMLAudioElement[] = [];
  private tracks: readonly MediaStreamTrack[] = [];
  private audible: readonly number[] = [];
  private wanted = false;

  constructor(host: HTMLElement, slots: number) {
    for (let slot = 0; slot < slots; slot++) {
      const element = document.createElement("audio");
      element.muted = true;
      element.autoplay = true;
      host.append(element);
      this.elements.push(element);
    }
  }

  setTracks(tracks: readonly MediaStreamTrack[]): void {
    this.tracks = tracks;
    this.elements.forEach((element, slot) => {
      const track = tracks[slot];
      element.srcObject = track === undefined ? null : new MediaStream([track]);
    });
    this.apply();
  }

  setAudible(slots: readonly number[]): void {
    this.audible = slots;
    this.apply();
  }

  /* False: the browser refused, a gesture is needed. */
  async open(): Promise<boolean> {
    this.wanted = true;
    this.apply();
    try {
      await Promise.all(
        this.elements.filter((element) => element.srcObject !== null).map((element) => element.play()),
      );
      return true;
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") {
        return true;
      }
      this.mute();
      return false;
    }
  }

  mute(): void {
    this.wanted = false;
    this.apply();
  }

  private apply(): void {
    this.elements.forEach((element, slot) => {
      element.muted = !(this.wanted && this.audible.includes(slot));
      if (this.wanted && this.tracks[slot] !== undefined && element.paused) {
        void element.play().catch(() => undefined);
      }
    });
  }
}
