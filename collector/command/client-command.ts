import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { type Answer, Client, CLIENT_OPTIONS } from "./client.ts";
import { EXIT, type CommandIo } from "./command-io.ts";

/** The parsed command line of a command that speaks to the collector. */
export interface ClientCall {
  client: Client;
  flags: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  positionals: string[];
  json: boolean;
}

export interface ClientSpec {
  /** The whole help text, examples included. */
  help: string;
  options?: ParseArgsOptionsConfig;
  /** How many words it takes beside its options, at most; without it, none. */
  takes?: number;
}

/**
 * Parses the command line, answers `--help` and wrong usage, and calls `act`.
 *
 * @returns the exit code.
 */
export async function clientCommand(
  args: string[],
  io: CommandIo,
  spec: ClientSpec,
  act: (call: ClientCall) => Promise<number>,
): Promise<number> {
  let parsed: { values: Record<string, string | boolean | (string | boolean)[] | undefined>; positionals: string[] };
  try {
    parsed = parseArgs({ args, options: { ...CLIENT_OPTIONS, ...spec.options }, allowPositionals: true, strict: true });
  } catch (error) {
    io.stderr(`tocsin: ${(error as Error).message}\n\n${spec.help}`);
    return EXIT.usage;
  }
  if (parsed.values["help"] === true) {
    io.stdout(spec.help);
    return EXIT.ok;
  }
  const surplus = parsed.positionals[spec.takes ?? 0];
  if (surplus !== undefined) {
    io.stderr(`tocsin: nothing is known to do with ${JSON.stringify(surplus)}\n\n${spec.help}`);
    return EXIT.usage;
  }
  const given = parsed.values["collector"] ?? io.env["TOCSIN_COLLECTOR"];
  if (typeof given === "string" && !/^https?:$/.test(URL.parse(given)?.protocol ?? "")) {
    io.stderr(`tocsin: the collector is named by a URL such as http://127.0.0.1:8430, not ${JSON.stringify(given)}\n`);
    return EXIT.usage;
  }
  let client: Client;
  try {
    client = new Client(parsed.values, io);
  } catch (error) {
    io.stderr(`tocsin: cannot read the token: ${(error as Error).message}\n`);
    return EXIT.usage;
  }
  return act({ client, flags: parsed.values, positionals: parsed.positionals, json: parsed.values["json"] === true });
}

/** Says why there is no answer; null when there is one. */
export function refusal(answer: Answer, io: CommandIo): number | null {
  if (answer.status === "ok") return null;
  io.stderr(`tocsin: ${answer.message}\n`);
  return answer.status === "unreachable" || answer.httpStatus === 401 || answer.httpStatus === 403
    ? EXIT.unreachable
    : EXIT.failed;
}

export function writeJson(body: unknown, io: CommandIo): void {
  io.stdout(`${JSON.stringify(body, null, 2)}\n`);
}
