import { documentOf, textAt } from "../field.ts";

/**
 * Fields of senders that let their users name them: `EVENT.ID`, `event_id`, `eventId` and `NOTIFY_EVENTID` are one.
 * Macros that the sender did not fill in (`{HOST.NAME}`, `*UNKNOWN*`, `$HOSTNAME$`) count as absent.
 */
export class LooseFields {
  private readonly values = new Map<string, unknown>();

  /** @param prefix of names, that may stand there or not. */
  constructor(body: unknown, prefix?: RegExp) {
    const document = documentOf(body) ?? {};
    for (const name of Object.keys(document))
      this.values.set(normal(prefix === undefined ? name : name.replace(prefix, "")), document[name]);
  }

  /** The first of these that has text. */
  text(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const text = textAt(this.values.get(normal(name)), 4096);
      if (text !== undefined && !/^(?:\{[A-Z0-9.$<>_]+\}|\*UNKNOWN\*|\$[A-Z0-9_:]+\$?)$/.test(text)) return text;
    }
    return undefined;
  }

  value(name: string): unknown {
    return this.values.get(normal(name));
  }
}

const normal = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
