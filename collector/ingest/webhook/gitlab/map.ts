import { pickCi } from "../../ci-label.ts";
import { type EventDraft, eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, labelsFrom, linkTo, textAt } from "../../field.ts";
import { isSecret, isStandardWebhook } from "../signature.ts";
import { notOfKind, type WebhookKind } from "../webhook-kind.ts";

type Change = Pick<EventDraft, "check" | "summary" | "at"> & {
  instance?: string | undefined;
  link: unknown;
  labels?: Record<string, unknown>;
};

function deployment(body: unknown): Change {
  const environment = textAt(at(body, "environment"), 200) ?? "an environment";
  const status = textAt(at(body, "status")) ?? "changed";
  return {
    check: "deployment",
    instance: environment,
    summary: `deployment of ${textAt(at(body, "ref"), 200) ?? ""} ${textAt(at(body, "short_sha"), 40) ?? ""} to ${environment}: ${status}`,
    at: anyTimeAt(at(body, "status_changed_at")),
    link: at(body, "deployable_url"),
    labels: {
      environment,
      tier: at(body, "environment_tier"),
      status,
      ref: at(body, "ref"),
      sha: at(body, "short_sha"),
    },
  };
}

function release(body: unknown): Change | undefined {
  const action = textAt(at(body, "action"));
  if (action === "delete") return undefined;
  const tag = textAt(at(body, "tag"), 200) ?? "";
  return {
    check: "release",
    summary: `release ${tag} ${action ?? ""}d`,
    at: anyTimeAt(at(body, "released_at")),
    link: at(body, "url"),
    labels: { tag },
  };
}

function pipeline(body: unknown): Change | undefined {
  const status = textAt(at(body, "object_attributes", "status")) ?? "";
  const ref = textAt(at(body, "object_attributes", "ref"), 200);
  // Of other branches, and of pipelines that still run, nothing has changed anywhere.
  if (!/^(?:success|failed|canceled)$/.test(status) || ref !== textAt(at(body, "project", "default_branch")))
    return undefined;
  return {
    check: "pipeline",
    summary: `pipeline on ${ref}: ${status}`,
    at: anyTimeAt(at(body, "object_attributes", "finished_at")),
    link: at(body, "object_attributes", "url"),
    labels: { ref, status, sha: at(body, "object_attributes", "sha") },
  };
}

function push(body: unknown): Change | undefined {
  const branch = (textAt(at(body, "ref"), 200) ?? "").replace(/^refs\/heads\//, "");
  if (branch !== textAt(at(body, "project", "default_branch"))) return undefined;
  const count = textAt(at(body, "total_commits_count")) ?? "";
  return {
    check: "push",
    summary: `${count} commits to ${branch}`,
    at: undefined,
    link: at(body, "project", "web_url"),
    labels: { ref: branch, sha: at(body, "after") },
  };
}

function featureFlag(body: unknown): Change {
  const flag = at(body, "object_attributes");
  const name = textAt(at(flag, "name"), 200) ?? "a feature flag";
  return {
    check: "feature flag",
    instance: name,
    summary: `feature flag ${name} switched ${at(flag, "active") === true ? "on" : "off"}`,
    at: undefined,
    link: at(body, "project", "web_url"),
    labels: { flag: name, active: at(flag, "active") },
  };
}

const CHANGES: Readonly<Record<string, (body: unknown) => Change | undefined>> = {
  deployment,
  release,
  pipeline,
  push,
  feature_flag: featureFlag,
};

/** GitLab: deployments, releases, feature flags, pipelines and pushes of the default branch, as changes of the project's CI. */
export const gitlab: WebhookKind = {
  name: "gitlab",
  map(message, context) {
    const body = message.json();
    const kind = textAt(at(body, "object_kind"));
    if (kind === undefined) throw notOfKind("gitlab", "object_kind is expected");
    const read = Object.hasOwn(CHANGES, kind) ? CHANGES[kind] : undefined;
    const change = read?.(body);
    if (change === undefined) return { events: [], dropped: { noChange: 1 } };
    const project = textAt(at(body, "project", "path_with_namespace"), 256);
    if (project === undefined) throw notOfKind("gitlab", "a project is expected");
    const { link, labels, ...rest } = change;
    const event = eventOfDraft(
      {
        ...rest,
        id: message.header("idempotency-key") ?? message.header("webhook-id") ?? message.header("x-gitlab-event-uuid"),
        source: "gitlab",
        ci: pickCi([project.split("/").at(-1), project], context.isKnownCi),
        kind: "change",
        status: "firing",
        severity: "info",
        labels: labelsFrom({ ...labels, project, actor: at(body, "user", "username") ?? at(body, "user_username") }),
        links: linkTo(link, "gitlab"),
      },
      context.now,
    );
    return { events: [event] };
  },
  isSigned: (message, secrets, now) =>
    isSecret(secrets, message.header("x-gitlab-token")) || isStandardWebhook(message, secrets, now),
};
