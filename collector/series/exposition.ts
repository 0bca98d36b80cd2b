import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { Exemplar } from "../../protocol/sample.ts";
import { escapeLabel } from "./prometheus-names.ts";
import type { Sender, SeriesColumns } from "./sender.ts";
import type { SeriesFamily, SeriesShape } from "./series-shape.ts";

/** Prometheus's text format 0.0.4, or OpenMetrics 1.0. */
export type ExpositionFormat = "text" | "openMetrics";

export const EXPOSITION_CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** A sender as it was when the exposition began: later samples show, later series do not. */
export interface SenderView {
  readonly labelText: string;
  readonly columns: SeriesColumns;
  /** Positions in the order of exposition: by family, and within a histogram by its labels and bounds. */
  readonly order: Uint32Array;
}

/**
 * @param taken texts of series that an earlier sender of the same CI shows under the same labels; those of this one are
 * added. A series must not stand twice.
 */
export function viewOf(sender: Sender, taken: Set<string> | null): SenderView {
  const columns = sender.columns();
  const positions: number[] = [];
  for (let position = 0; position < columns.shapes.length; position++) {
    const border = columns.shapes[position]!.prometheus;
    if (border === null) continue;
    if (taken !== null) {
      const text = border.text + sender.labelText;
      if (taken.has(text)) continue;
      taken.add(text);
    }
    positions.push(position);
  }
  positions.sort((a, b) => compareShapes(columns.shapes[a]!, columns.shapes[b]!) || a - b);
  return { labelText: sender.labelText, columns, order: Uint32Array.from(positions) };
}

function compareShapes(a: SeriesShape, b: SeriesShape): number {
  const left = a.prometheus!;
  const right = b.prometheus!;
  if (left.family !== right.family) return left.family.id - right.family.id;
  if (left.group !== right.group) return left.group < right.group ? -1 : 1;
  return left.rank === right.rank ? 0 : left.rank - right.rank;
}

export interface ExpositionOptions {
  format: ExpositionFormat;
  now: UnixMillis;
  /** A series that was not seen for this long is left out, though it was not removed yet. */
  staleAfterMs: Milliseconds;
}

/** Lines between two turns of the event loop: about two milliseconds. */
const LINES_A_TURN = 2000;
/** Senders looked at between two turns, for families that few have. */
const SENDERS_A_TURN = 20_000;

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/**
 * The text that Prometheus reads, in pieces of at most some hundred kilobytes, giving the event loop a turn after each: the
 * fleet has a million series and a scrape must not delay a heartbeat. Each family stands in one place.
 */
export async function* expose(
  views: readonly SenderView[],
  families: readonly SeriesFamily[],
  options: ExpositionOptions,
): AsyncGenerator<string> {
  const cursors = new Uint32Array(views.length);
  const seenSince = options.now - options.staleAfterMs;
  let text = "";
  let lines = 0;
  let looked = 0;
  for (const family of families) {
    let header = familyHeader(family, options.format);
    for (let index = 0; index < views.length; index++) {
      const view = views[index]!;
      const { shapes, values, seenAt, exemplars } = view.columns;
      const hasExemplars = options.format === "openMetrics" && exemplars.length > 0;
      let cursor = cursors[index]!;
      for (; cursor < view.order.length; cursor++) {
        const position = view.order[cursor]!;
        const border = shapes[position]!.prometheus!;
        if (border.family !== family) break;
        if (seenAt[position]! < seenSince) continue;
        const exemplar = hasExemplars ? exemplarText(exemplars[position]) : "";
        text += `${header}${border.text}${view.labelText}} ${formatValue(values[position]!)}${exemplar}\n`;
        header = "";
        lines += 1;
      }
      cursors[index] = cursor;
      looked += 1;
      if (lines < LINES_A_TURN && looked < SENDERS_A_TURN) continue;
      if (text !== "") yield text;
      await nextTurn();
      text = "";
      lines = 0;
      looked = 0;
    }
  }
  yield options.format === "openMetrics" ? `${text}# EOF\n` : text;
}

/** ` # {trace_id="…"} 0.67 1520879607.789`, as OpenMetrics 1.0 has it; "" where there is none. */
function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined || !Number.isFinite(exemplar.value)) return "";
  const labels = Object.entries(exemplar.labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  const time = exemplar.at > 0 ? ` ${exemplar.at / 1000}` : "";
  return ` # {${labels.join(",")}} ${formatValue(exemplar.value)}${time}`;
}

function familyHeader(family: SeriesFamily, format: ExpositionFormat): string {
  const open = format === "openMetrics";
  const name = open && family.type === "counter" ? family.name.replace(/_total$/, "") : family.name;
  const type = family.type === "unknown" && !open ? "untyped" : family.type;
  return `# HELP ${name} ${escapeHelp(family.help, open)}\n# TYPE ${name} ${type}\n`;
}

/** In the text format quotes stand as they are; in OpenMetrics they are escaped, too. */
function escapeHelp(help: string, open: boolean): string {
  const escaped = help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/\r/g, " ");
  return open ? escaped.replace(/"/g, '\\"') : escaped;
}

export function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

/**
 * The format that the scraper likes best, by its Accept header (RFC 9110 section 12.5.1): OpenMetrics where it is named with
 * a quality at least that of the text, text otherwise.
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  let text = 0;
  let openMetrics = 0;
  for (const part of (accept ?? "").split(",")) {
    const [range = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const quality = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1");
    const version = parameters.find((parameter) => parameter.startsWith("version="))?.slice(8);
    if (range === "application/openmetrics-text") {
      if (version === undefined || version === "1.0.0" || version === "0.0.1")
        openMetrics = Math.max(openMetrics, quality);
    } else if (range === "text/plain" || range === "text/*" || range === "*/*") text = Math.max(text, quality);
  }
  return openMetrics > 0 && openMetrics >= text ? "openMetrics" : "text";
}
