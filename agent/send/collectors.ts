import { AGENT_RUN_HEADER } from "../../protocol/agent-enrolment.ts";
import { TIME_HEADER } from "../../protocol/agent-resource.ts";
import type { Clock } from "../clock.ts";
import { ClockOffset } from "./clock-offset.ts";
import type { Tokens } from "./token.ts";
import type { HttpAnswer, Transport } from "./transport.ts";

export interface CollectorsOptions {
  /** In order of preference, without a path. */
  urls: readonly string[];
  transport: Transport;
  token: Tokens;
  clock: Clock;
  timeoutMs: number;
  userAgent: string;
  /** Which process speaks, see AGENT_RUN_HEADER. */
  run?: string;
}

/** After this long with another, the first collector is tried again. */
const PREFER_FIRST_MS = 5 * 60_000;

/**
 * The collectors that an agent may speak to. It stays with one that answers; where it gives no answer or is in trouble, the
 * next is asked at once. Which one answered is part of the answer.
 */
export class Collectors {
  readonly #options: CollectorsOptions;
  /** How far our clock is from theirs. */
  readonly offset: ClockOffset;
  #current = 0;
  #movedAtMs = 0;

  constructor(options: CollectorsOptions) {
    this.#options = options;
    this.offset = new ClockOffset(options.clock);
  }

  refreshToken(): boolean {
    return this.#options.token.refresh();
  }

  async send(request: {
    method?: "GET" | "POST";
    path: string;
    headers: Readonly<Record<string, string>>;
    body?: readonly Uint8Array[];
  }): Promise<{ answer: HttpAnswer; url: string }> {
    const { urls, transport, token, clock, timeoutMs, userAgent, run = "" } = this.#options;
    if (this.#current !== 0 && clock.monotonic() - this.#movedAtMs > PREFER_FIRST_MS) this.#move(0);
    const begin = this.#current;
    for (let tried = 0; ; tried++) {
      const index = (begin + tried) % urls.length;
      const url = urls[index]!;
      const timed = this.offset.begin();
      const answer = await transport.send({
        method: request.method ?? "POST",
        url: url + request.path,
        headers: {
          ...request.headers,
          "user-agent": userAgent,
          ...(run === "" ? {} : { [AGENT_RUN_HEADER]: run }),
          ...(token.current === null ? {} : { authorization: `Bearer ${token.current}` }),
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        timeoutMs,
      });
      if (answer.kind === "answer") timed(answer.headers[TIME_HEADER]);
      const inTrouble = answer.kind === "failed" || answer.status >= 500;
      if (!inTrouble && index !== this.#current) this.#move(index);
      if (!inTrouble || tried + 1 >= urls.length) return { answer, url };
    }
  }

  #move(index: number): void {
    this.#current = index;
    this.#movedAtMs = this.#options.clock.monotonic();
  }
}
