// The page of a running collector: what is open, why, who is hit, what is muted, and which agents are there. No framework.
import { bullets, clock, counted, element, fold, redraw, refreshTimes, time } from "./console-element.js";
import { briefCard, incidentCard } from "./console-incident.js";

const TOKEN_KEY = "tocsin-token";
/** So many are looked at for the most urgent; so many cards are drawn. */
const INCIDENTS_READ = 300;
const INCIDENTS_SHOWN = 40;
/** Up to so many stand there with all that is known. */
const WHOLE_CARDS = 3;
const AGENTS_SHOWN = 200;
const REFRESH_AFTER_MS = 1500;
const RECONNECT_MS = 3000;
const ANSWER_MS = 15_000;
/** The stream sends a line every 15 s, whatever happens. */
const QUIET_MS = 40_000;
const STALE_MS = 60_000;
const SECTIONS = ["incident", "incidents", "muted", "agents"];

const byId = (id) => document.getElementById(id);

class NoToken extends Error {}

/** Answers of the API, with the token of this browser tab where there is one. */
async function call(path, options = {}) {
  const token = sessionStorage.getItem(TOKEN_KEY);
  const headers = { ...options.headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS), ...options, headers, cache: "no-store" });
  if (response.ok) return response;
  const { message = `${path} answers ${response.status}` } = await response.json().catch(() => ({}));
  throw response.status === 401 || response.status === 403 ? new NoToken(message) : Object.assign(new Error(message), { status: response.status });
}

const read = async (path) => (await call(path)).json();

