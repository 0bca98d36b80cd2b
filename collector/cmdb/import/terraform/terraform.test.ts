import { expect, test } from "vitest";
import { ForeignFault } from "../foreign-api.ts";
import { cmdbFromTerraform, typeOfResource } from "./source.ts";

const resource = (address: string, values: object, more: object = {}): object => ({
  address,
  mode: "managed",
  type: address.split(".").at(-2),
  name: address.split(".").at(-1),
  values,
  ...more,
});
const TG = "arn:aws:elasticloadbalancing:eu:1:targetgroup/web/1";

const STATE = {
  format_version: "1.0",
  terraform_version: "1.9.0",
  values: {
    root_module: {
      resources: [
        resource("aws_subnet.a", { id: "subnet-1", tags: { Name: "subnet-a" } }),
        resource(
          "aws_instance.web",
          { id: "i-1", subnet_id: "subnet-1", private_ip: "10.0.0.5", tags: { Name: "web-01", team: "web" } },
          { depends_on: ["aws_db_instance.main"] },
        ),
        resource(
          "aws_db_instance.main",
          { id: "db-1", identifier: "main", password: "hunter2", endpoint: "main.x.rds.amazonaws.com:5432" },
          { sensitive_values: { password: true } },
        ),
        resource("aws_lb_target_group.web", { id: TG, arn: TG, name: "web" }),
        resource("aws_lb_target_group_attachment.web", { id: "x", target_group_arn: TG, target_id: "i-1" }),
        resource("aws_iam_role.r", { id: "role" }),
        { address: "data.aws_ami.x", mode: "data", type: "aws_ami", name: "x", values: { id: "ami" } },
      ],
      child_modules: [
        {
          address: "module.front",
          resources: [
            resource("module.front.aws_lb.front", {
              id: "lb-1",
              name: "front",
              default_action: [{ target_group_arn: TG }],
              subnets: ["subnet-1"],
            }),
          ],
        },
      ],
    },
  },
};

test("resources that are CIs, references as strong edges, the order of building as a hint", () => {
  const { document, left } = cmdbFromTerraform(STATE);
  expect(document.cis.map(({ id, type }) => `${String(id)} ${String(type)}`)).toEqual([
    "front loadBalancer",
    "main database",
    "subnet-a network",
    "web cluster",
    "web-01 vm",
  ]);
  expect(document.cis[4]).toMatchObject({ aliases: ["i-1", "10.0.0.5", "aws_instance.web"], owner: "web" });
  expect(document.relations).toEqual([
    { from: "front", type: "dependsOn", to: "subnet-a", confidence: 0.8 },
    { from: "front", type: "dependsOn", to: "web", confidence: 0.8 },
    { from: "web", type: "hasMember", to: "web-01", confidence: 0.8 },
    { from: "web-01", type: "dependsOn", to: "main", confidence: 0.3 },
    { from: "web-01", type: "dependsOn", to: "subnet-a", confidence: 0.8 },
  ]);
  expect(left).toEqual({ notACi: 2 });
  expect(JSON.stringify(document)).not.toContain("hunter2");
});

test("anything else is refused", () => {
  expect(() => cmdbFromTerraform({ version: 4, resources: [] })).toThrow(ForeignFault);
});

test.for([
  ["aws_instance", "vm"],
  ["aws_db_instance", "database"],
  ["azurerm_linux_virtual_machine", "vm"],
  ["google_compute_instance", "vm"],
  ["google_sql_database_instance", "database"],
  ["aws_security_group_rule", undefined],
] as const)("%s is %s", ([name, type]) => {
  expect(typeOfResource(name)).toBe(type);
});
