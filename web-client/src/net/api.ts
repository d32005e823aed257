/* The staff API as the console uses it; the session cookie says who asks. Failures are Problems. */
import {
  createdInvite, product, readList, visit, walkthrough,
  type CreatedInvite, type NewVisit, type ProductInfo, type VisitInfo, type WalkthroughInfo,
} from "../core/api";
import { staff, type Staff } from "../core/boot";
import { Problem, problemOf } from "../core/problem";
import { read, ShapeError } from "../core/shape";

async function call(method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  });
  if (!response.ok) {
    throw await problemOf(response);
  }
  if (response.status === 204 || response.headers.get("Content-Length") === "0") {
    return null;
  }
  try {
    return await response.json();
  } catch {
    throw new Problem(502, "about:blank", "The server's answer could not be read.", "");
  }
}

const path = encodeURIComponent;

export interface Api {
  login(email: string, password: string): Promise<Staff>;
  logout(): Promise<void>;
  visits(): Promise<readonly VisitInfo[]>;
  visit(id: string): Promise<VisitInfo>;
  createVisit(wish: NewVisit): Promise<VisitInfo>;
  startVisit(id: string): Promise<VisitInfo>;
  endVisit(id: string): Promise<VisitInfo>;
  invite(id: string, name: string): Promise<CreatedInvite>;
  products(): Promise<readonly ProductInfo[]>;
  walkthroughs(): Promise<readonly WalkthroughInfo[]>;
}

export function createApi(signal: AbortSignal): Api {
  const get = (url: string): Promise<unknown> => call("GET", url, undefined, signal);
  const post = (url: string, body: unknown): Promise<unknown> => call("POST", url, body, signal);
  return {
    async login(email, password) {
      await post("/api/v1/login", { email, password });
      return read(staff, await get("/api/v1/me"));
    },
    async logout() {
      await post("/api/v1/logout", undefined);
    },
    async visits() {
      return readList(visit, await get("/api/v1/visits"));
    },
    async visit(id) {
      return read(visit, await get(`/api/v1/visits/${path(id)}`));
    },
    async createVisit(wish) {
      return read(visit, await post("/api/v1/visits", wish));
    },
    async startVisit(id) {
      return read(visit, await post(`/api/v1/visits/${path(id)}/start`, undefined));
    },
    async endVisit(id) {
      return read(visit, await post(`/api/v1/visits/${path(id)}/end`, undefined));
    },
    async invite(id, name) {
      return read(createdInvite, await post(`/api/v1/visits/${path(id)}/invites`, name === "" ? {} : { name }));
    },
    async products() {
      return readList(product, await get("/api/v1/products"));
    },
    async walkthroughs() {
      return readList(walkthrough, await get("/api/v1/walkthroughs"));
    },
  };
}

export function qrUrl(visitId: string, token: string): string {
  return `/api/v1/visits/${path(visitId)}/qr.svg?token=${path(token)}`;
}

/* What to tell a person about a failure: the server's words, or ours when it could not be reached. */
export function words(error: unknown, unreachable: string, odd: string): string {
  if (error instanceof Problem) {
    return error.message;
  }
  return error instanceof ShapeError ? odd : unreachable;
}
