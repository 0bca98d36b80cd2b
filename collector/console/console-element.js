// Elements and words that the parts of the page share. Everything that comes from monitoring data is set as text, never as markup.

/** An element with text and children; `options` are its properties. */
export function element(name, options = {}, ...children) {
  const made = Object.assign(document.createElement(name), options);
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function bullets(texts) {
  return element("ul", {}, ...texts.map((text) => element("li", { textContent: text })));
}

export const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

export function ago(text) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(text)) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 129_600 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}

/** How long ago; `refreshTimes` keeps it true. */
export function time(text) {
  return element("time", { dateTime: text, title: text, textContent: ago(text) });
}

export function refreshTimes() {
  for (const shown of document.querySelectorAll("time")) shown.textContent = ago(shown.dateTime);
}

export const clock = (at) => new Date(at).toLocaleTimeString([], { hourCycle: "h23" });

/** A fold whose state outlives a redraw of what it is in, by its name. */
export function fold(name, summary, ...children) {
  const made = element("details", {}, element("summary", { textContent: summary }), ...children);
  made.dataset.fold = name;
  return made;
}

/** What a node was drawn from. */
const keys = new WeakMap();

/** Shows `parts` ({ id, key, draw }) in `place`; what has not changed is not touched, so that nothing moves under a thumb. */
export function redraw(place, parts) {
  const before = new Map([...place.children].map((node) => [keys.get(node), node]));
  const wasOpen = new Map([...place.querySelectorAll("details")].map((node) => [`${node.closest("[data-id]")?.dataset.id} ${node.dataset.fold}`, node.open]));
  const nodes = parts.map(({ id, key, draw }) => {
    const known = before.get(key);
    if (known !== undefined) return known;
    const node = draw();
    node.dataset.id = id;
    keys.set(node, key);
    for (const each of node.matches("details") ? [node] : node.querySelectorAll("details")) {
      const open = wasOpen.get(`${id} ${each.dataset.fold}`);
      if (open !== undefined) each.open = open;
    }
    return node;
  });
  const isSame = nodes.length === place.children.length && nodes.every((node, i) => node === place.children[i]);
  if (!isSame) place.replaceChildren(...nodes);
}
