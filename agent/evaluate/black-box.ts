import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { HostFiles } from "../sample/host-files.ts";
import type { Recorder } from "../sample/recorder.ts";
import type { Condition, ConditionBook, ConditionOwner } from "./condition-book.ts";
import { diagnose } from "./diagnose.ts";

export interface BlackBoxOptions {
  files: HostFiles;
  clock: Clock;
  log: Log;
  recorder: Recorder;
  book: ConditionBook;
}

/** A storm of alerts on one host has one cause to look at. */
const CAPTURE_EVERY_MS = 60_000;
const ANNOTATION_CHARACTERS_MAX = 4000;

/** Attaches to an alert, when it begins, what the host's last minutes looked like and who was at work. */
export class BlackBox {
  readonly #options: BlackBoxOptions;
  #capturedAtMs = Number.NEGATIVE_INFINITY;
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
    const { clock, book, files, recorder, log } = this.#options;
    if (clock.monotonic() - this.#capturedAtMs < CAPTURE_EVERY_MS) return;
    this.#capturedAtMs = clock.monotonic();
    diagnose(files, clock).then(
      (processes) => {
        const annotations = { recorder: recorder.render(), processes };
        const wanted = Object.entries(annotations).filter(([, text]) => text !== "");
        const cut = wanted.map(([name, text]) => [name, text.slice(0, ANNOTATION_CHARACTERS_MAX)] as const);
        if (cut.length > 0) book.annotate(owner, condition, Object.fromEntries(cut), clock.now());
      },
      (error: unknown) => log.debug("nothing could be attached", { check: condition.check, error: String(error) }),
    );
  }
}
