import { escapeMarkup } from "../template.ts";
import type { Wording } from "../wording.ts";

/** What stands first is what a phone shows before the mail is opened. */
export function textBody(wording: Wording): string {
  const sections = wording.sections.map(({ heading, lines }) =>
    [heading, ...lines.map((line) => `- ${line}`)].join("\n"),
  );
  const link = wording.link === null ? [] : [wording.link];
  return `${[`${wording.headline}\n${wording.facts}`, ...link, ...sections].join("\n\n")}\n`;
}

/** One narrow column, no images, no scripts, nothing loaded from anywhere; colours are left to the reader's dark or light mode. */
export function htmlBody(wording: Wording): string {
  const sections = wording.sections.map(
    ({ heading, lines }) =>
      `<p style="margin:16px 0 4px"><b>${escapeMarkup(heading)}</b></p><ul style="margin:0;padding-left:20px">${lines
        .map((line) => `<li>${escapeMarkup(line)}</li>`)
        .join("")}</ul>`,
  );
  const link =
    wording.link === null
      ? ""
      : `<p style="margin:12px 0"><a href="${escapeMarkup(wording.link)}">Open the incident</a></p>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${escapeMarkup(wording.subject)}</title></head><body style="font:16px/1.4 sans-serif;max-width:40em;margin:0;padding:12px"><p style="margin:0;font-size:20px"><b>${escapeMarkup(wording.headline)}</b></p><p style="margin:4px 0 0">${escapeMarkup(wording.facts)}</p>${link}${sections.join("")}</body></html>\n`;
}
