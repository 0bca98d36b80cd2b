import { globSync, readFileSync, writeFileSync } from "node:fs";
import { cmdbPage } from "../../collector/cmdb/reference-page.ts";
import { CONNECTOR_KINDS } from "../../collector/composition/connectors.ts";
import { jsonSchema } from "../../collector/config/json-schema.ts";
import { configurationPage } from "../../collector/config/reference-page.ts";
import { configSchema } from "../../collector/config/schema.ts";
import { parsePack } from "../../rules/language/parse.ts";
import { rulesPage } from "../../rules/language/reference-page.ts";
import { collectorMetricsPage } from "./collector-metrics-page.ts";
import { metricsPage } from "./metrics-page.ts";

/** Every generated page of docs/reference: its path, and what it must hold. A test holds the files to it. */
export async function referencePages(): Promise<{ path: string; content: string }[]> {
  const schema = configSchema(CONNECTOR_KINDS);
  return [
    { path: "docs/reference/configuration.md", content: configurationPage(schema, CONNECTOR_KINDS) },
    { path: "docs/reference/tocsin.schema.json", content: `${JSON.stringify(jsonSchema(schema), null, 2)}\n` },
    { path: "docs/reference/cmdb.md", content: cmdbPage() },
    { path: "docs/reference/rules.md", content: rulesPage(packs()) },
    { path: "docs/reference/metrics.md", content: await metricsPage() },
    { path: "docs/reference/collector-metrics.md", content: collectorMetricsPage() },
  ];
}

function packs() {
  return globSync("rules/packs/*/pack.yaml")
    .sort()
    .flatMap((path) => {
      const result = parsePack(readFileSync(path, "utf8"), path);
      return "pack" in result ? [result.pack] : [];
    });
}

// `npm run docs` writes them.
if (import.meta.main) for (const { path, content } of await referencePages()) writeFileSync(path, content);
