/** What a command may touch of the terminal and its surroundings, so that tests can watch it. */
export interface CommandIo {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  env: Readonly<Record<string, string | undefined>>;
  /** Colours and progress only then. */
  isTerminal: boolean;
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
  /** The collector could not be reached or refused. */
  unreachable: 3,
} as const;
