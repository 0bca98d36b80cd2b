import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isMap, isNode, LineCounter, parseDocument, stringify, visit, type Document } from "yaml";
import type { Note } from "./alertmanager-import/note.ts";
import { translateAlertmanager } from "./alertmanager-import/translate.ts";
import { complain, EXIT, misuse, type CommandIo } from "./command-io.ts";
import { paint, printable } from "./table.ts";

const HELP = `Usage: tocsin import alertmanager FILE [options]

Turns routes, receivers, inhibition rules and time intervals of an Alertmanager into a configuration of ours, on standard
output, and says on standard error what could not be carried over, or works in another way. Secrets are copied as they are.

  --out FILE   write the configuration there instead; it must not exist
  --json       for machines: { config, notes: [{ kind, path, line, message }] }
  -h, --help

Examples:
  tocsin import alertmanager /etc/alertmanager/alertmanager.yml > tocsin.yaml
  tocsin import alertmanager alertmanager.yml --out tocsin.yaml && tocsin check tocsin.yaml

Exit codes: 0 done, 1 the file cannot be read, 2 wrong usage.
`;

interface Flags {
  file: string;
  out: string | undefined;
  json: boolean;
}

function readFlags(args: string[], io: CommandIo): Flags | number {
  const wrong = (message: string): number => misuse(io, message, HELP);
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        out: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(HELP);
      return EXIT.ok;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) return wrong("name one file");
    return { file, out: values.out, json: values.json };
  } catch (error) {
    return wrong((error as Error).message);
  }
}

type Source =
  | { status: "read"; document: Document; lines: LineCounter; data: unknown }
  | { status: "broken"; message: string };

function readSource(file: string): Source {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return { status: "broken", message: `${file} cannot be read: ${(error as Error).message}` };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: true, prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    const words = fault.code === "MULTIPLE_DOCS" ? "there is more than one document in the file" : fault.message;
    return { status: "broken", message: `${file}:${line}:${col}: ${words}` };
  }
  // Alertmanager reads `version: 1.10` of a label as it is written.
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === "number") scalar.value = scalar.source ?? scalar.value;
    },
  });
  try {
    const data: unknown = document.toJS({ maxAliasCount: 100 });
    // An alias to what it stands in has no end.
    JSON.stringify(data);
    return { status: "read", document, lines, data };
  } catch (error) {
    const words = error instanceof TypeError ? "an alias leads to what it stands in" : (error as Error).message;
    return { status: "broken", message: `${file}: ${words}` };
  }
}

/** The line on which a path stands, or the nearest part of it. */
function lineOf({ document, lines }: Extract<Source, { status: "read" }>, path: Note["path"]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range !== undefined && node.range !== null) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function spoken(path: Note["path"]): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");
}

type Placed = Note & { line: number };

/** What is said of one key at many places is said once, at the first of them. */
function gathered(notes: readonly Placed[]): (Placed & { alsoAt: number[] })[] {
  const found = new Map<string, Placed & { alsoAt: number[] }>();
  for (const note of notes) {
    const key = `${note.kind} ${note.path.findLast((part) => typeof part === "string") ?? ""} ${note.message}`;
    const first = found.get(key);
    if (first === undefined) found.set(key, { ...note, alsoAt: [] });
    else first.alsoAt.push(note.line);
  }
  return [...found.values()];
}

const HEADER =
  "# Made by `tocsin import alertmanager`. Check it with `tocsin check`, and read the notes that came with it.\n";

/** `tocsin import alertmanager FILE`. @param args after the word `alertmanager`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const flags = readFlags(args, io);
  if (typeof flags === "number") return flags;
  const source = readSource(flags.file);
  if (source.status === "broken") {
    return complain(io, EXIT.failed, { code: "unreadable", message: source.message });
  }
  if (!["route", "receivers"].some((key) => isMap(source.document.contents) && source.document.has(key))) {
    const message = `${flags.file} is no configuration of an Alertmanager: \`route\` and \`receivers\` are expected`;
    return complain(io, EXIT.failed, { code: "notAlertmanager", message });
  }
  const { config, notes } = translateAlertmanager(source.data);
  const placed = notes.map((note) => ({ ...note, line: lineOf(source, note.path) }));
  const text = `${HEADER}${stringify(config, { aliasDuplicateObjects: false, lineWidth: 120 })}`;
  if (flags.json) io.stdout(`${JSON.stringify({ config, notes: placed }, null, 2)}\n`);
  else if (flags.out === undefined) io.stdout(text);
  if (flags.out !== undefined) {
    try {
      writeFileSync(flags.out, text, { flag: "wx", mode: 0o600 });
    } catch (error) {
      return complain(io, EXIT.failed, {
        code: "unwritable",
        message: `${flags.out} cannot be written: ${(error as Error).message}`,
      });
    }
  }
  if (flags.json) return EXIT.ok;
  for (const { kind, line, path, message, alsoAt } of gathered(placed)) {
    const word = paint(
      kind === "lost" ? "not carried over" : "differs",
      kind === "lost" ? "red" : "yellow",
      io.isErrorTerminal,
    );
    const more = alsoAt.length === 0 ? "" : ` (also at line ${[...new Set(alsoAt)].sort((a, b) => a - b).join(", ")})`;
    io.stderr(`${printable(`${flags.file}:${line}`)}: ${word}: ${printable(`${spoken(path)}: ${message}`)}${more}\n`);
  }
  const lost = placed.filter(({ kind }) => kind === "lost").length;
  io.stderr(`${lost} not carried over, ${placed.length - lost} work in another way\n`);
  return EXIT.ok;
}
