import type { ServerResponse } from "node:http";
import type { Milliseconds } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";
import { Refusal } from "../port/ingest.ts";
import type { Change, ChangeFeed } from "../port/query.ts";
import type { Telemetry } from "../port/telemetry.ts";

const HEARTBEAT_MS: Milliseconds = 15_000;
/** Changes that a reader who was away for a moment can still be given. */
const REMEMBERED_MAX = 1024;

export interface ChangeStreamOptions {
  feed: ChangeFeed;
  clock: Clock;
  telemetry: Telemetry;
  clientsMax: number;
  behindBytesMax: number;
}

/**
 * Server-sent events (HTML Living Standard, section 9.2) of everything that changes, for the console and for scripts. A reader
 * that comes back with Last-Event-ID gets what it missed, or `reset` when that is no longer known and it must read again.
 * A reader that does not keep up is dropped; it comes back.
 */
export class ChangeStream {
  private readonly options: ChangeStreamOptions;
  private readonly clients = new Set<ServerResponse>();
  /** The newest, each at the place that its number gives it. Made into text for who reads: mostly nobody does. */
  private readonly remembered: Change[] = [];
  private readonly unsubscribe: () => void;
  private cancelHeartbeat: () => void = () => undefined;
  private last = 0;

  constructor(options: ChangeStreamOptions) {
    this.options = options;
    this.unsubscribe = options.feed.subscribe((change) => this.send(change));
    options.telemetry.gauge("tocsin_stream_clients", () => this.clients.size);
    this.heartbeat();
  }

  get size(): number {
    return this.clients.size;
  }

  /** Throws 503 when there are too many readers. Otherwise owns the response until it closes. */
  attach(response: ServerResponse, lastEventId: string | undefined): void {
    if (this.clients.size >= this.options.clientsMax) {
      this.options.telemetry.count("tocsin_stream_dropped_total", { reason: "tooMany" });
      throw new Refusal(503, "tooManyReaders", "too many readers of the stream", { retryAfterS: 30 });
    }
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.once("close", () => this.clients.delete(response));
    response.on("error", () => this.clients.delete(response));
    this.clients.add(response);
    response.write(`retry: 3000\n\n${this.missedSince(lastEventId)}`);
  }

  close(): void {
    this.unsubscribe();
    this.cancelHeartbeat();
    for (const client of this.clients) client.end();
    this.clients.clear();
  }

  private missedSince(lastEventId: string | undefined): string {
    const now = `event: ready\nid: ${this.last}\ndata: {}\n\n`;
    if (lastEventId === undefined || lastEventId === "") return now;
    const since = /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : -1;
    const oldest = this.last - this.remembered.length + 1;
    // An id of before a restart is larger than ours, or too old: either way the reader must read all again.
    if (since < oldest - 1 || since > this.last) return `event: reset\nid: ${this.last}\ndata: {}\n\n`;
    let text = "";
    for (let id = since + 1; id <= this.last; id += 1) {
      const change = this.remembered[(id - 1) % REMEMBERED_MAX];
      if (change !== undefined) text += textOf(id, change);
    }
    return text;
  }

  private send(change: Change): void {
    this.last += 1;
    this.remembered[(this.last - 1) % REMEMBERED_MAX] = change;
    if (this.clients.size > 0) this.writeAll(textOf(this.last, change));
  }

  private heartbeat(): void {
    this.cancelHeartbeat = this.options.clock.after(HEARTBEAT_MS, () => {
      this.writeAll(": still here\n\n");
      this.heartbeat();
    });
  }

  private writeAll(text: string): void {
    for (const client of this.clients) {
      if (client.writableLength > this.options.behindBytesMax) {
        this.clients.delete(client);
        client.destroy();
        this.options.telemetry.count("tocsin_stream_dropped_total", { reason: "tooSlow" });
      } else client.write(text);
    }
  }
}

function textOf(id: number, { kind, id: entity, revision }: Change): string {
  return `event: change\nid: ${id}\ndata: ${JSON.stringify({ kind, id: entity, revision })}\n\n`;
}
