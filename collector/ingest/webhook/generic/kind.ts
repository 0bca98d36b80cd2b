import { notOfKind, type WebhookKind } from "../webhook-kind.ts";
import { isHmacHex, isSecret, isStandardWebhook } from "../signature.ts";
import { type GenericMapping, mapDocument } from "./mapping.ts";

/** A webhook that the configuration describes. */
export function genericKind(name: string, mapping: GenericMapping): WebhookKind {
  return {
    name,
    map(message, context) {
      const results = mapDocument(name, mapping, message.json(), context);
      if (results === undefined) throw notOfKind(name, `a list at ${mapping.each ?? ""} is expected`);
      const [first] = results;
      if (results.length === 1 && first?.status === "incomplete")
        throw notOfKind(name, `nothing was found for ${first.missing.join(", ")}`);
      const count = (status: string): number => results.filter((result) => result.status === status).length;
      return {
        events: results.flatMap((result) => (result.status === "mapped" ? [result.event] : [])),
        dropped: { ignored: count("ignored"), incomplete: count("incomplete"), tooMany: count("tooMany") },
      };
    },
    /** The ways that are in use: Standard Webhooks, an HMAC in one of the usual headers, or the secret itself. */
    isSigned(message, secrets, now) {
      const hex = (
        message.header("x-hub-signature-256") ??
        message.header("x-signature-256") ??
        message.header("x-signature") ??
        ""
      ).replace(/^sha256=/, "");
      return (
        isStandardWebhook(message, secrets, now) ||
        (hex !== "" && isHmacHex("sha256", secrets, message.bytes, hex)) ||
        isSecret(secrets, message.header("x-webhook-secret"))
      );
    },
  };
}
