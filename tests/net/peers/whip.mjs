// WHIP and WHEP by plain HTTP.
export class Session {
  constructor(url, token) {
    Object.assign(this, { url, token });
  }

  #headers(more = {}) {
    return this.token ? { authorization: `Bearer ${this.token}`, ...more } : more;
  }

  /** The answer's SDP. */
  async offer(sdp) {
    const r = await fetch(this.url, { method: 'POST', body: sdp,
      headers: this.#headers({ 'content-type': 'application/sdp' }) });
    const text = await r.text();
    if (r.status !== 201) throw new Error(`${r.status} ${text}`);
    this.location = new URL(r.headers.get('location'), this.url).href;
    return text;
  }

  async control(action) {
    const r = await fetch(`${this.location}/control`, { method: 'POST', body: JSON.stringify(action),
      headers: this.#headers({ 'content-type': 'application/json' }) });
    const text = await r.text();
    if (r.status !== 200) throw new Error(`${r.status} ${text}`);
    return JSON.parse(text);
  }

  /** Server-sent events: calls on(name, data) until the stream ends or the signal says so. */
  async events(on, signal) {
    const r = await fetch(`${this.location}/events`, { headers: this.#headers({ accept: 'text/event-stream' }), signal });
    if (r.status !== 200) throw new Error(`${r.status} ${await r.text()}`);
    let text = '';
    for await (const piece of r.body) {
      text += Buffer.from(piece).toString();
      let end;
      while ((end = text.indexOf('\n\n')) >= 0) {
        const fields = Object.fromEntries(text.slice(0, end).split('\n').map((l) => l.split(/: ?(.*)/s)));
        text = text.slice(end + 2);
        if (fields.event) on(fields.event, JSON.parse(fields.data));
      }
    }
  }

  async end() {
    if (!this.location) return;
    await fetch(this.location, { method: 'DELETE', headers: this.#headers() });
    this.location = undefined;
  }
}
