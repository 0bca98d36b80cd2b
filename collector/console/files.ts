import { readFileSync } from "node:fs";

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

const script = (path: string, name: string): { path: string; contentType: string; body: string } => ({
  path,
  contentType: "text/javascript; charset=utf-8",
  body: read(name),
});

/** The page and what it loads; read once, at start. They hold no secret and are served to everyone. */
export const CONSOLE_FILES: readonly { path: string; contentType: string; body: string }[] = [
  { path: "/", contentType: "text/html; charset=utf-8", body: read("page.html") },
  { path: "/console.css", contentType: "text/css; charset=utf-8", body: read("console.css") },
  { path: "/favicon.svg", contentType: "image/svg+xml", body: read("favicon.svg") },
  script("/console.js", "console.js"),
  script("/console-element.js", "console-element.js"),
  script("/console-incident.js", "console-incident.js"),
];
