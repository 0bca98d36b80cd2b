import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { debianArchive, type PackageEntry } from "./debian-archive.ts";

/**
 * Makes the agent's Debian package from `dist/agent.cjs` (npm run build:agent). By default it brings the Node that npm installed
 * beside this project, because Debian's is older than ours; `--system-node` depends on the system's instead. No Debian tools are
 * needed, and the same sources give the same bytes.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { values: flags } = parseArgs({
  options: { "system-node": { type: "boolean", default: false }, version: { type: "string" }, out: { type: "string" } },
});
const { version: packageVersion } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const version = flags.version ?? packageVersion;
const bringsNode = !flags["system-node"];
const architecture = bringsNode ? ({ x64: "amd64", arm64: "arm64" } as Record<string, string>)[process.arch] : "all";
const nodeFolder = join(root, `node_modules/node-linux-${process.arch}`);

const read = (path: string): Buffer => readFileSync(join(root, path));
const text = (content: string): Buffer => Buffer.from(content);

function fail(message: string): never {
  process.stderr.write(`build-deb: ${message}\n`);
  process.exit(1);
}
if (architecture === undefined) fail(`there is no package for ${process.arch}`);
if (!existsSync(join(root, "dist/agent.cjs"))) fail("there is no dist/agent.cjs; run npm run build:agent");
if (bringsNode && !existsSync(join(nodeFolder, "bin/node"))) fail("npm installed no Node here; use --system-node");

const library = "/usr/lib/tocsin-agent";
const node = bringsNode ? `${library}/node` : "/usr/bin/node";
const unit = read("deploy/systemd/tocsin-agent.service").toString().replace("/usr/bin/node", node);
const data: PackageEntry[] = [
  { path: `${library}/agent.cjs`, mode: 0o644, content: read("dist/agent.cjs") },
  { path: "/usr/lib/systemd/system/tocsin-agent.service", mode: 0o644, content: text(unit) },
  { path: "/usr/lib/sysusers.d/tocsin-agent.conf", mode: 0o644, content: text('u tocsin-agent - "Tocsin agent"\n') },
  { path: "/etc/tocsin/agent.yaml", mode: 0o644, content: read("deploy/package/agent.yaml") },
  {
    path: "/usr/bin/tocsin-agent",
    mode: 0o755,
    content: text(`#!/bin/sh\nexec ${node} ${library}/agent.cjs "$@"\n`),
  },
  { path: "/usr/share/doc/tocsin-agent/agent.md", mode: 0o644, content: read("docs/guide/agent.md") },
  { path: "/usr/share/doc/tocsin-agent/copyright", mode: 0o644, content: copyright() },
];
if (bringsNode) data.push({ path: node, mode: 0o755, content: readFileSync(join(nodeFolder, "bin/node")) });

function copyright(): Buffer {
  const ours = existsSync(join(root, "LICENSE")) ? read("LICENSE").toString() : "Apache-2.0\n";
  const nodes = join(nodeFolder, "LICENSE");
  return text(
    `Tocsin\n======\n${ours}${bringsNode && existsSync(nodes) ? `\nNode.js\n=======\n${readFileSync(nodes, "utf8")}` : ""}`,
  );
}

const installedKib = Math.ceil(data.reduce((sum, entry) => sum + (entry.content?.length ?? 0), 0) / 1024);
const control = `Package: tocsin-agent
Version: ${version}
Architecture: ${architecture}
Maintainer: The Tocsin maintainers <maintainers@tocsin.example>
Installed-Size: ${installedKib}
${bringsNode ? "Depends: libc6 (>= 2.28), libstdc++6" : "Depends: nodejs (>= 24)"}
Section: admin
Priority: optional
Description: Tocsin's agent: samples this host and sends to a collector
 Host metrics by OpenTelemetry's and node_exporter's names, rules evaluated at
 the edge, watched processes, units, ports, logs and certificates, changes of
 the host. Unprivileged; keeps what it cannot send on disk.
`;

/** Under DPKG_ROOT, and where systemd does not run, there is nothing to start or stop. */
const WITH_SYSTEMD = 'if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then';
const scripts: Readonly<Record<string, string>> = {
  // As other packages do it: what is enabled runs after an upgrade, and when the package comes back after a removal.
  postinst: `if command -v systemd-sysusers >/dev/null; then
  systemd-sysusers \${DPKG_ROOT:+--root="$DPKG_ROOT"} tocsin-agent.conf
fi
${WITH_SYSTEMD}
  systemctl daemon-reload
  if [ "$1" = configure ] && [ -z "\${2:-}" ]; then systemctl enable --now tocsin-agent.service
  elif systemctl --quiet is-enabled tocsin-agent.service; then systemctl restart tocsin-agent.service
  else systemctl try-restart tocsin-agent.service; fi
fi`,
  // Not disabled: whether it was is kept for when it comes back.
  prerm: `if [ "$1" = remove ]; then
  ${WITH_SYSTEMD}
    systemctl stop tocsin-agent.service
  fi
fi`,
  // The user stays, locked, so that nobody else gets its number and with it files that an administrator gave it.
  postrm: `${WITH_SYSTEMD}
  systemctl daemon-reload
fi
if [ "$1" = purge ]; then
  rm -rf "\${DPKG_ROOT:-}/var/lib/tocsin-agent" "\${DPKG_ROOT:-}/var/lib/private/tocsin-agent"
  rm -f "\${DPKG_ROOT:-}/etc/tocsin/agent.env" "\${DPKG_ROOT:-}/etc/systemd/system/multi-user.target.wants/tocsin-agent.service"
  rmdir --ignore-fail-on-non-empty "\${DPKG_ROOT:-}/etc/tocsin" 2>/dev/null || true
fi`,
};

const sums = data.map(
  (entry) =>
    `${createHash("md5")
      .update(entry.content ?? "")
      .digest("hex")}  ${entry.path.slice(1)}\n`,
);
const archive = debianArchive(
  [
    { path: "/control", mode: 0o644, content: text(control) },
    { path: "/conffiles", mode: 0o644, content: text("/etc/tocsin/agent.yaml\n") },
    { path: "/md5sums", mode: 0o644, content: text(sums.join("")) },
    ...Object.entries(scripts).map(([name, body]) => ({
      path: `/${name}`,
      mode: 0o755,
      content: text(`#!/bin/sh\nset -e\n${body}\n`),
    })),
  ],
  data,
);
const out = flags.out ?? join(root, `dist/tocsin-agent_${version}_${architecture}.deb`);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, archive);
process.stdout.write(`${relative(process.cwd(), out)} ${(archive.length / 1024 / 1024).toFixed(1)} MiB\n`);
