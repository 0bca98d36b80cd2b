import { statSync } from "node:fs";
import { basename } from "node:path";
import type { HostFiles } from "../sample/host-files.ts";
import { isPid } from "../sample/processes.ts";
import { JAVA_WORDS } from "./known-software.ts";

/** A program that runs, as far as an unprivileged process sees it. */
export interface RunningProgram {
  pid: string;
  /** The kernel's name of it, at most fifteen characters; for interpreters and Java what they run. */
  name: string;
  uid: number;
}

/** Owner of a folder; null where it is gone. Tests give their own. */
export type OwnerOf = (path: string) => number | null;

export const ownerOf: OwnerOf = (path) => statSync(path, { throwIfNoEntry: false })?.uid ?? null;

const PROCESSES_MAX = 5000;
const INTERPRETER = /^(python|perl|ruby|node|bash|sh|dash|php|MainThread)[\d.]*$/;

/**
 * Every process by name and owner. Two or three system calls each, so it is made when a listener is new and not at each look.
 * Threads of the kernel have no command line and are left out.
 */
export function readPrograms(files: HostFiles, owner: OwnerOf = ownerOf): RunningProgram[] {
  const found: RunningProgram[] = [];
  for (const pid of files.list("/proc/")) {
    if (!isPid(pid)) continue;
    if (found.length >= PROCESSES_MAX) break;
    const comm = files.line(`/proc/${pid}/comm`);
    const uid = owner(`/proc/${pid}`);
    if (comm === null || uid === null) continue;
    const name = programName(files, pid, comm);
    if (name !== null) found.push({ pid, name, uid });
  }
  return found;
}

/** What a process is called: by the kernel, or by what an interpreter or Java runs. null for one without a command line. */
export function programName(files: HostFiles, pid: string, comm: string): string | null {
  const isJava = comm === "java";
  if (!isJava && !INTERPRETER.test(comm)) return comm;
  const command = files.read(`/proc/${pid}/cmdline`)?.all() ?? "";
  if (command === "") return null;
  if (isJava) return javaName(command.replaceAll("\u0000", " "));
  const [interpreter = "", ...words] = command.split("\u0000");
  const script = scriptOf(words);
  // Node names its main thread, not itself.
  if (script === "") return comm === "MainThread" ? basename(interpreter) : comm;
  return scriptName(script);
}

/** Our own programs, by how their paths end. */
const OURS: readonly [end: RegExp, name: string][] = [
  [/(?:^|\/)collector\/command\/main\.ts$/, "tocsin"],
  [/(?:^|\/)(?:agent\/main\.ts|dist\/agent\.cjs)$/, "tocsin-agent"],
];
/** Files that many programs begin with: they say nothing … */
const ANY_FILE = /^(?:main|index|__main__|server|app|cli|start|run)$/;
/** … nor do folders that every project has; the one that holds them bears its name … */
const ANY_FOLDER = /^(?:src|dist|build|out|lib|bin|app|server|cmd|command|current|release)$/;
/** … unless it is one of the system's. */
const SYSTEM_FOLDER = /^(?:|\.{1,2}|srv|opt|usr|local|share|home|root|var|etc|tmp)$/;

/** A script by its file, or where every project calls it so, by its project's folder. */
function scriptName(path: string): string {
  const ours = OURS.find(([end]) => end.test(path));
  if (ours !== undefined) return ours[1];
  const folders = path.split("/");
  const name = (folders.pop() ?? "").replace(/\.(?:[cm]?js|ts|py|rb|pl|php)$/, "");
  if (!ANY_FILE.test(name)) return name;
  const project = folders.findLast((folder) => !ANY_FOLDER.test(folder)) ?? "";
  return SYSTEM_FOLDER.test(project) ? name : project;
}

/** Options after which no file is run, and those that take the word after them. */
const RUNS_TEXT = /^(?:-[cep]|--eval|--print)$/;
const TAKES_A_WORD = /^(?:-[rIWX]|--require|--import|--loader|--conditions)$/;

/** What an interpreter was told to run: the first word that is no option, or the module of `python -m`; "" = nothing that has a name. */
function scriptOf(words: readonly string[]): string {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word === "-m") return words[index + 1] ?? "";
    if (word === "" || RUNS_TEXT.test(word)) return "";
    if (TAKES_A_WORD.test(word)) index += 1;
    else if (!word.startsWith("-")) return word;
  }
  return "";
}

function javaName(command: string): string {
  for (const [word, product] of JAVA_WORDS) {
    const match = word.exec(command);
    if (match !== null) return product === "" ? (match[1] ?? "java") : product;
  }
  return "java";
}

/** The systemd service of a process, by its control group; "" where it is in none. */
export function unitOf(files: HostFiles, pid: string): string {
  const text = files.read(`/proc/${pid}/cgroup`)?.all() ?? "";
  const found = /\/([^/\n]+\.service)(?:\/|\n|$)/.exec(text);
  return found?.[1] ?? "";
}

/**
 * Which of these sockets belongs to which process, by /proc/<pid>/fd: all of them for root, only our user's otherwise. Ends as
 * soon as each is found.
 */
export function socketOwners(
  files: HostFiles,
  pids: readonly string[],
  inodes: ReadonlySet<string>,
): Map<string, string> {
  const owners = new Map<string, string>();
  for (const pid of pids) {
    if (owners.size >= inodes.size) break;
    for (const descriptor of files.list(`/proc/${pid}/fd/`)) {
      const inode = socketInode(files.link(`/proc/${pid}/fd/${descriptor}`));
      if (inode !== null && inodes.has(inode) && !owners.has(inode)) owners.set(inode, pid);
    }
  }
  return owners;
}

/** `socket:[12345]` → `12345`. */
export function socketInode(link: string | null): string | null {
  return link?.startsWith("socket:[") === true ? link.slice(8, -1) : null;
}
