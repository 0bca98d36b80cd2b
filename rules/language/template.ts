import { RULE_LIMITS, type TemplatePart } from "../detect/rule.ts";

/** A mistake at an offset of the template's text. */
export interface TemplateError {
  offset: number;
  message: string;
  hint: string;
}

const FIELDS = ["value", "severity", "ci", "instance", "threshold", "expected", "when"] as const;

/**
 * Reads `text with {{value}} and {{labels.mountpoint}}`. There is no logic and no nesting; whatever a label holds is
 * put in as text and never read as a template.
 */
export function parseTemplate(text: string): { parts: TemplatePart[] } | { error: TemplateError } {
  if (text.length > RULE_LIMITS.summaryLength) {
    return {
      error: {
        offset: 0,
        message: `a summary of ${text.length} characters`,
        hint: `at most ${RULE_LIMITS.summaryLength}`,
      },
    };
  }
  const parts: TemplatePart[] = [];
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf("{{", position);
    const plain = text.slice(position, open === -1 ? text.length : open);
    if (plain !== "") parts.push(plain);
    if (open === -1) break;
    const close = text.indexOf("}}", open);
    if (close === -1) {
      return { error: { offset: open, message: "a placeholder that is not closed", hint: "close it with }}" } };
    }
    const part = placeholder(text.slice(open + 2, close).trim());
    if (part === undefined) {
      return {
        error: {
          offset: open,
          message: `${JSON.stringify(text.slice(open, close + 2))} is not a placeholder`,
          hint: `there are: ${FIELDS.map((field) => `{{${field}}}`).join(", ")} and {{labels.NAME}}`,
        },
      };
    }
    parts.push(part);
    position = close + 2;
  }
  return { parts };
}

function placeholder(content: string): TemplatePart | undefined {
  const field = FIELDS.find((name) => name === content);
  if (field !== undefined) return { field };
  const label = /^labels\.([A-Za-z_][\w.]{0,127})$/.exec(content)?.[1];
  return label === undefined ? undefined : { field: "labels", label };
}
