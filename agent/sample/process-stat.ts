/** What the line of /proc/<pid>/stat tells; see proc_pid_stat(5). */
export interface ProcessStat {
  name: string;
  /** The kernel's letter. */
  state: string;
  userTicks: number;
  systemTicks: number;
  /** While it waited for a disk; 0 where the kernel does not count it. */
  waitTicks: number;
  /** Since boot; with the number it says which process this is. */
  startTicks: number;
  virtualBytes: number;
  residentPages: number;
}

/** How the kernel counts the time of processes for everybody outside (USER_HZ). */
export const TICKS_PER_SECOND = 100;

/** Fields by their place behind the name. */
const STATE = 0;
const USER = 11;
const SYSTEM = 12;
const START = 19;
const VIRTUAL = 20;
const RESIDENT = 21;
const WAIT = 39;

/** null for what is no such line. Cuts out what it needs and nothing else: some hundred lines a minute are read. */
export function parseProcessStat(line: string): ProcessStat | null {
  // The name stands in brackets and may hold anything, brackets too: the last one ends it.
  const nameEnd = line.lastIndexOf(")");
  const nameStart = line.indexOf("(");
  if (nameStart < 0 || nameEnd < nameStart) return null;
  let at = nameEnd + 2;
  let field = STATE;
  const next = (wanted: number): string => {
    for (; field < wanted; field++) {
      const space = line.indexOf(" ", at);
      if (space < 0) return "";
      at = space + 1;
    }
    const end = line.indexOf(" ", at);
    return line.slice(at, end < 0 ? line.length : end);
  };
  // In the order of the line; a field that is not there counts as nothing.
  const number = (wanted: number): number => Number(next(wanted)) || 0;
  const state = next(STATE);
  return {
    name: line.slice(nameStart + 1, nameEnd),
    state,
    userTicks: number(USER),
    systemTicks: number(SYSTEM),
    startTicks: number(START),
    virtualBytes: number(VIRTUAL),
    residentPages: number(RESIDENT),
    waitTicks: number(WAIT),
  };
}
