// One incident as a card: what broke, why we think so, who is hit, what changed, what to do first.
import { bullets, counted, element, fold, time } from "./console-element.js";

const REASONS_SHOWN = 5;
const ALERTS_SHOWN = 20;
const PAGES_SHOWN = 3;

/** Opens beside the page, which tells the other one nothing about itself. */
const away = (href, textContent) => element("a", { href, textContent, rel: "noopener noreferrer", target: "_blank" });

const pagesOf = (links) => links.filter(({ href }) => /^https?:/i.test(href)).flatMap(({ href, text }) => [" · ", away(href, text === "" ? "link" : text)]);

/** An alert in a line, and the pages that its source names. */
function alertOf({ ci, check, instance, severity, status, summary, links = [] }) {
  return element("li", {}, `${ci} ${check} ${instance} (${severity}, ${status}): ${summary}`, ...pagesOf(links));
}

/** Fetched with the token, which a plain link would not bring along; shown as text. */
function runbookOf({ check, href }, call) {
  if (!href.startsWith("/")) return element("p", { className: "runbook" }, "Runbook: ", away(href, check));
  const text = element("pre", { textContent: "…" });
  const made = fold(`runbook ${href}`, `Runbook: ${check}`, text);
  made.addEventListener("toggle", () => {
    if (made.open && text.textContent === "…")
      call(href).then(async (answer) => (text.textContent = await answer.text())).catch((error) => (text.textContent = error.message));
  });
  return made;
}

/** The pages that the first alert of the root cause names: where to look next, one tap away. */
function viewsOf({ rootCause, alerts }) {
  const { links = [] } = alerts.find(({ ci }) => ci === rootCause.ci) ?? {};
  const pages = links.filter(({ href }) => /^https?:/i.test(href)).slice(0, PAGES_SHOWN);
  return pages.map(({ href, text }) => element("p", { className: "runbook" }, away(href, text === "" ? href : text)));
}

/** What the CMDB says of a CI, where it says more than its id. */
const cardOf = ({ configurationItems = [] }, ci) => configurationItems.find(({ id }) => id === ci);
const hasOwnName = ({ id, name }) => name !== "" && name.toLowerCase() !== id.toLowerCase();
const ownerOf = (card) => (card === undefined || card.owner === null ? "" : `owner ${card.owner}`);

function aboutRoot(incident) {
  const card = cardOf(incident, incident.rootCause.ci);
  if (card === undefined) return null;
  const owner = ownerOf(card);
  return element("p", { className: "meta", textContent: `${card.type}${hasOwnName(card) ? ` “${card.name}”` : ""}${owner === "" ? "" : ` · ${owner}`}` });
}

function rootOf({ rootCause }) {
  if (rootCause.ci === null) return element("p", { textContent: rootCause.rootless === undefined ? "No single CI is at fault." : `No single cause: ${rootCause.rootless}.` });
  const sure = `${Math.round(rootCause.confidence * 100)} % sure${rootCause.inferred ? ", inferred from its dependents" : ""}`;
  return element("p", {}, "Root cause: ", element("strong", { textContent: rootCause.ci }), ` (${sure})`);
}

