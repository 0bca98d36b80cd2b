import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/** The product's version. The bundle has this module replaced by one that holds it. */
export const version: string = manifest.version;
