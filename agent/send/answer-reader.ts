/** Where the reading of an answer stands; text says what is wrong with it, and nothing more can be made of the connection. */
export type Reading = "more" | "whole" | { fault: string };

type State = "head" | "length" | "chunkSize" | "chunk" | "chunkEnd" | "trailers" | "untilClose";

const HEAD_BYTES_MAX = 32 * 1024;
const CHUNK_LINE_BYTES_MAX = 1024;
/** Answers of ours are short; a longer one is none of ours. */
const BODY_BYTES_MAX = 1024 * 1024;
const HEAD_END = "\r\n\r\n";
const LINE_END = "\r\n";
const NOTHING = Buffer.alloc(0);
const CONTINUE = 100;
const SWITCHING = 101;
const OK = 200;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

/**
 * Reads one HTTP/1.1 answer as it arrives, piece by piece. Node's own client would do, and costs a process that speaks to one server
 * three megabytes; this reads what RFC 9112 allows an origin server or a proxy to say to a GET or POST, and nothing beyond it.
 */
export class AnswerReader {
  #rest: Buffer = NOTHING;
  #state: State = "head";
  /** Bytes that are still to come of the body, or of the chunk. */
  #left = 0;
  #keepsConnection = false;
  #body: Buffer[] = [];
  #size = 0;
  status = 0;
  /** By lower-case name; of several of one name all, with commas. */
  headers: Record<string, string | undefined> = {};

  /** Takes what arrived; not called again after it was whole or faulty. */
  take(bytes: Buffer): Reading {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const reading = this.#step();
      if (reading !== "again") return reading;
    }
  }

  /** The other side has closed. */
  end(): Reading {
    return this.#state === "untilClose" ? "whole" : { fault: "the answer broke off" };
  }

  get body(): Buffer {
    return this.#body.length === 1 ? this.#body[0]! : Buffer.concat(this.#body);
  }

  /** Of a whole answer: whether the connection may carry another request. */
  get leavesConnection(): boolean {
    return this.#keepsConnection && this.#rest.length === 0 && this.#state !== "untilClose";
  }

  #step(): Reading | "again" {
    switch (this.#state) {
      case "head":
        return this.#readHead();
      case "length":
        return this.#readBody() ?? (this.#left === 0 ? "whole" : "more");
      case "chunkSize":
        return this.#readChunkSize();
      case "chunk":
        return this.#readBody() ?? (this.#left === 0 ? this.#go("chunkEnd") : "more");
      case "chunkEnd":
        return this.#readChunkEnd();
      case "trailers":
        return this.#readTrailer();
      default:
        this.#left = this.#rest.length;
        return this.#readBody() ?? "more";
    }
  }

  #go(state: State): "again" {
    this.#state = state;
    return "again";
  }

  #readHead(): Reading | "again" {
    const end = this.#rest.indexOf(HEAD_END);
    if (end > HEAD_BYTES_MAX || (end === -1 && this.#rest.length > HEAD_BYTES_MAX))
      return { fault: "the answer's head is too long" };
    if (end === -1) return "more";
    const [first = "", ...lines] = this.#rest.toString("latin1", 0, end).split(LINE_END);
    this.#rest = this.#rest.subarray(end + HEAD_END.length);
    const start = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(first);
    if (start === null) return { fault: "what answers does not speak HTTP/1" };
    this.status = Number(start[2]);
    this.headers = {};
    for (const line of lines) {
      const [, name, value = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
      if (name === undefined) return { fault: "the answer's head is malformed" };
      const key = name.toLowerCase();
      const known = this.headers[key];
      this.headers[key] = known === undefined ? value : `${known}, ${value}`;
    }
    if (this.status === SWITCHING) return { fault: "the answer wants another protocol" };
    // An interim one: the answer follows.
    if (this.status >= CONTINUE && this.status < OK) return "again";
    const connection = (this.headers["connection"] ?? "").toLowerCase();
    this.#keepsConnection = start[1] === "1" ? !connection.includes("close") : connection.includes("keep-alive");
    return this.#expectBody();
  }

  /** RFC 9112, section 6.3. */
  #expectBody(): Reading | "again" {
    if (this.status === NO_CONTENT || this.status === NOT_MODIFIED) return "whole";
    const { "transfer-encoding": encoding, "content-length": length } = this.headers;
    if (encoding !== undefined) {
      if (encoding.toLowerCase() !== "chunked") return { fault: `the answer is encoded as ${encoding.slice(0, 50)}` };
      // Both is how requests are smuggled past proxies: what follows on this connection is not to be trusted.
      if (length !== undefined) this.#keepsConnection = false;
      return this.#go("chunkSize");
    }
    if (length === undefined) return this.#go("untilClose");
    if (!/^\d{1,15}$/.test(length)) return { fault: "the answer's length is no number" };
    this.#left = Number(length);
    return this.#left > BODY_BYTES_MAX ? { fault: "the answer is too long" } : this.#go("length");
  }

  /** Takes of the body what is there; null = no trouble with it. */
  #readBody(): Reading | null {
    const part = this.#rest.subarray(0, this.#left);
    this.#rest = this.#rest.subarray(part.length);
    this.#left -= part.length;
    this.#size += part.length;
    if (this.#size > BODY_BYTES_MAX) return { fault: "the answer is too long" };
    if (part.length > 0) this.#body.push(part);
    return null;
  }

  #readChunkSize(): Reading | "again" {
    const line = this.#line();
    if (typeof line !== "string") return line ?? "more";
    const size = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?$/.exec(line)?.[1];
    if (size === undefined) return { fault: "the answer's chunks are malformed" };
    this.#left = Number.parseInt(size, 16);
    return this.#go(this.#left === 0 ? "trailers" : "chunk");
  }

  #readChunkEnd(): Reading | "again" {
    const line = this.#line();
    if (typeof line !== "string") return line ?? "more";
    return line === "" ? this.#go("chunkSize") : { fault: "the answer's chunks are malformed" };
  }

  #readTrailer(): Reading | "again" {
    const line = this.#line();
    if (typeof line !== "string") return line ?? "more";
    // Counted with the body, so that they end.
    this.#size += line.length;
    if (this.#size > BODY_BYTES_MAX) return { fault: "the answer is too long" };
    return line === "" ? "whole" : "again";
  }

  /** null = it is not there yet. */
  #line(): string | { fault: string } | null {
    const end = this.#rest.indexOf(LINE_END);
    if (end > CHUNK_LINE_BYTES_MAX || (end === -1 && this.#rest.length > CHUNK_LINE_BYTES_MAX))
      return { fault: "the answer's chunks are malformed" };
    if (end === -1) return null;
    const line = this.#rest.toString("latin1", 0, end);
    this.#rest = this.#rest.subarray(end + LINE_END.length);
    return line;
  }
}
