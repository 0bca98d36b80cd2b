import { formatTime } from "../model/time.ts";
import type { NotifyState } from "./state.ts";

/** Why nobody is told, for a person: who muted it, until when and what for. `rule` as in `Incident.withheld`, one of them. */
export function withheldReason({ mutes }: NotifyState, rule: string): string {
  if (rule === "late") return "all we know of it came late: it tells of the past";
  if (rule === "no-route") return NO_ROUTE;
  const colon = rule.indexOf(":");
  const id = rule.slice(colon + 1);
  switch (rule.slice(0, Math.max(0, colon))) {
    case "silence": {
      const silence = mutes.silence(id);
      if (silence === undefined) return `silence ${id} mutes its alerts`;
      const { createdBy, endsAt, comment } = silence;
      return `silence ${id}${of(createdBy)} mutes its alerts until ${formatTime(endsAt)}${why(comment)}`;
    }
    case "maintenance": {
      const window = mutes.windows().find((each) => each.id === id);
      if (window === undefined) return `maintenance window ${id} covers its alerts`;
      const { owner, to, reason } = window;
      return `maintenance window ${id}${of(owner ?? "")} covers its alerts until ${formatTime(to)}${why(reason)}`;
    }
    case "dependency":
      return `${id} has failed, and its alerts depend on that`;
    case "inhibition":
      return `alert ${id} inhibits it`;
    default:
      return rule;
  }
}

export const NO_ROUTE = "no route of the configuration matches it";

const of = (person: string): string => (person === "" ? "" : ` of ${person}`);
const why = (text: string): string => (text === "" ? "" : `: ${text}`);
