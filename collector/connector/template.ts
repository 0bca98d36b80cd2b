import { createRequire } from "node:module";
import type * as Liquids from "liquidjs";
import type { Liquid, Template } from "liquidjs";
import type { Notification } from "../core/model/notification.ts";
import type { SettingsProblem } from "../port/connector.ts";
import type { Wording } from "./wording.ts";

/** How a value stands in the text around it; what an operator writes with `| raw` is put in as it is. */
export type Escape = (text: string) => string;

/** Inside a JSON string. */
export const escapeJson: Escape = (text) => JSON.stringify(text).slice(1, -1);
/** Inside XML and HTML: text, and attribute values in double or single quotes. */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

export const escapeNothing: Escape = (text) => text;

/** What a template may use; the same for every receiver. */
export interface TemplateScope {
  kind: Notification["kind"];
  page: boolean;
  reason: string;
  incident: Notification["document"];
  /** headline, subject, facts, sections, link: what is said where there is no template. */
  wording: Wording;
}

export type Rendered = { status: "rendered"; text: string } | { status: "failed"; detail: string };

/** The scope of one notification. */
export function scopeOf(notification: Notification, wording: Wording): TemplateScope {
  const { kind, page, reason, document } = notification;
  return { kind, page, reason, incident: document, wording };
}

const TEMPLATE_LENGTH_MAX = 20_000;
/** Characters that may come out, and milliseconds that may go in: a template stands in the way of a page. */
const MEMORY_MAX = 4_000_000;
const RENDER_MS_MAX = 200;

const NO_FILES = {
  existsSync: () => false,
  exists: () => Promise.resolve(false),
  readFileSync: (): string => {
    throw new Error("templates read no files");
  },
  readFile: () => Promise.reject(new Error("templates read no files")),
  resolve: (_folder: string, file: string) => file,
};

const load = createRequire(import.meta.url);

/** The library is loaded with the first template: most installations have none. */
function engine(escape: Escape): Liquid {
  const { Liquid } = load("liquidjs") as typeof Liquids;
  return new Liquid({
    ownPropertyOnly: true,
    strictFilters: true,
    parseLimit: TEMPLATE_LENGTH_MAX,
    memoryLimit: MEMORY_MAX,
    renderLimit: RENDER_MS_MAX,
    outputEscape: (value: unknown) => escape(typeof value === "string" ? value : shown(value)),
    fs: NO_FILES,
    relativeReference: false,
    dynamicPartials: false,
  });
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return JSON.stringify(value) ?? "";
}

/** A text that an operator wrote, with places for what is known about an incident (Liquid). It cannot run code. */
export class MessageTemplate {
  private readonly liquid: Liquid;
  private readonly parsed: Template[];

  /** Throws for a text that `templateProblem` has something to say about. */
  constructor(text: string, escape: Escape) {
    this.liquid = engine(escape);
    this.parsed = this.liquid.parse(text);
  }

  render(scope: TemplateScope): Rendered {
    try {
      const text = this.liquid.renderSync(this.parsed, scope) as string;
      return { status: "rendered", text };
    } catch (error) {
      return { status: "failed", detail: firstLine(error) };
    }
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]?.slice(0, 200) ?? "";

/** What is wrong with a template, for the report at load; undefined = nothing. */
export function templateProblem(key: string, text: string | undefined): SettingsProblem | undefined {
  if (text === undefined) return undefined;
  try {
    return void new MessageTemplate(text, escapeNothing);
  } catch (error) {
    // The library ends its message with file, line and column of the template.
    const message = `the template "${key}" cannot be used: ${firstLine(error)}`;
    return {
      key,
      message,
      hint: "templates are Liquid: {{ incident.title }}, {% for alert in incident.alerts %} … {% endfor %}",
    };
  }
}
