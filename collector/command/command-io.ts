/** What a command may touch of the terminal and its surroundings, so that tests can watch it. */
export interface CommandIo {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  env: Readonly<Record<string, string | undefined>>;
  /** Standard output is shown to a person: colours only then. */
  isTerminal: boolean;
  /** The same of standard error, which may be a file where the other is not: colours and progress only then. */
  isErrorTerminal: boolean;
  /** `--json` was given: what goes wrong is told for a program, too. */
  wantsJson?: boolean;
  /** Aborts on SIGINT and SIGTERM. */
  signal: AbortSignal;
}

/** Exit codes: the same meaning in every command. */
export const EXIT = {
  ok: 0,
  /** Something was found to be wrong: a bad file, a failed rule test, an incident that does not exist. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The collector could not be reached, or refuses the token. */
  unreachable: 3,
} as const;

/** Why a command ends without what it was asked for; as JSON it has the form of the API's errors. */
export interface Complaint {
  code: string;
  message: string;
  details?: unknown;
  /** How the command is called; for people only. */
  help?: string;
}

/** Tells it on standard error: in a line for a person, or as JSON. Returns `exit`. */
export function complain(io: Pick<CommandIo, "stderr" | "wantsJson">, exit: number, complaint: Complaint): number {
  const { help, ...rest } = complaint;
  if (io.wantsJson === true) io.stderr(`${JSON.stringify(rest)}\n`);
  else io.stderr(`tocsin: ${complaint.message}\n${help === undefined ? "" : `\n${help}`}`);
  return exit;
}

/** A command line that cannot be understood. */
export function misuse(io: Pick<CommandIo, "stderr" | "wantsJson">, message: string, help?: string): number {
  return complain(io, EXIT.usage, { code: "wrongUsage", message, ...(help === undefined ? {} : { help }) });
}
