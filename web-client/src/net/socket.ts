/* The visit's WebSocket: says hello, gives on what was understood, and comes back by itself,
 * resuming after the last event that was seen. A server that is about to be replaced is left for the
 * next one as soon as that is ready. */
import { createBackoff } from "../core/backoff";
import { parseServerMessage, writeClientMessage, type ClientBody, type ServerMessage } from "../core/protocol";

export type SocketState = "connecting" | "open" | "reconnecting" | "closed";

export interface SocketOptions {
  readonly url: string;
  readonly visit: string;
  readonly token: string | null;
  readonly name: () => string;
  readonly signal: AbortSignal;
  readonly onmessage: (message: ServerMessage) => void;
  readonly onstate: (state: SocketState) => void;
  /* The server refused us for good; `word` is its stable one. */
  readonly onrefused: (word: string) => void;
  /* Whether a server takes newcomers now; asked while ours says that it is going away. */
  readonly ready?: () => Promise<boolean>;
  readonly createSocket?: (url: string) => WebSocket;
  readonly random?: () => number;
}

const FIRST_WAIT = 200;
const LONGEST_WAIT = 3_000;
const PING_EVERY = 15_000;
/* For a connection to come up, and for an answer on one that was asked. */
const OPEN_WITHIN = 5_000;
const ANSWER_WITHIN = 1_500;
/* Between two questions whether the next server is ready, and somewhat at random: not all at once. */
const MOVE_EVERY = 1_000;
/* RFC 6455 §7.4: 1008 is what the server answers to a token it does not take. */
const POLICY = 1008;

export class VisitSocket {
  private socket: WebSocket | null = null;
  private seq: number | null = null;
  private self: string | null = null;
  private greeted = false;
  private count = 0;
  private heard = 0;
  private begun = 0;
  private received = 0;
  private moveTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setInterval> | undefined;
  private readonly backoff;

  constructor(private readonly options: SocketOptions) {
    this.backoff = createBackoff(FIRST_WAIT, LONGEST_WAIT, options.random ?? Math.random);
    options.signal.addEventListener("abort", () => this.close(), { once: true });
    this.open("connecting");
  }

  /* False: not sent, the socket is down. Nothing is kept for later: everything we say is about now. */
  send(body: ClientBody): boolean {
    if (this.greeted && this.socket?.readyState === 1) {
      this.write(body);
      return true;
    }
    return false;
  }

  /* The network is back: do not wait. */
  hurry(): void {
    if (this.socket === null && !this.options.signal.aborted) {
      clearTimeout(this.retryTimer);
      this.backoff.reset();
      this.open("reconnecting");
    }
  }

  /* The network may be gone without a word: say something, and if nothing comes back, begin anew. */
  check(): void {
    if (this.socket !== null && !this.greeted && Date.now() - this.begun > ANSWER_WITHIN) {
      this.abandon(); /* it may be trying by a network that is gone */
    }
    this.hurry();
    if (!this.send({ type: "ping", data: {} })) {
      return;
    }
    const asked = this.socket;
    const { received } = this;
    setTimeout(() => {
      if (asked === this.socket && this.received === received) {
        this.abandon();
        this.hurry();
      }
    }, ANSWER_WITHIN);
  }

  /* A socket that hangs: its close would wait for an answer that does not come. */
  private abandon(): void {
    const { socket } = this;
    this.lost(1006, "");
    socket?.close();
  }

  private write(body: ClientBody): void {
    this.count++;
    this.socket?.send(writeClientMessage(String(this.count), body));
  }

  private open(state: SocketState): void {
    const { options } = this;
    options.onstate(state);
    const socket = (options.createSocket ?? ((url) => new WebSocket(url)))(options.url);
    this.socket = socket;
    this.begun = Date.now();
    this.greeted = false;
    socket.onopen = () => {
      const name = options.name();
      this.write({
        type: "hello",
        data: {
          visit: options.visit,
          ...(options.token === null ? {} : { token: options.token }),
          ...(name === "" ? {} : { name }),
          ...(this.seq === null || this.self === null ? {} : { participant: this.self, resume: this.seq }),
        },
      });
    };
    socket.onmessage = (event: MessageEvent<unknown>) => this.receive(event.data);
    socket.onclose = (event) => this.lost(event.code, event.reason);
    setTimeout(() => {
      if (socket === this.socket && !this.greeted) {
        this.abandon();
      }
    }, OPEN_WITHIN);
  }

  private receive(data: unknown): void {
    this.heard = Date.now();
    this.received++;
    let message: ServerMessage;
    try {
      message = parseServerMessage(JSON.parse(String(data)));
    } catch {
      return; /* a newer server may say things we do not know */
    }
    if (message.type === "welcome") {
      this.greeted = true;
      this.self = message.participant;
      this.backoff.reset();
      this.options.onstate("open");
      this.startPing();
    }
    if (message.type === "going-away") {
      this.moveSoon();
    }
    if (message.seq !== null) {
      this.seq = message.type === "welcome" ? message.seq : Math.max(this.seq ?? 0, message.seq);
    }
    this.options.onmessage(message);
  }

  private moveSoon(): void {
    const { ready } = this.options;
    if (ready === undefined) {
      return;
    }
    clearTimeout(this.moveTimer);
    this.moveTimer = setTimeout(() => {
      const { socket } = this;
      void ready().then((yes) => {
        if (socket === null || socket !== this.socket) {
          return; /* it is over already; the way back has begun */
        }
        if (yes) {
          this.move();
        } else {
          this.moveSoon();
        }
      });
    }, MOVE_EVERY * (0.5 + (this.options.random ?? Math.random)()));
  }

  /* No good-bye: we are the same participant over there. */
  private move(): void {
    const { socket } = this;
    this.forget();
    socket?.close();
    this.open("reconnecting");
  }

  private startPing(): void {
    clearInterval(this.pingTimer);
    this.pingTimer = setInterval(() => {
      if (Date.now() - this.heard > 3 * PING_EVERY) {
        this.abandon();
        return;
      }
      this.send({ type: "ping", data: {} });
    }, PING_EVERY);
  }

  private lost(code: number, reason: string): void {
    if (this.socket === null || this.options.signal.aborted) {
      return;
    }
    this.forget();
    if (code === POLICY) {
      this.options.onstate("closed");
      this.options.onrefused(reason);
      return;
    }
    this.options.onstate("reconnecting");
    this.retryTimer = setTimeout(() => this.open("reconnecting"), this.backoff.next());
  }

  private forget(): void {
    clearInterval(this.pingTimer);
    clearTimeout(this.retryTimer);
    clearTimeout(this.moveTimer);
    if (this.socket !== null) {
      this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
      this.socket = null;
    }
    this.greeted = false;
  }

  private close(): void {
    const { socket } = this;
    if (socket !== null && socket.readyState <= 1) {
      this.send({ type: "bye", data: {} });
      socket.close(1000);
    }
    this.forget();
    this.options.onstate("closed");
  }
}

/* A draining server answers 503; 200 is somebody who takes us. */
export function serverReady(): Promise<boolean> {
  return fetch("/readyz", { cache: "no-store" }).then(
    (response) => response.ok,
    () => false,
  );
}

export function socketUrl(location: { protocol: string; host: string }): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;
}
