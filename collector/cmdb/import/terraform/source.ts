import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { ForeignFault } from "../foreign-api.ts";
import { at, listOf, textAt } from "../foreign-value.ts";

interface Resource {
  address: string;
  type: string;
  values: unknown;
  dependsOn: readonly string[];
}

/** Resource types that are CIs, by the end of their name; everything else (rules, policies, keys) is configuration. */
const TYPES: readonly (readonly [end: RegExp, type: string])[] = [
  [
    /_(?:instance|virtual_machine|linux_virtual_machine|windows_virtual_machine|droplet|server|compute_instance)$/,
    "vm",
  ],
  [
    /_(?:db_instance|rds_cluster|sql_database_instance|sql_database|mssql_database|postgresql_flexible_server|dynamodb_table|docdb_cluster|redshift_cluster|database_cluster)$/,
    "database",
  ],
  [/_(?:elasticache_cluster|elasticache_replication_group|redis_cache|redis_instance)$/, "cache"],
  [/_(?:sqs_queue|sns_topic|mq_broker|msk_cluster|servicebus_queue|pubsub_topic|kinesis_stream)$/, "queue"],
  [/_(?:lb|alb|elb|application_gateway|compute_forwarding_rule|loadbalancer)$/, "loadBalancer"],
  [/_(?:lb_target_group|alb_target_group|autoscaling_group|compute_instance_group)$/, "cluster"],
  [/_(?:eks_cluster|kubernetes_cluster|container_cluster|ecs_cluster)$/, "cluster"],
  [/_(?:ebs_volume|efs_file_system|s3_bucket|storage_bucket|managed_disk|storage_account|compute_disk)$/, "storage"],
  [/_(?:vpc|virtual_network|compute_network|subnet|subnetwork)$/, "network"],
  [/_(?:lambda_function|ecs_service|cloud_run_service|function_app|cloudfunctions_function)$/, "application"],
];

/** The more telling of two that both match comes first in the table: `aws_db_instance` is a database. */
export function typeOfResource(type: string): string | undefined {
  const database = TYPES[1];
  if (database?.[0].test(type) === true) return database[1];
  return TYPES.find(([end]) => end.test(type))?.[1];
}

function* resourcesOf(module: unknown): Generator<Resource> {
  for (const resource of listOf(at(module, "resources"))) {
    if (textAt(resource, "mode") !== "managed") continue;
    yield {
      address: textAt(resource, "address") ?? "",
      type: textAt(resource, "type") ?? "",
      values: withoutSecrets(at(resource, "values"), at(resource, "sensitive_values")),
      dependsOn: listOf(at(resource, "depends_on")).flatMap((one) => (typeof one === "string" ? [one] : [])),
    };
  }
  for (const child of listOf(at(module, "child_modules"))) yield* resourcesOf(child);
}

/** Top-level values that Terraform marks as sensitive are not looked at. */
function withoutSecrets(values: unknown, sensitive: unknown): unknown {
  if (typeof values !== "object" || values === null) return {};
  return Object.fromEntries(Object.entries(values).filter(([name]) => at(sensitive, name) !== true));
}

/** Strings of a value, at any depth that Terraform's schemas have. */
function* textsOf(value: unknown, depth = 0): Generator<string> {
  if (typeof value === "string") yield value;
  else if (depth < 6 && Array.isArray(value)) for (const item of value) yield* textsOf(item, depth + 1);
  else if (depth < 6 && typeof value === "object" && value !== null)
    for (const item of Object.values(value)) yield* textsOf(item, depth + 1);
}

/** Attributes that tie two others together, where the resource itself is none of them. */
const TIES: Readonly<Record<string, { from: string; type: string; to: string }>> = {
  aws_lb_target_group_attachment: { from: "target_group_arn", type: "hasMember", to: "target_id" },
  aws_alb_target_group_attachment: { from: "target_group_arn", type: "hasMember", to: "target_id" },
  aws_volume_attachment: { from: "instance_id", type: "storesOn", to: "volume_id" },
  azurerm_virtual_machine_data_disk_attachment: { from: "virtual_machine_id", type: "storesOn", to: "managed_disk_id" },
};

/** Attributes that only say where something stands; being reachable depends on it, so it counts as a dependence. */
const REFERENCE = /(?:_id|_ids|_arn|_arns|^target_id|^load_balancer|^cluster|^vpc_zone_identifier|_name)$/;

/** Strong where an attribute names the other; `depends_on` is the order of building, and only a hint. */
const REFERENCE_CONFIDENCE = 0.8;
const BUILD_ORDER_CONFIDENCE = 0.3;

/** The state that `terraform show -json` prints. Throws `ForeignFault` for anything else. */
export function cmdbFromTerraform(state: unknown): ForeignCmdb {
  if (textAt(state, "format_version") === undefined || at(state, "values", "root_module") === undefined)
    throw new ForeignFault(
      "this is not what `terraform show -json` prints: format_version and values.root_module are expected",
    );
  const draft = new CmdbDraft();
  const resources = [...resourcesOf(at(state, "values", "root_module"))];
  const byId = new Map<string, string>();
  for (const resource of resources) {
    const type = typeOfResource(resource.type);
    if (type === undefined) {
      draft.leave("notACi");
      continue;
    }
    const { values, address } = resource;
    for (const id of [textAt(values, "id"), textAt(values, "arn"), textAt(values, "self_link")])
      if (id !== undefined) byId.set(id, address);
    const name =
      textAt(values, "tags", "Name") ??
      textAt(values, "name") ??
      textAt(values, "identifier") ??
      textAt(values, "bucket") ??
      textAt(values, "id") ??
      address;
    draft.add({
      key: address,
      type,
      name,
      aliases: [
        textAt(values, "id"),
        textAt(values, "private_ip"),
        textAt(values, "private_dns"),
        textAt(values, "dns_name"),
        textAt(values, "endpoint"),
      ],
      labels: { terraform_type: resource.type },
      owner: textAt(values, "tags", "owner") ?? textAt(values, "tags", "team"),
    });
  }
  for (const resource of resources) relate(draft, resource, byId);
  return draft.finish();
}

function relate(
  draft: CmdbDraft,
  { address, type, values, dependsOn }: Resource,
  byId: ReadonlyMap<string, string>,
): void {
  const tie = Object.hasOwn(TIES, type) ? TIES[type] : undefined;
  if (tie !== undefined) {
    const [from, to] = [byId.get(textAt(values, tie.from) ?? ""), byId.get(textAt(values, tie.to) ?? "")];
    if (from !== undefined && to !== undefined) draft.relate(from, tie.type, to, REFERENCE_CONFIDENCE);
    else draft.leave("relationToNothing");
    return;
  }
  if (!draft.has(address)) return;
  for (const [name, value] of Object.entries(values as Record<string, unknown>)) {
    const isReference = REFERENCE.test(name) || typeof value === "object";
    for (const text of isReference ? textsOf(value) : []) {
      const other = byId.get(text);
      if (other !== undefined && other !== address) draft.relate(address, "dependsOn", other, REFERENCE_CONFIDENCE);
    }
  }
  for (const other of dependsOn)
    if (draft.has(other) && other !== address) draft.relate(address, "dependsOn", other, BUILD_ORDER_CONFIDENCE);
}
