import type { Wording } from "../wording.ts";

/** Slack's own limits: characters in a header and in a section's text, and blocks in a message. */
const HEADER_MAX = 150;
const SECTION_MAX = 3000;

/** Text as Slack's markup: these three characters are its whole escape rule, and what it takes to mention everybody. */
export function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

interface TextObject {
  type: "plain_text" | "mrkdwn";
  text: string;
  /** No automatic links, channels and mentions in what monitoring data says. */
  verbatim?: true;
  emoji?: false;
}

export type Block =
  | { type: "header"; text: TextObject }
  | { type: "section"; text: TextObject }
  | { type: "context"; elements: TextObject[] };

/** What is posted: `text` is what a lock screen and a screen reader get. */
export interface SlackMessage {
  text: string;
  blocks: Block[];
}

function marked(text: string): TextObject {
  return { type: "mrkdwn", text, verbatim: true };
}

/** Whole lines as long as they fit: a cut inside an escape would show half of it. */
function fitting(lines: readonly string[], lengthMax: number): string {
  let text = "";
  for (const line of lines) {
    const longer = text === "" ? line : `${text}\n${line}`;
    if (longer.length > lengthMax) break;
    text = longer;
  }
  return text;
}

/** The whole incident, as the message that is kept up to date. */
export function mainMessage(wording: Wording): SlackMessage {
  const link = wording.link === null ? [] : [marked(`<${wording.link}|Open the incident>`)];
  return {
    text: escapeSlack(wording.headline),
    blocks: [
      {
        type: "header",
        text: { type: "plain_text", text: Array.from(wording.headline).slice(0, HEADER_MAX).join(""), emoji: false },
      },
      { type: "context", elements: [marked(escapeSlack(wording.facts)), ...link] },
      ...wording.sections.map(({ heading, lines }): Block => {
        const escaped = lines.map((line) => `• ${escapeSlack(line)}`);
        return { type: "section", text: marked(fitting([`*${escapeSlack(heading)}*`, ...escaped], SECTION_MAX)) };
      }),
    ],
  };
}

/** The operator's own words, which are in Slack's markup already. */
export function ownMessage(wording: Wording, markup: string): SlackMessage {
  const text = markup.trim() === "" ? escapeSlack(wording.headline) : fitting(markup.split("\n"), SECTION_MAX);
  return { text: escapeSlack(wording.headline), blocks: [{ type: "section", text: marked(text) }] };
}

/** What is new, for the thread under it. */
export function reply(wording: Wording): SlackMessage {
  const news = wording.sections.find(({ heading }) => heading === "Why you read this");
  const lines = [`*${escapeSlack(wording.headline)}*`, ...(news?.lines ?? []).map(escapeSlack)];
  return {
    text: escapeSlack(wording.headline),
    blocks: [{ type: "section", text: marked(fitting(lines, SECTION_MAX)) }],
  };
}
