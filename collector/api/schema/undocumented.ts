import { answers, named } from "./basic.ts";

const REFUSALS = Object.fromEntries(
  Object.entries(answers(200, named("Refusal"), "")).filter(([status]) => status !== "200"),
);

/** Protocols of other products: their errors look as that product's do, and its own documents say how. */
const FOREIGN = /^\/(?:api\/v2|v2|generic|webhooks|api\/v1\/write)(?:\/|$)/;

/** What a route answers, also where its schema does not say all of it: no answer that comes is missing in the document. */
export function documentedAnswers(url: string, response: Record<string, unknown> = {}): Record<string, unknown> {
  const isSaid = (first: string): boolean => Object.keys(response).some((status) => status.startsWith(first));
  return {
    ...(isSaid("2") ? {} : { "2xx": { description: "Done." } }),
    ...(FOREIGN.test(url) ? { default: { description: "Refused, as the product does whose protocol this is." } } : {}),
    ...(FOREIGN.test(url) || isSaid("4") ? {} : REFUSALS),
    ...response,
  };
}
