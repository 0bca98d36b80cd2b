import { accessSync, constants } from "node:fs";
import { connect } from "node:net";
import { findContainers } from "../../discover/containers.ts";
import type { HostFiles } from "../../sample/host-files.ts";
import { AnswerReader, type Reading } from "../../send/answer-reader.ts";
import type { Facts, FactSource } from "./facts.ts";

/** Docker's and Podman's, which answers as Docker does. Only root and members of their group may ask. */
const SOCKETS = ["/run/docker.sock", "/run/podman/podman.sock"] as const;
const REQUEST = "GET /containers/json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const TIMEOUT_MS = 5000;
const CONTAINERS_MAX = 1000;

/**
 * The image of each container that runs, by the container's name. Which image it is only the runtime tells, and it is asked when the
 * containers are others than before; where it may not be asked, there is nothing of the kind.
 */
export function imageFacts(files: HostFiles, sockets: readonly string[] = SOCKETS): FactSource {
  const usable = (): string[] => sockets.filter(mayUse);
  return {
    name: "images",
    check: "container_image_changed",
    noun: "container image",
    settles: true,
    fingerprint: () => {
      const asked = usable();
      if (asked.length === 0) return null;
      const running = findContainers(files, CONTAINERS_MAX).map(({ id }) => id);
      return [...asked, ...running.sort()].join();
    },
    read: async () => Object.assign({}, ...(await Promise.all(usable().map(imagesOf)))) as Facts,
  };
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function imagesOf(path: string): Promise<Facts> {
  const list: unknown = JSON.parse((await ask(path)).toString("utf8"));
  if (!Array.isArray(list)) throw new Error(`${path} answers no list of containers`);
  return Object.fromEntries(
    list.slice(0, CONTAINERS_MAX).flatMap((container: unknown): [string, string][] => {
      const { Names: names, Image: image, ImageID: id } = (container ?? {}) as Record<string, unknown>;
      const [name] = Array.isArray(names) ? names : [];
      if (typeof name !== "string" || typeof image !== "string" || typeof id !== "string") return [];
      return [[name.replace(/^\//, ""), `${image} (${id.replace(/^sha256:/, "").slice(0, 12)})`]];
    }),
  );
}

function ask(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const reader = new AnswerReader();
    const go = (reading: Reading): void => {
      if (reading === "more") return;
      socket.destroy();
      if (reading !== "whole") reject(new Error(`${path}: ${reading.fault}`));
      else if (reader.status === 200) resolve(reader.body);
      else reject(new Error(`${path}: HTTP ${reader.status}`));
    };
    socket.setTimeout(TIMEOUT_MS, () => go({ fault: "no answer" }));
    socket.on("error", (error) => go({ fault: error.message }));
    socket.on("data", (bytes: Buffer) => go(reader.take(bytes)));
    socket.on("end", () => go(reader.end()));
    socket.write(REQUEST);
  });
}
