// The page of a running collector: what is open, why, who is hit, and which agents are there. No framework; everything that
// comes from monitoring data is set as text, never as markup.

const TOKEN_KEY = "tocsin-token";
const INCIDENTS_SHOWN = 20;
const AGENTS_SHOWN = 200;
const REFRESH_AFTER_MS = 1500;
const RECONNECT_MS = 5000;
const REASONS_SHOWN = 5;

const byId = (id) => document.getElementById(id);

/** An element with text and children; `options` are its properties. */
function element(name, options = {}, ...children) {
  const made = Object.assign(document.createElement(name), options);
  made.append(...children.filter((child) => child !== null));
  return made;
}

class NoToken extends Error {}

/** Answers of the API, with the token of this browser tab where there is one. */
async function call(path, options = {}) {
  const token = sessionStorage.getItem(TOKEN_KEY);
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(path, { ...options, headers, cache: "no-store" });
  if (response.status === 401 || response.status === 403) throw new NoToken((await response.json()).message);
  if (!response.ok) throw new Error(`${path} answers ${response.status}`);
  return response;
}

const list = async (path) => (await call(path)).json();

function ago(text) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(text)) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 129_600 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}

function time(text) {
  return element("time", { dateTime: text, title: text, textContent: ago(text) });
}

/** Fetched with the token, which a plain link would not bring along; shown as text. */
function runbookOf({ check, href }) {
  if (!href.startsWith("/")) return element("p", {}, "Runbook: ", element("a", { href, textContent: check, rel: "noopener noreferrer", target: "_blank" }));
  const text = element("pre", { textContent: "…" });
  const details = element("details", { className: "runbook" }, element("summary", { textContent: `Runbook: ${check}` }), text);
  details.addEventListener("toggle", () => {
    if (details.open && text.textContent === "…")
      call(href).then(async (answer) => (text.textContent = await answer.text())).catch((error) => (text.textContent = error.message));
  });
  return details;
}

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

function bullets(texts) {
  return element("ul", {}, ...texts.map((text) => element("li", { textContent: text })));
}

function rootOf({ rootCause }) {
  if (rootCause.ci === null) return element("p", { textContent: rootCause.rootless === undefined ? "No single CI is at fault." : `No single cause: ${rootCause.rootless}.` });
  const sure = `${Math.round(rootCause.confidence * 100)} % sure${rootCause.inferred ? ", inferred from its dependents" : ""}`;
  return element("p", {}, "Root cause: ", element("strong", { textContent: rootCause.ci }), ` (${sure})`);
}

function impactOf({ impact }) {
  if (impact.services.length === 0)
    return element("p", { className: "meta", textContent: `${counted(impact.cis.length, "CI")} affected, no business service known to be hit.` });
  const services = impact.services.map((service) => {
    const left = service.redundancyLeft === null ? "" : `, redundancy left: ${service.redundancyLeft}`;
    return `${service.ci} (criticality ${service.criticality}${left})`;
  });
  return element("div", {}, element("p", { textContent: `Hit, with ${counted(impact.cis.length, "CI")}:` }), bullets(services));
}

function incidentCard(incident) {
  const { rootCause } = incident;
  const best = rootCause.candidates.find((candidate) => candidate.ci === rootCause.ci);
  const reasons = [...(best?.reasons ?? []).slice(0, REASONS_SHOWN), ...(rootCause.change === null ? [] : [`change: ${rootCause.change}`])];
  const others = rootCause.candidates.filter((candidate) => candidate !== best).slice(0, 3);
  const alerts = incident.alerts.slice(0, 20).map((alert) => `${alert.ci} ${alert.check} ${alert.instance} (${alert.severity}, ${alert.status}): ${alert.summary}`);
  const more = incident.alerts.length - alerts.length;
  return element(
    "article",
    { className: incident.priority },
    element("h3", {}, element("span", { className: incident.priority < "P3" ? "bad" : "warn", textContent: `${incident.priority} ` }), incident.title),
    element("p", { className: "meta" }, `#${incident.number}, ${incident.status}, ${incident.severity}, opened `, time(incident.openedAt), incident.owner === null ? "" : `, owner ${incident.owner}`),
    rootOf(incident),
    reasons.length === 0 ? null : bullets(reasons),
    impactOf(incident),
    ...(incident.runbooks ?? []).slice(0, 3).map(runbookOf),
    element(
      "details",
      {},
      element("summary", { textContent: `Alerts (${incident.alerts.length}) and other candidates` }),
      bullets([...alerts, ...(more > 0 ? [`and ${more} more`] : [])]),
      others.length === 0 ? null : bullets(others.map((other) => `or ${other.ci} (${other.score.toFixed(2)})`)),
    ),
  );
}

