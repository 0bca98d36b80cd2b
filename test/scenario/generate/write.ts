import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "./scenario.ts";
import { recipesOf } from "./recipes.ts";

/** `node test/scenario/generate/write.ts DIR [NAME]`: the generated scenarios as files, to look into. */
const [directory = "generated", only = ""] = process.argv.slice(2);
for (const recipe of recipesOf("dev")) {
  if (!recipe.name.includes(only)) continue;
  const { cmdb, lines, truth } = generate(recipe);
  const to = join(directory, recipe.name);
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, "cmdb.json"), JSON.stringify(cmdb, null, 1));
  writeFileSync(join(to, "events.jsonl"), `${lines.join("\n")}\n`);
  writeFileSync(join(to, "truth.json"), JSON.stringify(truth, null, 1));
  console.log(`${recipe.name}: ${lines.length} lines, ${truth.faults.length} faults`);
}
