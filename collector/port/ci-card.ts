import type { Ci } from "../core/model/ci.ts";
import type { IncidentDocument } from "../core/model/document.ts";

/** What a reader of an incident wants to know of a CI beside its id: what it is, and whose. */
export interface CiCard {
  id: string;
  name: string;
  /** As the CMDB has it: host, database, businessService … */
  type: string;
  owner: string | null;
}

/** As the CMDB says it now; undefined for what it does not know. */
export type CardOf = (ci: string) => CiCard | undefined;

/** Of CIs that the CMDB has, from what finds them by name. */
export function cardsOf(find: (name: string) => Ci | undefined): CardOf {
  return (ci) => {
    const found = find(ci);
    if (found === undefined || !found.known) return undefined;
    const { id, name, type, owner } = found;
    return { id, name, type, owner };
  };
}

/** More services than these are named by their ids alone. */
const CARDS_MAX = 20;

/** Of the root cause and of the business services that are hit, as far as the CMDB knows them. */
export function cardsIn(
  { rootCause, impact }: Pick<IncidentDocument, "rootCause" | "impact">,
  cardOf: CardOf,
): CiCard[] {
  const named = [...(rootCause.ci === null ? [] : [rootCause.ci]), ...impact.services.map(({ ci }) => ci)];
  return [...new Set(named)].slice(0, CARDS_MAX).flatMap((ci) => cardOf(ci) ?? []);
}

/** What it is and whose, for a reader who has never heard its id: `database "Orders", owner team-db`. */
export function cardText(card: CiCard): string {
  const name = hasOwnName(card) ? ` "${card.name}"` : "";
  return `${card.type}${name}${card.owner === null ? "" : `, owner ${card.owner}`}`;
}

/** Whether its name says anything that its id does not. */
export function hasOwnName({ id, name }: CiCard): boolean {
  return name !== "" && name.toLowerCase() !== id.toLowerCase();
}
