import type { WireEvent } from "../../protocol/agent-event.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { HostFiles } from "../sample/host-files.ts";
import type { Recorder } from "../sample/recorder.ts";
import type { Condition, ConditionBook, ConditionOwner } from "./condition-book.ts";

export interface BlackBoxOptions {
  files: HostFiles;
  clock: Clock;
  log: Log;
  recorder: Recorder;
  book: ConditionBook;
  ci: string;
  nextId: () => string;
  send: (event: WireEvent) => void;
  /** Loaded for the first alert: most of the time nobody needs it. */
  collect?: (context: { files: HostFiles; clock: Clock }) => Promise<Record<string, string>>;
}

/** A storm of alerts on one host has one cause to look at. */
const CAPTURE_EVERY_MS = 60_000;
/** Nobody may keep a host busy by asking. */
const REQUEST_EVERY_MS = 10_000;
const ANNOTATION_CHARACTERS_MAX = 4000;
/** Conditions that get what was asked for, besides the event of its own. */
const ANNOTATED_MAX = 3;

/** Attaches to an alert, when it begins or when somebody asks, what the host's last minutes looked like and who was at work. */
export class BlackBox {
  readonly #options: BlackBoxOptions;
  #capturedAtMs = Number.NEGATIVE_INFINITY;
  #requestedAtMs = Number.NEGATIVE_INFINITY;
  #cancel: () => void = () => undefined;

  constructor(options: BlackBoxOptions) {
    this.#options = options;
  }

  /** One row a second, from now on. */
  start(): void {
    const { clock, recorder, log } = this.#options;
    try {
      recorder.tick(clock.monotonic());
    } catch (error) {
      // A second that is missing in the ring is no reason to end.
      log.debug("a second was not recorded", { error: String(error) });
    }
    this.#cancel = clock.after(1000, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  /** For a condition that was just told. Never throws; an alert without an attachment is still an alert. */
  capture(owner: ConditionOwner, condition: Condition): void {
    const { clock, book, log } = this.#options;
    if (clock.monotonic() - this.#capturedAtMs < CAPTURE_EVERY_MS) return;
    this.#capturedAtMs = clock.monotonic();
    this.#collect().then(
      (annotations) => {
        if (Object.keys(annotations).length > 0) book.annotate(owner, condition, annotations, clock.now());
      },
      (error: unknown) => log.debug("nothing could be attached", { check: condition.check, error: String(error) }),
    );
  }

  /**
   * Somebody wants to see it now: goes to the newest conditions that are told, and out as an event of its own that no one is paged
   * for. At most once in ten seconds; says whether it was done.
   */
  async request(by: string): Promise<boolean> {
    const { clock, book, ci, nextId, send, log } = this.#options;
    if (clock.monotonic() - this.#requestedAtMs < REQUEST_EVERY_MS) return false;
    this.#requestedAtMs = clock.monotonic();
    log.info("diagnostics were asked for", { by });
    const annotations = await this.#collect();
    const at = clock.now();
    book.annotateNewest(ANNOTATED_MAX, annotations, at);
    send({
      id: nextId(),
      source: "agent",
      ci,
      check: "diagnostics",
      status: "firing",
      severity: "info",
      summary: `diagnostics of ${ci}, asked for by ${by}`,
      time: new Date(at).toISOString(),
      annotations,
      expiresAfter: "1h",
    });
    return true;
  }

  async #collect(): Promise<Record<string, string>> {
    const { files, clock, recorder, log, collect = loadAndCollect } = this.#options;
    const parts = await collect({ files, clock }).catch((error: unknown) => {
      log.debug("diagnostics could not be collected", { error: String(error) });
      return {};
    });
    const all = Object.entries({ recorder: recorder.render(), ...parts }).filter(([, text]) => text !== "");
    return Object.fromEntries(all.map(([name, text]) => [name, text.slice(0, ANNOTATION_CHARACTERS_MAX)]));
  }
}

const loadAndCollect: NonNullable<BlackBoxOptions["collect"]> = async (context) => {
  const { collectDiagnostics } = await import("./diagnostics.ts");
  return collectDiagnostics(context);
};
