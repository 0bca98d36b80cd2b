import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { parsePack } from "../../rules/language/parse.ts";

/**
 * Makes the agent's one file, `dist/agent.cjs`, which needs nothing but Node. Without network, and the same bytes from the
 * same sources.
 *
 * Code that is only there costs a process five times its size. So what the sources import with `import()` (the YAML reader, the
 * pattern engine, the watches that few use) is a part of its own. The parts lie in the file as comment lines, compressed, and are
 * read from it when they are reached.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const outfile = join(root, "dist/agent.cjs");
const PART_PREFIX = "part:";
const MAIN = `${PART_PREFIX}agent/main.ts`;

/** Modules that read the checkout are replaced by what they would have read. */
const contents: Readonly<Record<string, () => string>> = {
  "agent/version.ts": () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    return `export const version = ${JSON.stringify(version)};`;
  },
  "agent/evaluate/bundled-rules.ts": () => `export const bundledRules = async () => (await import("${RULES}")).rules;`,
};
const RULES = "rules/packs/linux-host/pack.yaml";

function rulesModule(path: string): string {
  const result = parsePack(readFileSync(path, "utf8"), path);
  if (!("pack" in result)) throw new Error(`the linux-host pack has errors: ${JSON.stringify(result.findings)}`);
  return `export const rules = ${JSON.stringify(result.pack.rules)};`;
}

/** Names the parts that a build asks for, and leaves them out of it. */
function separateParts(found: Set<string>): Plugin {
  return {
    name: "separate-parts",
    setup(builder) {
      builder.onLoad({ filter: /agent\/(version|evaluate\/bundled-rules)\.ts$/ }, ({ path }) => ({
        contents: contents[relative(root, path)]?.() ?? "",
        loader: "ts",
      }));
      builder.onLoad({ filter: /\.yaml$/ }, ({ path }) => ({ contents: rulesModule(path), loader: "js" }));
      builder.onResolve({ filter: /.*/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (kind !== "dynamic-import" || path.startsWith("node:") || pluginData === "inner") return undefined;
        const inner = { resolveDir, kind, pluginData: "inner" } as const;
        const target = path === RULES ? join(root, RULES) : (await builder.resolve(path, inner)).path;
        found.add(target);
        return { path: PART_PREFIX + relative(root, target), external: true };
      });
    },
  };
}

/** The code of one part, and the files of the parts that it asks for. */
async function buildPart(entry: string): Promise<{ code: Uint8Array; asks: Set<string> }> {
  const asks = new Set<string>();
  const built = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node24",
    minify: true,
    legalComments: "none",
    supported: { "dynamic-import": false },
    logLevel: "warning",
    plugins: [separateParts(asks)],
  });
  return { code: built.outputFiles[0].contents, asks };
}

/**
 * A `require` that finds parts in this very file, by their distance from its end. It keeps the file open, because an upgrade puts
 * another in its place while this one still runs and ends. Compiled from a text of its own: while a function
 * lives, V8 keeps the whole source that it stands in, and this file is half a megabyte.
 */
const loader = (places: Readonly<Record<string, readonly [fromEnd: number, length: number]>>): string => `"use strict";
const places = ${JSON.stringify(places)};
const loaded = new Map();
const { fstatSync, openSync, readSync } = nodeRequire("node:fs");
const file = openSync(path, "r");
function requirePart(name) {
  if (!name.startsWith("${PART_PREFIX}")) return nodeRequire(name);
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const [fromEnd, length] = places[name];
  const packed = Buffer.allocUnsafe(length);
  readSync(file, packed, 0, length, fstatSync(file).size - fromEnd);
  const code = nodeRequire("node:zlib").inflateRawSync(Buffer.from(packed.toString("latin1"), "base64")).toString();
  const module = { exports: {} };
  loaded.set(name, module);
  const run = nodeRequire("node:vm").compileFunction(code, ["exports", "require", "module"], { filename: name });
  run(module.exports, requirePart, module);
  return module.exports;
}
requirePart("${MAIN}");
`;

const parts = new Map<string, Uint8Array>();
const waiting = [join(root, "agent/main.ts")];
for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
  const name = PART_PREFIX + relative(root, entry);
  if (parts.has(name)) continue;
  const { code, asks } = await buildPart(entry);
  parts.set(name, code);
  waiting.push(...[...asks].sort());
}

let behind = "";
const starts: [name: string, start: number, length: number][] = [];
for (const [name, code] of parts) {
  process.stdout.write(
    `${String(Math.round(code.length / 1024)).padStart(5)} KiB  ${name.slice(PART_PREFIX.length)}\n`,
  );
  const packed = deflateRawSync(code, { level: 9 }).toString("base64");
  starts.push([name, behind.length + 2, packed.length]);
  behind += `//${packed}\n`;
}
const places = Object.fromEntries(
  starts.map(([name, start, length]) => [name, [behind.length - start, length] as const]),
);
const run = `require("node:vm").compileFunction(${JSON.stringify(loader(places))}, ["nodeRequire", "path"])(require, __filename);`;
const text = `#!/usr/bin/env node\n${run}\n${behind}`;
mkdirSync(dirname(outfile), { recursive: true });
writeFileSync(outfile, text, { mode: 0o755 });
process.stdout.write(`${String(Math.round(text.length / 1024)).padStart(5)} KiB  ${relative(root, outfile)}\n`);
