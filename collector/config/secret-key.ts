import { isAbsolute, join } from "node:path";
import { Secret } from "../port/secret.ts";
import { type Decoded, type Decoding, report } from "./decoding.ts";
import type { DataPath } from "./document/problem.ts";

/** A key file, a token: never more. Guards against a path that leads to something else. */
const SECRET_SIZE_MAX = 65_536;

/**
 * Reads the secret that stands as `key` or in the file named by `keyFile`. Messages never show the value.
 *
 * @returns undefined where there is none and none is required.
 */
export function readSecret(
  key: string,
  required: boolean,
  mapping: Map<string, unknown>,
  path: DataPath,
  decoding: Decoding,
): Decoded<Secret | undefined> {
  const inline = mapping.get(key) ?? undefined;
  const file = mapping.get(`${key}File`) ?? undefined;
  if (inline !== undefined && file !== undefined)
    return report(decoding, "CONFIG_BAD_SECRET", [...path, key], `"${key}" is given twice: inline and as ${key}File`, {
      hint: `remove one of them; ${key}File is the safer one`,
      part: "key",
    });
  if (file !== undefined) return fromFile(file, [...path, `${key}File`], decoding);
  if (inline !== undefined) return fromText(inline, [...path, key], decoding);
  if (!required) return undefined;
  return report(decoding, "CONFIG_MISSING_KEY", path, `"${key}" or "${key}File" is missing`, {
    hint: `add ${key}File: the name of a file that holds it`,
    part: "key",
  });
}

function fromText(value: unknown, path: DataPath, decoding: Decoding): Decoded<Secret> {
  const name = String(path.at(-1));
  if (typeof value !== "string")
    return report(decoding, "CONFIG_WRONG_TYPE", path, `"${name}" takes a text`, { hint: "put it in quotes" });
  if (value.trim() === "") return report(decoding, "CONFIG_BAD_SECRET", path, `"${name}" is empty`);
  return new Secret(value);
}

function fromFile(value: unknown, path: DataPath, decoding: Decoding): Decoded<Secret> {
  const name = String(path.at(-1));
  if (typeof value !== "string" || value === "")
    return report(decoding, "CONFIG_WRONG_TYPE", path, `"${name}" takes the name of a file`);
  const file = isAbsolute(value) ? value : join(decoding.folder, value);
  let text: string;
  try {
    text = decoding.readFile(file);
  } catch (error) {
    return report(decoding, "CONFIG_FILE_UNREADABLE", path, `the file ${file} of "${name}" ${unreadable(error)}`, {
      hint: "relative names start at the configuration's own folder",
    });
  }
  if (text.length > SECRET_SIZE_MAX)
    return report(decoding, "CONFIG_BAD_SECRET", path, `the file ${file} of "${name}" is too large for a secret`);
  // Editors and `echo` end a file with a line break that is not part of the secret.
  const secret = text.replace(/\r?\n$/, "");
  if (secret.trim() === "")
    return report(decoding, "CONFIG_BAD_SECRET", path, `the file ${file} of "${name}" is empty`);
  return new Secret(secret);
}

/** Why a file cannot be read, in words. */
export function unreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const words: Readonly<Record<string, string>> = {
    ENOENT: "does not exist",
    EACCES: "may not be read by this user",
    EPERM: "may not be read by this user",
    EISDIR: "is a folder",
    ENOTDIR: "lies under something that is not a folder",
  };
  return words[code] ?? `cannot be read${code === "" ? "" : ` (${code})`}`;
}
