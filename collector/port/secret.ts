/**
 * A password, token or key from the configuration. It prints and serialises as `***`, so that it cannot leak into a log,
 * an error, a dump of the configuration or an answer; only `reveal` gives it, at the place where it is used.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. Never keep the result, never put it into a message. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  /** What `console.log`, `util.inspect` and assertion messages show. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "***";
  }
}
