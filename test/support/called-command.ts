import type { CommandIo } from "../../collector/command/command-io.ts";

/** Runs a command as a program would run it whose output is no terminal, unless `shown` says which of it is one. */
export async function callCommand(
  run: (args: string[], io: CommandIo) => Promise<number>,
  args: string[],
  env: Record<string, string> = {},
  shown: Partial<Pick<CommandIo, "isTerminal" | "isErrorTerminal">> = {},
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await run(args, {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    env,
    wantsJson: args.includes("--json"),
    isTerminal: false,
    isErrorTerminal: false,
    ...shown,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}
