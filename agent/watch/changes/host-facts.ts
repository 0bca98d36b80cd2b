import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EPHEMERAL_FROM, type Sockets } from "../../discover/socket-table.ts";
import type { HostFiles } from "../../sample/host-files.ts";
import type { Facts, FactSource } from "./facts.ts";
import { expand, writtenAt } from "./file-facts.ts";
import { fileFingerprint } from "./packages.ts";

/** The boot and the kernel: a change is a restart of the host. */
export function bootFacts(files: HostFiles): FactSource {
  const read = (): Facts => ({
    boot: files.line("/proc/sys/kernel/random/boot_id") ?? "",
    kernel: files.line("/proc/sys/kernel/osrelease") ?? "",
  });
  return {
    name: "boot",
    check: "host_restarted",
    noun: "boot",
    settles: false,
    // What cannot be read now has not changed.
    fingerprint: () => (files.line("/proc/sys/kernel/random/boot_id") ? JSON.stringify(read()) : null),
    read,
    summarize: (changes) => {
      const kernel = changes.find((change) => change.name === "kernel");
      return kernel === undefined ? "host restarted" : `host restarted, kernel ${kernel.before} → ${kernel.after}`;
    },
  };
}

/** Accounts that can log in or own things: name → id, group, shell. And that sudo's rules were written. */
export function userFacts(): FactSource {
  const sudoers = (): string[] => ["/etc/sudoers", ...expand("/etc/sudoers.d/*")];
  return {
    name: "users",
    check: "user_changed",
    noun: "account",
    settles: true,
    fingerprint: () => ["/etc/passwd", "/etc/group", ...sudoers()].map(fileFingerprint).join(),
    read: () => {
      const facts: Record<string, string> = {};
      for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
        const [name = "", , uid = "", gid = "", , , shell = ""] = line.split(":");
        if (name !== "") facts[`user ${name}`] = `${uid}:${gid} ${shell}`;
      }
      for (const line of readFileSync("/etc/group", "utf8").split("\n")) {
        const [name = "", , , members = ""] = line.split(":");
        if (name !== "") facts[`group ${name}`] = members;
      }
      // Not readable without privileges, and no concern of ours: that they were written is.
      for (const path of sudoers()) facts[`sudo rules ${path}`] = writtenAt(path);
      return facts;
    },
  };
}

/** TCP ports with a listener, by address. */
export function portFacts(sockets: Sockets): FactSource {
  const read = (): Facts => {
    const facts: Record<string, string> = {};
    for (const { state, localPort, localHex } of sockets())
      if (state === "listening" && localPort < EPHEMERAL_FROM) facts[`port ${localPort}`] = reach(localHex);
    return facts;
  };
  return {
    name: "ports",
    check: "listening_port_changed",
    noun: "listening port",
    settles: true,
    // The agent itself has a connection: no socket at all is a table that cannot be read.
    fingerprint: () => (sockets().length === 0 ? null : JSON.stringify(read())),
    read,
  };
}

/**
 * UDP ports that somebody listens on, by address. A name server's questions come from ports all over the range, each for a moment: a
 * socket counts when it was there at the look before.
 */
export function udpPortFacts(sockets: Sockets): FactSource {
  let before: ReadonlySet<string> | null = null;
  let facts: Record<string, string> = {};
  return {
    name: "udpPorts",
    check: "listening_port_changed",
    noun: "listening UDP port",
    settles: true,
    fingerprint: () => {
      const all = sockets("udp");
      if (all.length === 0) return null;
      const listening = all.filter(({ state }) => state === "listening");
      const isFirst = before === null;
      facts = {};
      for (const { localPort, localHex, inode } of listening)
        if (before?.has(inode) === true) facts[`port ${localPort}/udp`] = reach(localHex);
      before = new Set(listening.map(({ inode }) => inode));
      return isFirst ? null : JSON.stringify(facts);
    },
    read: () => facts,
  };
}

/** Whether others reach it: the kernel's hexadecimal address, in the host's byte order. */
function reach(address: string): string {
  if (/^0+$/.test(address)) return "all addresses";
  const isLoopback = /^.{6}7F$/.test(address) || address === "00000000000000000000000001000000";
  return isLoopback ? "loopback" : "one address";
}

/** Where systemd keeps what is enabled, and where running services have their control groups. */
const ENABLED = "/etc/systemd/system";
const CGROUPS = ["/sys/fs/cgroup/system.slice/", "/sys/fs/cgroup/systemd/system.slice/"] as const;
/** Made for one run each; their coming and going says nothing. */
const TRANSIENT = /^(run-|user@|user-runtime-dir@|session-|systemd-|getty@|serial-getty@)|@.*-.*-/;

/** Services that run, and units that start at boot. */
export function unitFacts(files: HostFiles): FactSource {
  const read = (): Facts => {
    const facts: Record<string, string> = {};
    for (const folder of CGROUPS)
      for (const name of files.list(folder))
        if (name.endsWith(".service") && !TRANSIENT.test(name)) facts[name] = "running";
    for (const folder of files.list(ENABLED))
      if (folder.endsWith(".wants") || folder.endsWith(".requires"))
        for (const name of files.list(join(ENABLED, folder))) facts[`${name} at boot`] = "enabled";
    return facts;
  };
  return {
    name: "units",
    check: "unit_changed",
    noun: "unit",
    settles: true,
    fingerprint: () => {
      const text = JSON.stringify(read());
      return text === "{}" ? null : text;
    },
    read,
  };
}
