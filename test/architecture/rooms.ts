/**
 * The house plan: which room may import which, and which packages may enter it.
 * The longest matching path claims a file; a file that no room claims is an offence.
 * A path that ends in `/*` makes a room of each folder there, and none of them may import its neighbour.
 */
export interface Room {
  readonly path: string;
  /** Rooms this one may import, besides itself. "*" = any (composition roots only). */
  readonly rooms: readonly string[] | "*";
  /** Packages that may enter; "node:" admits every Node built-in. */
  readonly packages: readonly string[];
  /** Deterministic and alone: no clock, randomness, timers or process. */
  readonly pure?: true;
}

const CORE = "collector/core";
const MODEL = `${CORE}/model`;
const PORT = "collector/port";
const STAGES = ["deduplicate", "abnormal", "correlate", "root-cause", "incident", "notify", "explain"] as const;

const stage = (name: string): Room => ({ path: `${CORE}/${name}`, rooms: [MODEL], packages: [], pure: true });

export const ROOMS: readonly Room[] = [
  { path: "protocol", rooms: [], packages: [] },
  { path: "rules/detect", rooms: ["protocol"], packages: [], pure: true },
  { path: "rules/language", rooms: ["protocol", "rules/detect"], packages: ["yaml", "re2js"] },
  {
    path: "agent",
    rooms: ["protocol", "rules/detect", "rules/language"],
    packages: ["node:", "systeminformation", "yaml", "re2js"],
  },

  { path: MODEL, rooms: [], packages: [], pure: true },
  ...STAGES.map(stage),
  { path: CORE, rooms: [MODEL, ...STAGES.map((name) => `${CORE}/${name}`)], packages: [], pure: true },
  { path: PORT, rooms: [MODEL, "protocol"], packages: ["typebox", "node:v8", "node:vm"] },
  {
    path: "collector/runtime",
    rooms: [CORE, MODEL, `${CORE}/explain`, PORT, "protocol"],
    packages: ["node:", "node-cron"],
  },

  { path: "collector/store/*", rooms: [MODEL, PORT], packages: ["node:", "ioredis"] },
  { path: "collector/ingest", rooms: [MODEL, PORT, "protocol"], packages: ["node:", "fastify", "re2js"] },
  {
    path: "collector/ingest/*",
    rooms: ["collector/ingest", MODEL, PORT, "protocol"],
    packages: ["node:", "fastify", "typebox", "yaml", "re2js", "net-snmp"],
  },
  { path: "collector/connector", rooms: [MODEL, PORT, "protocol"], packages: ["node:", "liquidjs", "typebox"] },
  {
    path: "collector/connector/*",
    rooms: ["collector/connector", MODEL, PORT, "protocol"],
    packages: ["node:", "nodemailer", "typebox"],
  },
  { path: "collector/config/document", rooms: [PORT, "protocol"], packages: ["node:", "yaml"] },
  { path: "collector/cmdb", rooms: ["collector/config/document", MODEL, PORT, "protocol"], packages: ["node:"] },
  { path: "collector/cmdb/import/*", rooms: ["collector/cmdb", MODEL, PORT, "protocol"], packages: ["node:", "yaml"] },
  {
    path: "collector/config",
    rooms: ["collector/config/document", MODEL, PORT, "protocol"],
    packages: ["node:", "typebox"],
  },
  { path: "collector/series", rooms: [MODEL, PORT, "protocol", "rules/detect"], packages: [] },
  { path: "collector/enrolment", rooms: [MODEL, PORT, "protocol", "rules/detect"], packages: ["node:"] },
  { path: "collector/telemetry", rooms: [PORT, MODEL], packages: ["node:", "pino", "prom-client"] },
  { path: "collector/console", rooms: [], packages: ["node:"] },
  {
    path: "collector/api",
    rooms: [MODEL, PORT, "protocol", "collector/console", "collector/series"],
    packages: ["node:", "fastify", "@fastify/ajv-compiler", "@fastify/swagger", "typebox"],
  },
  { path: "collector/command", rooms: "*", packages: ["node:", "yaml"] },
  { path: "collector/composition", rooms: "*", packages: ["node:"] },
  { path: "collector/main.ts", rooms: "*", packages: ["node:"] },
];

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const IMPORT =
  /(?:^|[\n;])\s*(?:import|export)\s[^"';]*?from\s*["']([^"']+)["']|(?:^|[\n;])\s*import\s*["']([^"']+)["']|\b(?:import|require)\(\s*["']([^"']+)["']\s*\)/g;
const NONDETERMINISM =
  /\b(?:Date\.now|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|localeCompare|toLocale\w*|Promise|async|await)\b|\bnew Date\(\s*\)|\b(?:crypto|process|Intl)\./g;

const normalise = (path: string): string => {
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") out.pop();
    else if (part !== "." && part !== "") out.push(part);
  }
  return out.join("/");
};

/** Comments may speak of what code may not do. */
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");

/** The room of a file and its own path: for a `/*` room, the folder that it is in. */
export function roomOf(path: string): { room: Room; path: string } | undefined {
  let best: { room: Room; path: string } | undefined;
  for (const room of ROOMS) {
    const family = room.path.endsWith("/*");
    const base = family ? room.path.slice(0, -2) : room.path;
    if (path !== base && !path.startsWith(`${base}/`)) continue;
    const inner = path.slice(base.length + 1).split("/");
    if (family && inner.length < 2) continue;
    const claimed = family ? `${base}/${inner[0]}` : base;
    if (best === undefined || claimed.length > best.path.length) best = { room, path: claimed };
  }
  return best;
}

/** Every breach of the plan in one file, as "path: reason". Empty = clean. */
export function offences(file: SourceFile): readonly string[] {
  const own = roomOf(file.path);
  if (own === undefined) return [`${file.path}: no room claims this file`];
  const { room } = own;
  const isTest = file.path.endsWith(".test.ts");
  const found: string[] = [];
  for (const match of file.text.matchAll(IMPORT)) {
    const spec = match[1] ?? match[2] ?? match[3] ?? "";
    if (spec.startsWith(".")) {
      const path = normalise(`${file.path}/../${spec}`);
      const target = roomOf(path);
      if (isTest && path.startsWith("test/support/")) continue;
      if (target === undefined) found.push(`${file.path}: ${spec} leads outside the house`);
      else if (target.path !== own.path && room.rooms !== "*" && !room.rooms.includes(target.path))
        found.push(`${file.path}: ${own.path} may not import ${target.path}`);
    } else if (
      !isTest &&
      !room.packages.some((name) =>
        name === "node:" ? spec.startsWith(name) : spec === name || spec.startsWith(`${name}/`),
      )
    ) {
      found.push(`${file.path}: package ${spec} may not enter ${own.path}`);
    }
  }
  if (room.pure && !isTest)
    for (const match of withoutComments(file.text).matchAll(NONDETERMINISM))
      found.push(`${file.path}: a pure room uses ${match[0]}`);
  return found;
}
