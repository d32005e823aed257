/* RFC 9457 problem details, or what can be said when an answer carries none. */
import { nullable, number, object, read, text } from "./shape";

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail !== "" ? detail : title);
    this.name = "Problem";
  }

  /* Trying the same again cannot help. */
  get final(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 425 && this.status !== 429;
  }
}

const problem = object({
  type: nullable(text),
  title: nullable(text),
  detail: nullable(text),
  status: nullable(number),
});

export function parseProblem(value: unknown, status: number): Problem {
  try {
    const p = read(problem, value);
    return new Problem(p.status ?? status, p.type ?? "about:blank", p.title ?? `HTTP ${status}`, p.detail ?? "");
  } catch {
    return new Problem(status, "about:blank", `HTTP ${status}`, "");
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  let body: unknown = null;
  try {
    body = await response.json();
  } catch {
    /* no body, or none that is JSON: the status says enough */
  }
  return parseProblem(body, response.status);
}
