import type { Random } from "../random.ts";
import { type World, WorldBuilder } from "../world.ts";

/** A factory: a ring of switches through the halls, controllers and panels on it, control rooms with paired servers. */
export function plant(size: number, random: Random): World {
  const tools = random.chance(0.5)
    ? ["zabbix", "syslog", "dbtool", "blackbox", "collector"]
    : ["icinga", "snmptrap", "prometheus", "blackbox", "collector"];
  const build = new WorldBuilder("plant", random, { domain: "werk3.example.de", tools });
  const site = build.add("Werk 3", "site", { criticality: 1 });
  const halls = Math.max(3, Math.round(size / 40));
  const ring = build.series(halls, (n) => `ring-${n}`, "switch", { criticality: 1 });
  ring.forEach((one, index) => {
    const next = ring[(index + 1) % ring.length] ?? one;
    build.needs(one, "connectsTo", next);
    build.needs(next, "connectsTo", one);
    build.needs(one, "containedIn", site);
  });
  build.world.vantage.push(ring[0] ?? 0);
  const rooms = build.series(2, (n) => `leitstand-${n}`, "hypervisor", { criticality: 1 });
  rooms.forEach((room, index) => build.needs(room, "connectsTo", [ring[index] ?? 0, ring[index + 1] ?? 0]));
  const program = (id: string, type: string, criticality: number): number => {
    const vm = build.add(`${id}-m`, "vm", { criticality });
    build.needs(vm, "runsOn", random.pick(rooms));
    const made = build.add(id, type, { criticality });
    build.needs(made, "runsOn", vm);
    return made;
  };
  const historian = program("historian", "database", 1);
  const mes = build.pool("mes", "service", [program("mes-a", "application", 1), program("mes-b", "application", 1)], {
    criticality: 1,
  });
  const pair = build.world.relations.filter(({ from, type }) => from === mes && type === "hasMember");
  for (const { to } of pair) build.needs(to, "dependsOn", historian);
  const time = program("uhr-ntp", "application", 2);
  const lines: number[] = [];
  for (let line = 1; build.world.cis.length < size && line < 100; line += 1) {
    const at = ring[line % ring.length] ?? 0;
    const field = build.add(`feld-${line}`, "switch", { criticality: 2 });
    build.needs(field, "connectsTo", at);
    const controllers = build.series(random.int(2, 8), (n) => `sps-${line}-${n}`, "host", { criticality: 2 });
    const panels = build.series(random.int(1, 4), (n) => `panel-${line}-${n}`, "terminal", { criticality: 3 });
    for (const one of [...controllers, ...panels]) build.needs(one, "connectsTo", field);
    for (const one of controllers) build.needs(one, "uses", time);
    const scada = program(`scada-${line}`, "application", 2);
    build.needs(scada, "dependsOn", controllers.slice(0, 3));
    build.needs(scada, "uses", historian);
    for (const panel of panels) build.needs(panel, "dependsOn", scada);
    lines.push(scada);
    if (line % 3 === 0) {
      const business = build.add(`Linie ${line - 2}–${line}`, "businessService", { criticality: random.int(1, 2) });
      build.needs(business, "dependsOn", [...lines.slice(-3), mes]);
    }
  }
  return build.world;
}
