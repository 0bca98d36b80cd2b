import { expect, test } from "vitest";
import { type EmulatedRequest, withEmulator } from "../../../../test/support/foreign-emulator.ts";
import { bmcToken, cmdbFromBmc } from "./source.ts";

const ci = (id: string, attributes: object): object => ({ instance_id: id, attributes });
const link = (source: string, destination: string): object => ({
  instance_id: `${source}-${destination}`,
  attributes: { "Source.InstanceId": source, "Destination.InstanceId": destination },
});
const CLASSES: Record<string, object[]> = {
  BMC_ComputerSystem: [
    ci("c1", { Name: "web-01", HostName: "web-01.example.net", isVirtual: "Yes" }),
    ci("c2", { Name: "sw-1", PrimaryCapability: "Switch" }),
    ci("c3", { Name: "old", MarkAsDeleted: "Yes" }),
  ],
  BMC_BusinessService: [ci("s1", { Name: "Shop", OwnerName: "ann" })],
  BMC_Database: [ci("d1", { Name: "main" })],
  BMC_Cluster: [ci("k1", { Name: "farm" })],
  BMC_Dependency: [link("d1", "s1")],
  BMC_HostedSystemComponents: [link("c1", "d1")],
  BMC_MemberOfCollection: [link("k1", "c1")],
};

function helix({ path, headers, body, query }: EmulatedRequest): { status?: number; body: unknown } | undefined {
  if (path === "/api/jwt/login")
    return body === "username=u&password=p" ? { body: "the.token" } : { status: 401, body: "no" };
  if (headers.authorization !== "AR-JWT the.token") return { status: 401, body: [] };
  const name = /^\/api\/cmdb\/v1\.0\/instances\/BMC\.ASSET\/BMC\.CORE\/(\w+)$/.exec(path)?.[1];
  return name === undefined
    ? undefined
    : { body: { instances: Number(query.get("offset")) > 0 ? [] : (CLASSES[name] ?? []) } };
}

test("instances, and relations by their direction", async () => {
  const { document, left } = await withEmulator(helix, async (emulator) => {
    const token = await bmcToken(emulator.url, "u", "p");
    return cmdbFromBmc(emulator.api({ authorization: `AR-JWT ${token}` }), "BMC.ASSET");
  });
  expect(document.cis.map(({ id, type }) => `${String(id)} ${String(type)}`)).toEqual([
    "farm cluster",
    "main database",
    "shop businessService",
    "sw-1 switch",
    "web-01 vm",
  ]);
  expect(document.relations).toEqual([
    { from: "farm", type: "hasMember", to: "web-01" },
    { from: "main", type: "hostedOn", to: "web-01" },
    { from: "shop", type: "dependsOn", to: "main" },
  ]);
  expect(left).toEqual({ retired: 1 });
});

test("a refused login is told", async () => {
  await withEmulator(helix, async (emulator) => {
    await expect(bmcToken(emulator.url, "u", "wrong")).rejects.toThrow("the login answered 401");
  });
});
