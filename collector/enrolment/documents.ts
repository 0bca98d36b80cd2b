import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentConfigurationDocument, AgentDocumentKind } from "../../protocol/agent-document.ts";
import { globMatches } from "../../rules/detect/glob.ts";
import type { UnixMillis } from "../core/model/time.ts";
import type { AgentDocuments, SignedDocument } from "../port/enrolment.ts";
import type { SigningKey } from "./signing-key.ts";

/** Remote configuration for the agents of some CIs. */
export interface AgentConfigurationEntry {
  /** Glob over the CI's name. */
  ci: string;
  /** In the form of the agent's file. */
  text: string;
}

export interface DocumentSources {
  /** Rules as JSON text of a list. */
  rules: () => string;
  /** The first whose `ci` matches is for it. */
  configurations: () => readonly AgentConfigurationEntry[];
}

interface Versions {
  rules: Version;
  configuration: Version;
}

interface Version {
  hash: string;
  version: number;
}

const FILE = "agent-documents.json";
const NONE: Version = { hash: "", version: 0 };

/**
 * The documents that agents fetch, with versions that only grow, also across restarts: an agent that knows a version takes no older
 * one, so that nobody can play it an old document. Each content is signed once.
 */
export class SignedDocuments implements AgentDocuments {
  readonly key: AgentDocuments["key"];
  private readonly options: { dataDir: string; signing: SigningKey; now: () => UnixMillis; sources: DocumentSources };
  private readonly versions: Versions;
  private rulesFrom = "";
  private rulesDocument: SignedDocument | undefined;
  private configurationsFrom: readonly AgentConfigurationEntry[] = [];
  private configurationVersion = 0;

  constructor(options: SignedDocuments["options"]) {
    this.options = options;
    const { publicKey, fingerprint, succession } = options.signing;
    this.key = { pem: publicKey, fingerprint, succession };
    this.versions = readVersions(options.dataDir);
  }

  rules(): SignedDocument {
    const from = this.options.sources.rules();
    if (this.rulesDocument === undefined || from !== this.rulesFrom) {
      this.rulesFrom = from;
      const version = this.versionOf("rules", from);
      this.rulesDocument = this.signed("rules", `{"version":${version},"rules":${from}}`, `r${version}-${this.keyTag}`);
    }
    return this.rulesDocument;
  }

  configuration(ci: string): { etag: string; sign: () => SignedDocument } {
    const entries = this.options.sources.configurations();
    if (entries !== this.configurationsFrom || this.configurationVersion === 0) {
      this.configurationsFrom = entries;
      this.configurationVersion = this.versionOf("configuration", JSON.stringify(entries));
    }
    const version = this.configurationVersion;
    const etag = `"c${version}-${this.keyTag}-${createHash("sha256").update(ci).digest("hex").slice(0, 12)}"`;
    const sign = (): SignedDocument => {
      const configuration = entries.find((entry) => globMatches(entry.ci, ci))?.text ?? "";
      const body = JSON.stringify({ version, ci, configuration } satisfies AgentConfigurationDocument);
      return { ...this.signed("configuration", body, ""), etag };
    };
    return { etag, sign };
  }

  /** A document that another key signed is another one: agents must get it once more to learn of the key. */
  private get keyTag(): string {
    return this.key.fingerprint.slice(0, 8);
  }

  private signed(kind: AgentDocumentKind, body: string, tag: string): SignedDocument {
    return { body, etag: `"${tag}"`, signature: this.options.signing.sign(kind, body) };
  }

  /** The one that this content has, or a new one: the time, but always more than the one before. */
  private versionOf(kind: AgentDocumentKind, content: string): number {
    const hash = createHash("sha256").update(content).digest("hex");
    const known = this.versions[kind];
    if (known.hash === hash) return known.version;
    const version = Math.max(known.version + 1, this.options.now());
    this.versions[kind] = { hash, version };
    const path = join(this.options.dataDir, FILE);
    writeFileSync(`${path}.new`, JSON.stringify(this.versions), { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
    return version;
  }
}

/** A file that is missing or damaged means versions from the clock, which are newer than any before as long as it goes right. */
function readVersions(dataDir: string): Versions {
  try {
    const { rules, configuration } = JSON.parse(readFileSync(join(dataDir, FILE), "utf8")) as Versions;
    return isVersion(rules) && isVersion(configuration)
      ? { rules, configuration }
      : { rules: NONE, configuration: NONE };
  } catch {
    return { rules: NONE, configuration: NONE };
  }
}

function isVersion(value: unknown): value is Version {
  const { hash, version } = (value ?? {}) as Partial<Version>;
  return typeof hash === "string" && Number.isSafeInteger(version);
}
