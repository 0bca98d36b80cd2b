import type { Random } from "../random.ts";
import { type World, WorldBuilder } from "../world.ts";

/** A flat small company: a few machines, one switch, one line, hardly anything written down. */
export function smallCompany(size: number, random: Random): World {
  const tools = random.chance(0.5) ? ["zabbix", "snmptrap", "collector"] : ["icinga", "blackbox", "collector"];
  const build = new WorldBuilder("small-company", random, { domain: "firma.lan", tools });
  const gate = build.add("fritz", "router", { criticality: null });
  const net = build.add("sw-keller", "switch", { criticality: null });
  build.world.vantage.push(net);
  build.needs(gate, "connectsTo", net);
  const nas = build.add("nas", "storage", { criticality: null });
  build.needs(nas, "connectsTo", net);
  const people = ["anna", "bert", "carl", "dora", "emil", "frida", "gustav", "hanna", "ines", "jan", "kurt", "lena"];
  const servers: number[] = [];
  for (const name of ["srv-alt", "srv-neu", "proliant", "nuc"].slice(
    0,
    Math.max(1, Math.min(4, Math.round(size / 6))),
  )) {
    const box = build.add(name, random.chance(0.3) ? "hypervisor" : "host", {
      criticality: random.chance(0.5) ? 2 : null,
    });
    build.needs(box, "connectsTo", net);
    servers.push(box);
  }
  const jobs: [string, string][] = [
    ["datev", "application"],
    ["mail", "application"],
    ["wiki", "application"],
    ["firebird", "database"],
    ["warenwirtschaft", "application"],
    ["webshop", "application"],
    ["mariadb", "database"],
    ["backup", "application"],
  ];
  const programs: number[] = [];
  for (const [name, type] of jobs.slice(0, Math.max(2, Math.min(8, Math.round(size / 4))))) {
    const made = build.add(name, type, { criticality: random.chance(0.4) ? random.int(1, 3) : null });
    build.needs(made, "runsOn", random.pick(servers));
    if (random.chance(0.4)) build.needs(made, "storesOn", nas);
    const dbs = programs.filter((one) => build.world.cis[one]?.type === "database");
    if (type === "application" && dbs.length > 0) build.needs(made, "dependsOn", random.pick(dbs));
    programs.push(made);
  }
  if (size > 12)
    build.needs(build.add("Verkauf", "businessService", { criticality: 1 }), "dependsOn", random.pick(programs));
  for (let number = 0; build.world.cis.length < size; number += 1) {
    const id = `${people[number % people.length] ?? "pc"}-pc${number >= people.length ? Math.floor(number / people.length) : ""}`;
    build.needs(build.add(id, random.chance(0.2) ? "printer" : "host", { criticality: 4 }), "connectsTo", net);
  }
  return build.world;
}
