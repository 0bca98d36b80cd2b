import type { ConnectorKind } from "../port/connector.ts";
import type { ReceiverConfig } from "./config.ts";
import { asMapping, type Decoding, report } from "./decoding.ts";

/** Turns `name: { kind: settings }` into a list; a receiver without kind, or with two, is reported and left out. */
export function readReceivers(
  receivers: unknown,
  connectors: readonly ConnectorKind[],
  decoding: Decoding,
): ReceiverConfig[] {
  const kinds = connectors.map(({ kind }) => kind).join(", ");
  const list: ReceiverConfig[] = [];
  for (const [name, value] of asMapping(receivers) ?? []) {
    const path = ["receivers", name];
    const given = [...(asMapping(value) ?? [])];
    const [first, second] = given;
    if (first === undefined) {
      report(decoding, "CONFIG_RECEIVER_KIND", path, `receiver "${name}" has no kind`, {
        hint: `give it one of ${kinds}`,
        part: "key",
      });
    } else if (second === undefined) {
      list.push({ name, kind: first[0], settings: first[1] });
    } else {
      const found = given.map(([kind]) => kind).join(" and ");
      report(
        decoding,
        "CONFIG_RECEIVER_KIND",
        [...path, second[0]],
        `receiver "${name}" has more than one kind: ${found}`,
        {
          hint: "make two receivers, and name both in the route",
          part: "key",
        },
      );
    }
  }
  return list;
}
