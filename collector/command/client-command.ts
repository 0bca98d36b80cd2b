import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { type Answer, Client, CLIENT_OPTIONS } from "./client.ts";
import { complain, EXIT, misuse, type CommandIo } from "./command-io.ts";

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
    return misuse(io, (error as Error).message, spec.help);
  }
  if (parsed.values["help"] === true) {
    io.stdout(spec.help);
    return EXIT.ok;
  }
  const surplus = parsed.positionals[spec.takes ?? 0];
  if (surplus !== undefined) {
    return misuse(io, `nothing is known to do with ${JSON.stringify(surplus)}`, spec.help);
  }
  const given = parsed.values["collector"] ?? io.env["TOCSIN_COLLECTOR"];
  if (typeof given === "string" && !/^https?:$/.test(URL.parse(given)?.protocol ?? "")) {
    return misuse(io, `the collector is named by a URL such as http://127.0.0.1:8430, not ${JSON.stringify(given)}`);
  }
  let client: Client;
  try {
    client = new Client(parsed.values, io);
  } catch (error) {
    return misuse(io, `cannot read the token: ${(error as Error).message}`);
  }
  return act({ client, flags: parsed.values, positionals: parsed.positionals, json: parsed.values["json"] === true });
}

/**
 * Says why there is no answer; null when there is one.
 *
 * @param badRequest the exit code where the collector finds a mistake in what it was given: mostly that stood on the command line.
 */
export function refusal(answer: Answer, io: CommandIo, badRequest: number = EXIT.usage): number | null {
  if (answer.status === "ok") return null;
  if (answer.status === "unreachable")
    return complain(io, EXIT.unreachable, { code: "unreachable", message: answer.message });
  const { httpStatus, code, message, details } = answer;
  const exit =
    httpStatus === 401 || httpStatus === 403 ? EXIT.unreachable : httpStatus === 400 ? badRequest : EXIT.failed;
  return complain(io, exit, { code, message, ...(details === undefined ? {} : { details }) });
}

export function writeJson(body: unknown, io: CommandIo): void {
  io.stdout(`${JSON.stringify(body, null, 2)}\n`);
}
