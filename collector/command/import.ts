import { EXIT, misuse, type CommandIo } from "./command-io.ts";
import { CMDB_SOURCES } from "./cmdb-sources.ts";
import { importCmdb } from "./import-cmdb.ts";

const HELP = `Usage: tocsin import alertmanager FILE [--out FILE]
       tocsin import SOURCE … [--dry-run | --out FILE]

alertmanager turns an Alertmanager's configuration into ours, and says what could not be carried over.

Every other SOURCE reads a CMDB and hands it to the collector as one source's part: what is no longer there is gone (a CI of
an open incident is retired when that is over); what files and other sources declare stays theirs. It can be repeated, by
a timer for example: only what has changed is changed, and --dry-run shows the plan before.

${Object.entries(CMDB_SOURCES)
  .map(([name, { usage }]) => `  ${name.padEnd(13)} ${usage}`)
  .join("\n")}

\`tocsin import SOURCE --help\` tells more.

Examples:
  tocsin import alertmanager /etc/alertmanager/alertmanager.yml > tocsin.yaml
  tocsin import netbox --url https://netbox.example.net --secret-file netbox.token --dry-run
  kubectl get nodes,pods,deploy,rs,sts,ds,svc,ing,pv,pvc -A -o json | tocsin import kubernetes - --cluster prod
`;

/** `tocsin import WHAT …`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const [what, ...rest] = args;
  if (what === "--help" || what === "-h") {
    io.stdout(HELP);
    return EXIT.ok;
  }
  if (what === "alertmanager") return (await import("./import-alertmanager.ts")).run(rest, io);
  if (what !== undefined && Object.hasOwn(CMDB_SOURCES, what)) return importCmdb(what, rest, io);
  const known = ["alertmanager", ...Object.keys(CMDB_SOURCES)].join(", ");
  const message =
    what === undefined ? "import what?" : `there is no import from ${JSON.stringify(what)}; there is one from ${known}`;
  return misuse(io, message, HELP);
}
