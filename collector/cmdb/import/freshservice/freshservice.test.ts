import { expect, test } from "vitest";
import { type EmulatedRequest, withEmulator } from "../../../../test/support/foreign-emulator.ts";
import { cmdbFromFreshservice } from "./source.ts";

const relation = (id: number, type: number, primary: number, secondary: number, secondaryType = "asset"): object => ({
  id,
  relationship_type_id: type,
  primary_id: primary,
  primary_type: "asset",
  secondary_id: secondary,
  secondary_type: secondaryType,
});
/** Assets stand in relations by their display ids. */
const ONE = relation(1, 10, 7, 8);
const ANSWERS: Record<string, unknown> = {
  "/api/v2/asset_types": {
    asset_types: [
      { id: 1, name: "Business Service" },
      { id: 2, name: "Linux Server" },
    ],
  },
  "/api/v2/relationship_types": {
    relationship_types: [
      { id: 10, downstream_relation: "Depends On", upstream_relation: "Used By" },
      { id: 11, downstream_relation: "Haunts", upstream_relation: "Haunted By" },
      { id: 12, downstream_relation: "Hosts", upstream_relation: "Hosted On" },
    ],
  },
  "/api/v2/assets": {
    assets: [
      { id: 100, display_id: 7, name: "Shop", asset_type_id: 1, impact: "high", asset_tag: "A-7" },
      {
        id: 101,
        display_id: 8,
        name: "web-01",
        asset_type_id: 2,
        impact: "low",
        type_fields: { hostname_2: "web-01.example.net", cost_2: 5 },
      },
    ],
  },
  "/api/v2/assets/7/relationships": {
    relationships: [ONE, relation(2, 11, 7, 8), relation(3, 10, 7, 5, "department")],
  },
  "/api/v2/assets/8/relationships": { relationships: [ONE, relation(4, 12, 8, 7)] },
};

const withoutTypeFields = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body, (key, value: unknown) => (key === "type_fields" ? undefined : value)));

test("a page with fewer items than asked for is not the last where a link leads on", async () => {
  const answer = ({ path, query }: EmulatedRequest, url: string) => {
    if (path !== "/api/v2/assets") return { body: { asset_types: [], relationship_types: [], relationships: [] } };
    const page = Number(query.get("page"));
    const assets = Array.from({ length: page <= 3 ? 30 : 0 }, (_, index) => ({
      id: page * 100 + index,
      display_id: page * 100 + index,
      name: `host-${page}-${index}`,
    }));
    const link = page < 3 ? { link: `<${url}/api/v2/assets?page=${page + 1}&per_page=100>; rel="next"` } : {};
    return { headers: link as Record<string, string>, body: { assets } };
  };
  const { document } = await withEmulator(answer, (emulator) => cmdbFromFreshservice(emulator.api()));
  expect(document.cis).toHaveLength(90);
});

/** A service that needs 250 hosts; all lists in pages of at most `per_page`, 30 where nobody asks for more. */
function widelyRelated({ path, query }: EmulatedRequest): { body: unknown; headers?: Record<string, string> } {
  const numbers = Array.from({ length: 250 }, (_, index) => index + 1);
  const lists: Record<string, object[]> = {
    "/api/v2/relationship_types": Array.from({ length: 120 }, (_, index) => ({
      id: index + 1,
      downstream_relation: index === 110 ? "Depends On" : `Word ${index}`,
    })),
    "/api/v2/assets": [0, ...numbers].map((id) => ({ id: 1000 + id, display_id: id, name: `asset-${id}` })),
    "/api/v2/assets/0/relationships": numbers.map((id) => relation(id, 111, 0, id)),
  };
  const list = lists[path] ?? [];
  const [size, page] = [Number(query.get("per_page") ?? 30), Number(query.get("page") ?? 1)];
  const items = list.slice((page - 1) * size, page * size);
  return { body: { [path.split("/").at(-1) ?? ""]: items } };
}

test("relationships and their types are read to the last page", async () => {
  const { document, left } = await withEmulator(widelyRelated, (emulator) => cmdbFromFreshservice(emulator.api()));
  expect(document.relations).toHaveLength(250);
  expect(left).toEqual({});
});

test("a list that knows no pages is read once", async () => {
  const answer = (request: EmulatedRequest): { body: unknown } =>
    widelyRelated({ ...request, query: new URLSearchParams({ per_page: "1000" }) });
  const { document } = await withEmulator(answer, async (emulator) => cmdbFromFreshservice(emulator.api()));
  expect(document.cis).toHaveLength(251);
  expect(document.relations).toHaveLength(250);
});

test("assets and relationships, each told at both ends and taken once", async () => {
  const answer = ({ path, query }: EmulatedRequest) => {
    if (ANSWERS[path] === undefined) return undefined;
    // As clients tell of it (FreshservicePS, Get-FreshServiceAsset -IncludeTypeFields; api.freshservice.com/#view_all_assets).
    const isBare = path === "/api/v2/assets" && query.get("include") !== "type_fields";
    return { body: isBare ? withoutTypeFields(ANSWERS[path]) : ANSWERS[path] };
  };
  const { document, left } = await withEmulator(answer, (emulator) => cmdbFromFreshservice(emulator.api()));
  expect(document.cis).toEqual([
    {
      id: "shop",
      type: "businessService",
      name: "Shop",
      aliases: ["A-7", "100"],
      labels: { freshservice_type: "Business Service" },
      criticality: 1,
    },
    {
      id: "web-01",
      type: "host",
      name: "web-01",
      aliases: ["web-01.example.net", "101"],
      labels: { freshservice_type: "Linux Server" },
      criticality: 3,
    },
  ]);
  expect(document.relations).toEqual([
    { from: "shop", type: "dependsOn", to: "web-01" },
    { from: "shop", type: "hostedOn", to: "web-01" },
  ]);
  expect(left).toEqual({ "relationType Haunts": 1, relationToNothing: 1 });
});