function showIncidents({ items, next }) {
  // What is most urgent stands first; among equals the newest, as the list came.
  const cards = items.toSorted((a, b) => a.priority.localeCompare(b.priority)).map(incidentCard);
  if (cards.length === 0) cards.push(element("p", { className: "good", textContent: "Nothing is open." }));
  if (next !== null) cards.push(element("p", { className: "muted", textContent: `Only the newest ${items.length} are shown.` }));
  byId("incidents").replaceChildren(...cards);
}

function agentRow(agent) {
  const status = agent.duplicate ? "duplicate" : agent.status;
  return element(
    "tr",
    {},
    element("th", { scope: "row", textContent: agent.ci }),
    element("td", { className: status === "reporting" ? "good" : "bad", textContent: status }),
    element("td", {}, time(agent.lastSeenAt)),
    element("td", { textContent: String(agent.series) }),
  );
}

function showAgents({ items, next }) {
  if (items.length === 0) {
    byId("agents").replaceChildren(element("p", { className: "muted", textContent: "No agent was heard yet." }));
    return;
  }
  const heads = ["CI", "State", "Heard", "Series"].map((head) => element("th", { scope: "col", textContent: head }));
  const worstFirst = items.toSorted((a, b) => (a.status < b.status ? 1 : a.status > b.status ? -1 : 0));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...worstFirst.map(agentRow)));
  const note = next === null ? null : element("p", { className: "muted", textContent: `Only ${items.length} are shown.` });
  byId("agents").replaceChildren(...[table, note].filter((part) => part !== null));
}

function showStatus(status) {
  byId("state").textContent = `Open incidents: ${status.openIncidents}, active alerts: ${status.activeAlerts}, agents: ${status.agents}, CIs: ${status.cis}. Version ${status.version}.`;
  document.title = status.openIncidents === 0 ? "Tocsin" : `(${status.openIncidents}) Tocsin`;
}

function askForToken(problem) {
  byId("token-form").hidden = false;
  for (const id of ["incidents-section", "agents-section"]) byId(id).hidden = true;
  byId("state").textContent = "A token is needed.";
  byId("token-problem").textContent = sessionStorage.getItem(TOKEN_KEY) === null ? "" : problem;
}

async function refresh() {
  const [status, incidents, agents] = await Promise.all([
    list("/api/v1/status"),
    list(`/api/v1/incidents?limit=${INCIDENTS_SHOWN}`),
    list(`/api/v1/agents?limit=${AGENTS_SHOWN}`),
  ]);
  byId("token-form").hidden = true;
  for (const id of ["incidents-section", "agents-section"]) byId(id).hidden = false;
  showStatus(status);
  showIncidents(incidents);
  showAgents(agents);
}

let refreshTimer = null;

function refreshSoon() {
  refreshTimer ??= setTimeout(() => {
    refreshTimer = null;
    refresh().catch(showProblem);
  }, REFRESH_AFTER_MS);
}

function showProblem(error) {
  if (error instanceof NoToken) askForToken(error.message);
  else byId("state").textContent = `The collector does not answer (${error.message}); trying again.`;
}

/** The stream with the token in a header, which EventSource cannot send. Any line is news; a quiet minute reads again, too. */
async function follow() {
  const response = await call("/api/v1/stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read())
    if (piece.value.includes("event:")) refreshSoon();
}

async function live() {
  try {
    await refresh();
    await follow();
  } catch (error) {
    showProblem(error);
    if (error instanceof NoToken) return;
  }
  setTimeout(() => void live(), RECONNECT_MS);
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN_KEY, byId("token").value.trim());
  void live();
});

setInterval(() => {
  if (byId("token-form").hidden) refreshSoon();
}, 30_000);
void live();