function impactOf(incident) {
  const { impact } = incident;
  const services = impact.services.map(({ ci, criticality, redundancyLeft }) => {
    const left = redundancyLeft === null ? "" : redundancyLeft <= 0 ? ", no redundancy left" : `, redundancy left: ${redundancyLeft}`;
    const card = cardOf(incident, ci);
    const owner = ownerOf(card);
    return `${card !== undefined && hasOwnName(card) ? `${card.name} (${ci}, ` : `${ci} (`}criticality ${criticality}${left}${owner === "" ? "" : `, ${owner}`})`;
  });
  if (services.length === 0) return [element("p", { textContent: `${counted(impact.cis.length, "CI")}; no business service is known to be hit` })];
  return [bullets(services), element("p", { className: "meta", textContent: `${counted(impact.cis.length, "CI")} in all` })];
}

const entryText = ({ at, kind, text, actor }) => `${at.slice(11, 19)} ${kind}${text === "" ? "" : `: ${text}`}${actor === null ? "" : ` (${actor})`}`;

function part(title, ...children) {
  return children.length === 0 ? [] : [element("h4", { textContent: title }), ...children];
}

/** Who or what keeps an incident from being told, until when, and why. */
function muteText({ by, id, owner, reason, until }) {
  const end = until === null ? "" : ` until ${until.slice(0, 16).replace("T", " ")} UTC`;
  return `${by} ${owner === null || owner === "" ? id : `of ${owner}`}${end}${reason === "" ? "" : `: ${reason}`}`;
}

/** Who is to know of it and does not yet, though it was tried. */
function lateText({ receiver, page, attempts, failure }) {
  const why = failure === null ? "" : ` (${failure})`;
  return `The ${page ? "page" : "message"} to ${receiver} has not arrived yet: ${counted(attempts, "attempt")} failed${why}, it is still being tried`;
}

function headOf(incident) {
  return [
    element("h3", {}, element("a", { href: `#/incidents/${encodeURIComponent(incident.id)}` }, element("span", { className: incident.priority < "P3" ? "bad" : "warn", textContent: `${incident.priority} ` }), incident.title)),
    element("p", { className: "meta" }, `#${incident.number} · `, element("span", { className: incident.status === "open" ? "warn" : "good", textContent: incident.status }), incident.owner === null ? "" : ` · ${incident.owner}`, ` · ${incident.severity} · `, time(incident.openedAt)),
    ...(incident.muted ?? []).map((mute) => element("p", { className: "meta", textContent: `Nobody is told: ${muteText(mute)}` })),
    ...(incident.undelivered ?? []).filter(({ attempts }) => attempts > 0).map((message) => element("p", { className: "bad", textContent: lateText(message) })),
  ];
}

/** The button, where this token may and it is still to do. */
function acknowledgeOf(incident, { mayAcknowledge, acknowledge }) {
  if (!mayAcknowledge || incident.status !== "open") return null;
  const problem = element("p", { className: "bad" });
  problem.setAttribute("role", "alert");
  const button = element("button", { type: "button", className: "acknowledge", textContent: "Acknowledge" });
  button.addEventListener("click", () => {
    Object.assign(button, { disabled: true, textContent: "Acknowledging …" });
    acknowledge(incident.id).catch((error) => {
      Object.assign(button, { disabled: false, textContent: "Acknowledge" });
      problem.textContent = `Not acknowledged: ${error.message}`;
    });
  });
  return element("div", {}, button, problem);
}

/** One of many: what it is and whether somebody has it; the rest is one tap away. */
export function briefCard(incident) {
  return element("article", { className: incident.priority }, ...headOf(incident));
}

/** @param tools `call` with the token, `mayAcknowledge`, `acknowledge(id)`, `whole`: also its timeline */
export function incidentCard(incident, tools) {
  const { rootCause } = incident;
  const best = rootCause.candidates.find(({ ci }) => ci === rootCause.ci);
  // Where a change explains it, that is the first reason of the first candidate.
  const changed = rootCause.change === null ? undefined : rootCause.candidates[0]?.reasons[0];
  const reasons = (best?.reasons ?? []).filter((reason) => reason !== changed).slice(0, REASONS_SHOWN);
  const others = rootCause.candidates.filter((candidate) => candidate !== best).slice(0, 3);
  const alerts = incident.alerts.slice(0, ALERTS_SHOWN).map(alertOf);
  const more = incident.alerts.length - alerts.length;
  const merged = incident.mergedInto === null ? [] : [element("p", {}, "It is part of ", element("a", { href: `#/incidents/${encodeURIComponent(incident.mergedInto)}`, textContent: "another incident" }), " now.")];
  return element(
    "article",
    { className: incident.priority },
    ...headOf(incident),
    ...merged,
    rootOf(incident),
    aboutRoot(incident),
    reasons.length === 0 ? null : bullets(reasons),
    ...part("Who is hit", ...impactOf(incident)),
    ...(changed === undefined ? [] : part("What changed", element("p", {}, changed, ...pagesOf(incident.changeLinks ?? [])))),
    ...part("What to do first", ...(incident.runbooks ?? []).slice(0, PAGES_SHOWN).map((each) => runbookOf(each, tools.call)), ...viewsOf(incident)),
    acknowledgeOf(incident, tools),
    fold("alerts", `Alerts (${incident.alerts.length})${others.length === 0 ? "" : " and other candidates"}`, element("ul", {}, ...alerts, more > 0 ? element("li", { textContent: `and ${more} more` }) : null), others.length === 0 ? null : bullets(others.map(({ ci, score }) => `or ${ci} (${score.toFixed(2)})`))),
    tools.whole ? fold("timeline", "Timeline (UTC)", bullets(incident.timeline.slice(-40).map(entryText))) : null,
    tools.whole ? element("p", { className: "meta", textContent: `Why was I paged, or not: tocsin why ${incident.number}` }) : null,
  );
}
