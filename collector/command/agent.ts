import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EXIT, type CommandIo } from "./command-io.ts";

/** `tocsin agent` reached by way of `help`: `bin/tocsin` otherwise becomes the agent itself. */
export async function run(args: string[], _io: CommandIo): Promise<number> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("../../agent/main.ts", import.meta.url)), ...args], {
    stdio: "inherit",
  });
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code ?? EXIT.failed));
  });
}
