import type { Event } from "../../../core/model/event.ts";
import { parseJson } from "../../body.ts";
import { anyTimeAt, at, documentOf, listOf, textAt } from "../../field.ts";
import { eventOfResult } from "../nagios/map.ts";
import { type Mapped, notOfKind, type WebhookKind, type WebhookMessage } from "../webhook-kind.ts";

/** Results of one request that are read. */
const RESULTS_MAX = 20_000;

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The text of an element, without entities of its own; `<![CDATA[…]]>` as it is. */
function xmlText(xml: string, element: string): string | undefined {
  const open = xml.search(new RegExp(`<${element}(?:\\s[^>]*)?>`));
  if (open === -1) return undefined;
  const from = xml.indexOf(">", open) + 1;
  const to = xml.indexOf(`</${element}>`, from);
  if (to === -1) return undefined;
  const inner = xml.slice(from, to).trim();
  if (inner.startsWith("<![CDATA[")) return inner.slice(9).replace(/\]\]>$/, "");
  return inner.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{2,4}));/g, (whole, decimal, hex, name) => {
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    if (name !== undefined) return ENTITIES[name] ?? whole;
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** `<checkresults><checkresult type="service"><hostname>…`: flat and small, so no parser of all XML is needed. */
function resultsOfXml(xml: string): unknown[] {
  const parts = xml.split("<checkresult ", RESULTS_MAX + 1).slice(1);
  const plain = xml.split("<checkresult>", RESULTS_MAX + 1).slice(1);
  return [...parts, ...plain].map((part) => {
    const end = part.indexOf("</checkresult>");
    const body = end === -1 ? part : part.slice(0, end);
    const names = ["hostname", "servicename", "state", "output", "time"];
    return Object.fromEntries(names.map((name) => [name, xmlText(body, name)]));
  });
}

/** A plugin's text without its performance data, which stands behind a bar: `DISK OK|/=2643MB;5948`. */
const withoutFigures = (output: string): string =>
  output
    .split("\n")
    .map((line) => line.split("|", 1)[0]?.trim() ?? "")
    .filter((line) => line !== "")
    .slice(0, 1)
    .join("");

const fieldOf = (form: URLSearchParams, ...names: readonly string[]): string | undefined =>
  names.map((name) => form.get(name)).find((value) => value !== null && value !== "") ?? undefined;

function resultsOf(message: WebhookMessage): readonly unknown[] {
  const form = message.form();
  const json = fieldOf(form, "JSONDATA", "json");
  const xml = fieldOf(form, "XMLDATA", "xml");
  if (json !== undefined) return listOf(at(parseJson(json), "checkresults"));
  if (xml !== undefined) return resultsOfXml(xml);
  return listOf(at(message.json(), "checkresults"));
}

function reply(status: 0 | 1, message: string, count: number): NonNullable<Mapped["answer"]> {
  const meta = { output: `${count} checks processed.` };
  return {
    status: 200,
    contentType: "application/json; charset=utf-8",
    body: JSON.stringify({ result: { status: status === 0 ? 0 : -1, message, meta } }),
  };
}

/**
 * Passive check results as NRDP takes them: a form with `cmd=submitcheck` and JSONDATA or XMLDATA, the token in the form.
 * Agents such as NCPA and send_nrdp post them. Every result comes, also those that are well.
 */
export const nrdp: WebhookKind = {
  name: "nrdp",
  secretsIn: (message) => {
    const token = fieldOf(message.form(), "token");
    return token === undefined ? [] : [token];
  },
  map(message, context) {
    const command = fieldOf(message.form(), "cmd");
    if (command !== undefined && command !== "submitcheck")
      return { events: [], answer: reply(1, `no such command: ${command.slice(0, 40)}`, 0) };
    const results = resultsOf(message);
    if (results.length === 0) throw notOfKind("nrdp", "check results are expected in JSONDATA or XMLDATA");
    const events: Event[] = [];
    let invalid = 0;
    for (const result of results.slice(0, RESULTS_MAX)) {
      const host = textAt(at(result, "hostname"), 256);
      const event =
        documentOf(result) === undefined || host === undefined
          ? undefined
          : eventOfResult(
              {
                source: "nagios",
                host,
                address: undefined,
                service: textAt(at(result, "servicename"), 256),
                state: textAt(at(result, "state"), 40) ?? "",
                output: withoutFigures(textAt(at(result, "output"), 4096) ?? ""),
                at: anyTimeAt(at(result, "time")),
              },
              context,
            );
      if (event === undefined) invalid += 1;
      else events.push(event);
    }
    return {
      events,
      dropped: { invalidResult: invalid, tooMany: Math.max(0, results.length - RESULTS_MAX) },
      answer: reply(0, "OK", events.length),
    };
  },
};