/** The newest, as many pages as it takes. */
async function readIncidents() {
  const items = [];
  let cursor = null;
  do {
    const page = await read(`/api/v1/incidents?limit=100${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && items.length < INCIDENTS_READ);
  return { items, isAll: cursor === null };
}

async function acknowledge(id) {
  await call(`/api/v1/incidents/${encodeURIComponent(id)}/acknowledge`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
  await refresh();
}

const toolsFor = (role) => ({ call, acknowledge, mayAcknowledge: role === "operator" || role === "admin" });

function showIncidents({ items, isAll }, role) {
  // What is most urgent, then what nobody has yet; among equals the newest, as the list came.
  const sorted = items.toSorted((a, b) => a.priority.localeCompare(b.priority) || b.status.localeCompare(a.status));
  const isBrief = sorted.length > WHOLE_CARDS;
  const parts = sorted.slice(0, INCIDENTS_SHOWN).map((incident) => ({
    id: incident.id,
    key: `${isBrief} ${role} ${JSON.stringify(incident)}`,
    draw: () => (isBrief ? briefCard(incident) : incidentCard(incident, toolsFor(role))),
  }));
  const note = (key, className, textContent) => parts.push({ id: key, key: textContent, draw: () => element("p", { className, textContent }) });
  if (parts.length === 0) note("none", "good", "Nothing is open.");
  if (sorted.length > INCIDENTS_SHOWN) note("more", "muted", `The ${INCIDENTS_SHOWN} most urgent of ${sorted.length}${isAll ? "" : " that are newest"}; tocsin incidents shows more.`);
  redraw(byId("incidents"), parts);
}

function showIncident(incident, role) {
  const { missing: textContent } = incident;
  if (textContent !== undefined) return redraw(byId("incident"), [{ id: "none", key: textContent, draw: () => element("p", { textContent }) }]);
  redraw(byId("incident"), [{ id: incident.id, key: `${role} ${JSON.stringify(incident)}`, draw: () => incidentCard(incident, { ...toolsFor(role), whole: true }) }]);
}

const matcherText = ({ name, value, isRegex = false, isEqual = true }) => `${name}${isEqual ? (isRegex ? "=~" : "=") : isRegex ? "!~" : "!="}${value}`;
const until = (text) => text.replace(/:\d\d\.\d+Z$/, "Z").replace("T", " ");

function showMuted(silences, windows) {
  const texts = [
    ...silences.map(({ matchers, endsAt, createdBy, comment }) => `${matchers.map(matcherText).join(", ")}: until ${until(endsAt)}, ${createdBy}: ${comment}`),
    ...windows.map(({ cis, to, reason, includeDependents }) => `Maintenance of ${cis.join(", ")}${includeDependents ? " and what needs it" : ""}: until ${until(to)}${reason === "" ? "" : `: ${reason}`}`),
  ];
  byId("muted-section").hidden = texts.length === 0;
  redraw(byId("muted"), [{ id: "muted", key: texts.join("\n"), draw: () => bullets(texts) }]);
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

function agentTable(items) {
  const heads = ["CI", "State", "Heard", "Series"].map((head) => element("th", { scope: "col", textContent: head }));
  return element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...items.map(agentRow)));
}

/** Those in trouble stand there; the others behind a fold, unless they are few. */
function showAgents({ items, next }) {
  const bad = items.filter((agent) => agent.duplicate || agent.status !== "reporting");
  const good = items.filter((agent) => !bad.includes(agent));
  const count = `${good.length}${next === null ? "" : "+"}`;
  const draw = () => {
    const rest = fold("all", `${count} reporting`, agentTable(good));
    rest.open = good.length <= 5;
    return element("div", {}, bad.length === 0 ? null : agentTable(bad), good.length === 0 ? null : rest);
  };
  if (items.length === 0) redraw(byId("agents"), [{ id: "none", key: "none", draw: () => element("p", { className: "muted", textContent: "No agent was heard yet." }) }]);
  else redraw(byId("agents"), [{ id: "agents", key: JSON.stringify(items), draw }]);
}

function showStatus(status, at) {
  byId("state").textContent = `${status.openIncidents} open · ${counted(status.activeAlerts, "alert")} · ${counted(status.agents, "agent")} · ${counted(status.cis, "CI")} · as of ${clock(at)}`;
  byId("version").textContent = `Version ${status.version}`;
  document.title = status.openIncidents === 0 ? "Tocsin" : `(${status.openIncidents}) Tocsin`;
  const isOpen = sessionStorage.getItem(TOKEN_KEY) === null;
  for (const item of document.querySelectorAll("[data-needs-token]")) item.hidden = !isOpen;
}

function askForToken(problem) {
  byId("token-form").hidden = false;
  for (const name of SECTIONS) byId(`${name}-section`).hidden = true;
  byId("state").textContent = "A token is needed.";
  byId("token-problem").textContent = sessionStorage.getItem(TOKEN_KEY) === null ? "" : problem;
  byId("stale").hidden = true;
  connection?.abort();
}

/** The incident that the address names, as the links in messages do. */
const wanted = () => /^#\/incidents\/([^/]+)$/.exec(location.hash)?.[1];

async function readWanted() {
  const id = wanted();
  if (id === undefined) return readIncidents();
  return read(`/api/v1/incidents/${id}`).catch((error) => {
    if (error.status === 404 || error.status === 400) return { missing: error.message };
    throw error;
  });
}

let freshAt = null;
let lastTookMs = 0;

async function refresh() {
  const began = Date.now();
  const id = wanted();
  const [status, found, agents, silences, maintenance] = await Promise.all([
    read("/api/v1/status"),
    readWanted(),
    read(`/api/v1/agents?limit=${AGENTS_SHOWN}`),
    read("/api/v1/silences?status=active"),
    read("/api/v1/maintenance?status=active"),
  ]);
  // The reader has gone elsewhere meanwhile: that is drawn by its own call.
  if (id !== wanted()) return;
  lastTookMs = Date.now() - began;
  freshAt = began;
  byId("token-form").hidden = true;
  byId("agents-section").hidden = false;
  byId("incident-section").hidden = id === undefined;
  byId("incidents-section").hidden = id !== undefined;
  showStatus(status, began);
  if (id === undefined) showIncidents(found, status.role);
  else showIncident(found, status.role);
  showMuted(silences.items, maintenance.items);
  showAgents(agents);
  byId("stale").hidden = true;
}

let refreshTimer = null;

/** Not more often than the collector and the line can bear: a storm is news every few milliseconds. */
function refreshSoon() {
  refreshTimer ??= setTimeout(() => {
    refresh()
      .catch(showProblem)
      .finally(() => (refreshTimer = null));
  }, Math.max(REFRESH_AFTER_MS, 4 * lastTookMs));
}

function showProblem(error) {
  if (error instanceof NoToken) return askForToken(error.message);
  const since = freshAt === null ? "" : ` since ${clock(freshAt)}; what stands here is from then`;
  byId("stale").textContent = `No answer from the collector${since} (${error.message}). Trying again.`;
  byId("stale").hidden = false;
}

let connection = null;

/** The stream with the token in a header, which EventSource cannot send. Any event is news. */
async function follow() {
  const { signal } = connection;
  const response = await call("/api/v1/stream", { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let quiet = null;
  try {
    for (;;) {
      clearTimeout(quiet);
      quiet = setTimeout(() => void reader.cancel().catch(() => undefined), QUIET_MS);
      const piece = await reader.read();
      if (piece.done) throw new Error("the connection has ended");
      if (piece.value.includes("event:")) refreshSoon();
    }
  } finally {
    clearTimeout(quiet);
  }
}

/** One at a time: whoever calls it again ends the one before. */
async function live() {
  connection?.abort();
  const mine = new AbortController();
  connection = mine;
  while (!mine.signal.aborted) {
    try {
      await refresh();
      await follow();
    } catch (error) {
      if (mine.signal.aborted) return;
      showProblem(error);
    }
    await new Promise((done) => setTimeout(done, RECONNECT_MS));
  }
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN_KEY, byId("token").value.trim());
  void live();
});

addEventListener("hashchange", () => {
  scrollTo(0, 0);
  refresh().catch(showProblem);
});
// A phone that was in the pocket: what it shows is old, and its connection mostly dead.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && byId("token-form").hidden) void live();
});
setInterval(() => {
  refreshTimes();
  if (!byId("token-form").hidden) return;
  if (freshAt !== null && Date.now() - freshAt > STALE_MS) showProblem(new Error("nothing in time"));
}, 5_000);
setInterval(() => {
  if (byId("token-form").hidden) refreshSoon();
}, 30_000);
void live();
