/* Asking at a second of a walkthrough. */
import { readAnswered, type Answered } from "../core/film-questions";
import { problemOf } from "../core/problem";
import { number, object, read, text } from "../core/shape";

const asked = object({ id: text, token: text, t: number, text });
export type Asked = ReturnType<typeof asked>;

function urlOf(slug: string, invite: string | null, id = ""): string {
  const query = invite === null ? "" : `?invite=${encodeURIComponent(invite)}`;
  return `/w/${encodeURIComponent(slug)}/questions${id === "" ? "" : `/${encodeURIComponent(id)}`}${query}`;
}

export async function answersOf(slug: string, invite: string | null): Promise<readonly Answered[]> {
  const response = await fetch(urlOf(slug, invite));
  if (!response.ok) {
    throw await problemOf(response);
  }
  return readAnswered(await response.json());
}

export async function askAt(slug: string, invite: string | null, wish: { t: number; text: string; name?: string }): Promise<Asked> {
  const response = await fetch(urlOf(slug, invite), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish) });
  if (!response.ok) {
    throw await problemOf(response);
  }
  return read(asked, await response.json());
}

/* Fine too when it is gone already. */
export async function takeBack(slug: string, id: string, token: string): Promise<void> {
  const response = await fetch(urlOf(slug, null, id), { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok && response.status !== 404) {
    throw await problemOf(response);
  }
}
