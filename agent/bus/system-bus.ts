import { connect, type Socket } from "node:net";
import type { Clock } from "../clock.ts";
import { SYSTEM_BUS } from "./bus-socket.ts";
import { type BusCall, decodeMessage, encodeCall, messageLength } from "./bus-message.ts";
import type { BusValue } from "./bus-value.ts";

/** `error` where the other side refuses, is not there, or the bus fails. */
export type BusAnswer = { values: readonly BusValue[] } | { error: string };

/** A connection to a message bus, for as long as a few questions take. */
export interface Bus {
  /** Any number may be under way at a time. Never rejects. */
  call(call: BusCall, mayStart?: boolean): Promise<BusAnswer>;
  /** One property. */
  get(from: Omit<BusCall, "member" | "arguments">, property: string, mayStart?: boolean): Promise<BusAnswer>;
}

/** For everything: to connect, to be let in, to ask. */
const SESSION_MS = 5000;
const LINE_BYTES_MAX = 1024;
const BUS = "org.freedesktop.DBus";
const HELLO: BusCall = {
  destination: BUS,
  path: "/org/freedesktop/DBus",
  interface: BUS,
  member: "Hello",
  arguments: [],
};

/**
 * Connects to the host's message bus, asks what `work` asks, and is gone: nothing is kept between two looks, so nothing has to be mended after
 * the bus was restarted. What `work` got is the answer; `error` where the bus cannot be reached or spoken to.
 */
export async function onBus<T>(
  { clock, path = SYSTEM_BUS }: { clock: Clock; path?: string },
  work: (bus: Bus) => Promise<T>,
): Promise<{ result: T } | { error: string }> {
  const session = new Session(connect(path));
  const cancel = clock.after(SESSION_MS, () => session.end(`no answer within ${SESSION_MS / 1000} s`));
  try {
    if (!(await session.enter())) return { error: session.trouble };
    const result = await work(session);
    return session.trouble === "" ? { result } : { error: session.trouble };
  } finally {
    cancel();
    session.end("it is over");
  }
}

class Session implements Bus {
  /** Why there is no answer any more. */
  trouble = "";
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: BusAnswer) => void>();
  readonly #entered = Promise.withResolvers<boolean>();
  #chunks: Buffer[] = [];
  #gotBytes = 0;
  /** How many bytes make the next thing; while we are not in, lines are read. */
  #wantedBytes = 1;
  #isIn = false;
  #serial = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("connect", () => {
      // EXTERNAL: the kernel tells the bus who we are.
      const user = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
      socket.write(`\u0000AUTH EXTERNAL ${user}\r\n`);
    });
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("error", (error) => this.end(error.message));
    socket.on("close", () => this.end("the bus closed the connection"));
  }

  /** Whether we were let in. */
  enter(): Promise<boolean> {
    return this.#entered.promise;
  }

  call(call: BusCall, mayStart = false): Promise<BusAnswer> {
    if (this.trouble !== "") return Promise.resolve({ error: this.trouble });
    this.#serial++;
    const { promise, resolve } = Promise.withResolvers<BusAnswer>();
    this.#waiting.set(this.#serial, resolve);
    this.#socket.write(encodeCall(call, this.#serial, mayStart));
    return promise;
  }

  get(from: Omit<BusCall, "member" | "arguments">, property: string, mayStart = false): Promise<BusAnswer> {
    const asked = {
      interface: "org.freedesktop.DBus.Properties",
      member: "Get",
      arguments: [from.interface, property],
    };
    return this.call({ ...from, ...asked }, mayStart);
  }

  end(reason: string): void {
    if (this.trouble === "") this.trouble = reason;
    this.#socket.destroy();
    this.#chunks = [];
    this.#entered.resolve(false);
    for (const answer of this.#waiting.values()) answer({ error: this.trouble });
    this.#waiting.clear();
  }

  #take(chunk: Buffer): void {
    if (this.trouble !== "") return;
    this.#chunks.push(chunk);
    this.#gotBytes += chunk.length;
    // A long message comes in many pieces; they are put together once.
    if (this.#gotBytes < this.#wantedBytes) return;
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    try {
      for (let used = this.#use(bytes); used > 0; used = this.#use(bytes)) bytes = bytes.subarray(used);
    } catch (error) {
      this.end((error as Error).message);
      return;
    }
    this.#chunks = [bytes];
    this.#gotBytes = bytes.length;
  }

  /** How many bytes were used; 0 = more are needed. */
  #use(bytes: Buffer): number {
    if (!this.#isIn) return this.#useLine(bytes);
    const length = messageLength(bytes);
    this.#wantedBytes = length ?? bytes.length + 1;
    if (length === null || bytes.length < length) return 0;
    const { kind, answers, error, values } = decodeMessage(bytes.subarray(0, length));
    const answer = this.#waiting.get(answers);
    // Signals, and who else may speak to us, are passed over.
    if (kind !== "other" && answer !== undefined) {
      this.#waiting.delete(answers);
      answer(kind === "answer" ? { values } : { error });
    }
    return length;
  }

  #useLine(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n");
    this.#wantedBytes = bytes.length + 1;
    if (end < 0) {
      if (bytes.length > LINE_BYTES_MAX) throw new Error("what listens there is no message bus");
      return 0;
    }
    const line = bytes.toString("latin1", 0, Math.min(end, 100));
    if (!line.startsWith("OK ")) throw new Error(`the bus does not let us in: ${line}`);
    this.#isIn = true;
    this.#wantedBytes = 1;
    this.#socket.write("BEGIN\r\n");
    // The first call that a bus takes; who it says that we are does not matter.
    void this.call(HELLO).then((answer) => {
      if ("error" in answer) this.end(`the bus does not greet us: ${answer.error}`);
    });
    this.#entered.resolve(true);
    return end + 2;
  }
}
