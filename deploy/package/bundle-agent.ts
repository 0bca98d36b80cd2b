import { mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { parsePack } from "../../rules/language/parse.ts";

/**
 * Makes the agent's one file, `dist/agent.cjs`, which needs nothing but Node. Without network, and the same bytes from the same
 * sources. Each 100 KiB of code costs an agent half a megabyte of memory, so what few agents need, or only at the start (the
 * YAML reader, the pattern engine, the inventory), lies in it compressed until it is asked for.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const outfile = join(root, "dist/agent.cjs");

/** Modules that read the checkout are replaced by what they would have read. */
const contents: Readonly<Record<string, () => string>> = {
  "agent/version.ts": () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    return `export const version = ${JSON.stringify(version)};`;
  },
  "agent/evaluate/bundled-rules.ts": () => {
    const path = join(root, "rules/packs/linux-host/pack.yaml");
    const result = parsePack(readFileSync(path, "utf8"), path);
    if (!("pack" in result)) throw new Error(`the linux-host pack has errors: ${JSON.stringify(result.findings)}`);
    // As text: it is read once, and its objects are not kept by the code.
    const text = JSON.stringify(JSON.stringify(result.pack.rules));
    return `export const bundledRules = async () => JSON.parse(${text});`;
  },
};

const replaceModules: Plugin = {
  name: "replace-modules",
  setup(builder) {
    builder.onLoad({ filter: /agent\/(version|evaluate\/bundled-rules)\.ts$/ }, ({ path }) => {
      const content = contents[path.slice(root.length + 1)];
      if (content === undefined) throw new Error(`no content for ${path}`);
      return { contents: content(), loader: "ts" };
    });
  },
};

const common: BuildOptions = {
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node24",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
};

/** What is imported by `import()` becomes a part of its own, compressed, and compiled when the import is reached. */
const compressLazyParts: Plugin = {
  name: "compress-lazy-parts",
  setup(builder) {
    builder.onResolve({ filter: /.*/ }, async (args) => {
      if (args.kind !== "dynamic-import" || args.path.startsWith("node:") || args.pluginData === "inner")
        return undefined;
      const found = await builder.resolve(args.path, {
        resolveDir: args.resolveDir,
        kind: args.kind,
        pluginData: "inner",
      });
      return { path: found.path, namespace: "lazy" };
    });
    builder.onLoad({ filter: /.*/, namespace: "lazy" }, async ({ path }) => {
      const part = await build({ ...common, entryPoints: [path], write: false, plugins: [replaceModules] });
      const packed = brotliCompressSync(part.outputFiles[0]!.contents).toString("base64");
      return {
        loader: "js",
        contents: `
          const { brotliDecompressSync } = require("node:zlib");
          const { compileFunction } = require("node:vm");
          const code = brotliDecompressSync(Buffer.from(${JSON.stringify(packed)}, "base64")).toString();
          const part = { exports: {} };
          compileFunction(code, ["exports", "require", "module"])(part.exports, require, part);
          module.exports = part.exports;`,
      };
    });
  },
};

mkdirSync(dirname(outfile), { recursive: true });
await build({
  ...common,
  entryPoints: [join(root, "agent/main.ts")],
  outfile,
  plugins: [replaceModules, compressLazyParts],
});
process.stdout.write(`${outfile} ${Math.round(statSync(outfile).size / 1024)} KiB\n`);
