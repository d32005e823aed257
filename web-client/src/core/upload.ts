/* How fast something comes along, and how long it will still take. */

interface Mark {
  readonly at: number; /* ms */
  readonly done: number;
}

/* Looks back so far: long enough to be calm, short enough to follow a train into a tunnel. */
const WINDOW = 8_000;
/* Below this nothing sensible can be said. */
const SHORTEST = 800;

export class Pace {
  private marks: Mark[] = [];

  take(at: number, done: number): void {
    const last = this.marks[this.marks.length - 1];
    if (last !== undefined && done < last.done) {
      this.marks = []; /* the server has less than we thought: what we measured was buffers */
    }
    this.marks.push({ at, done });
    while (this.marks.length > 2 && at - (this.marks[1]?.at ?? at) >= WINDOW) {
      this.marks.shift();
    }
  }

  forget(): void {
    this.marks = [];
  }

  /* Units a second; null while it cannot be told. */
  rate(now: number): number | null {
    const first = this.marks[0];
    const last = this.marks[this.marks.length - 1];
    if (first === undefined || last === undefined || last.at - first.at < SHORTEST) {
      return null;
    }
    return (last.done - first.done) / ((Math.max(now, last.at) - first.at) / 1000);
  }

  /* Seconds until `total`; null while it cannot be told. */
  left(now: number, total: number): number | null {
    const rate = this.rate(now);
    const last = this.marks[this.marks.length - 1];
    return rate === null || rate <= 0 || last === undefined ? null : Math.max(0, total - last.done) / rate;
  }
}

export type UploadState =
  /* Its turn has not come. */
  | "waiting"
  | "sending"
  | "paused"
  /* The server cannot be reached: we go on by ourselves. */
  | "broken"
  /* All bytes are there; the server is told what to make of them. */
  | "finishing"
  | "failed"
  /* From before a reload: the browser needs the file once more. */
  | "interrupted";

export interface UploadInfo {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly sent: number;
  readonly state: UploadState;
  /* Bytes and seconds; null while they cannot be told. */
  readonly rate: number | null;
  readonly left: number | null;
  /* Why it failed, in words. */
  readonly failure: string;
}

const FILMS = ["mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "m2ts", "mts", "mpg", "mpeg", "wmv", "flv", "3gp", "ogv", "mxf", "mp3", "m4a", "wav", "flac", "ogg", "opus", "aac"];

export type FileKind = "film" | "slides" | "captions" | "other";

/* By its name first: browsers know no type for half of these. */
export function kindOf(name: string, type: string): FileKind {
  const ending = name.toLowerCase().split(".").pop() ?? "";
  if (ending === "vtt" || ending === "srt") {
    return "captions";
  }
  if (ending === "pdf" || type === "application/pdf") {
    return "slides";
  }
  return FILMS.includes(ending) || type.startsWith("video/") || type.startsWith("audio/") ? "film" : "other";
}

/* What a file can be to a product. */
export function productFileKind(name: string, type: string): "model" | "image" | "other" {
  const ending = name.toLowerCase().split(".").pop() ?? "";
  if (ending === "glb" || type === "model/gltf-binary") {
    return "model";
  }
  return ["png", "jpg", "jpeg", "webp"].includes(ending) || ["image/png", "image/jpeg", "image/webp"].includes(type) ? "image" : "other";
}

/* "IMG_2041 garden-lamp.final.MOV" → "IMG 2041 garden-lamp.final": a title to start from. */
export function titleOf(fileName: string): string {
  const bare = fileName.replace(/\.[A-Za-z0-9]{1,5}$/, "").replace(/_+/g, " ").trim();
  return bare === "" ? fileName : bare.slice(0, 120);
}
