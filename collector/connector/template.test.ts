import { expect, test } from "vitest";
import { HOSTILE_TEXT, hostileNotification, sampleNotification } from "../../test/support/sample-notification.ts";
import {
  type Escape,
  escapeJson,
  escapeNothing,
  MessageTemplate,
  scopeOf,
  templateProblem,
  type TemplateScope,
} from "./template.ts";
import { wordNotification } from "./wording.ts";

const sampleScope = (notification = sampleNotification()): TemplateScope =>
  scopeOf(notification, wordNotification(notification, { externalUrl: null }));

function render(text: string, escape: Escape = escapeNothing, scope = sampleScope()): string {
  const rendered = new MessageTemplate(text, escape).render(scope);
  return rendered.status === "rendered" ? rendered.text : `failed: ${rendered.detail}`;
}

test.for<[template: string, text: string]>([
  ["{{ incident.title }}", "db-2 is down: checkout fails"],
  ["{{ incident.priority }} {{ kind }} {{ page }}", "P1 opened true"],
  ["{% for alert in incident.alerts %}{{ alert.ci }}/{{ alert.check }};{% endfor %}", "web-01/http_5xx_rate;"],
  ["{{ incident.rootCause.candidates[0].reasons | first | upcase }}", "11 OF 12 SERVICES THAT NEED DB-2 FAIL"],
  ["{% if incident.impact.services.size > 0 %}hit{% else %}calm{% endif %}", "hit"],
  ["{{ wording.headline }}", "P1: db-2 is down: checkout fails"],
  ["{{ incident.nothing.at.all }}", ""],
  ["{{ incident.owner }}", ""],
])("%s", ([template, text]) => {
  expect(render(template)).toBe(text);
});

/** What must not work in a text that somebody else may have written. */
test.for([
  "{{ incident.constructor }}",
  "{{ incident.__proto__ }}",
  "{{ incident.title.constructor.constructor }}",
  "{{ incident.alerts.push }}",
  "{{ process.env }}",
  "{{ globalThis }}",
  "{{ incident.toString }}",
])("%s is nothing", (template) => {
  expect(render(template)).toBe("");
});

test.for(["{% include '/etc/passwd' %}", "{% render '/etc/passwd' %}", "{% layout '/etc/passwd' %}"])(
  "%s reads no file",
  (template) => {
    expect(templateProblem("text", template) !== undefined || render(template).startsWith("failed: ")).toBe(true);
  },
);

test.for([
  "{% for i in (1..100000000) %}x{% endfor %}",
  "{% for i in (1..5000) %}{% for j in (1..5000) %}{% for k in (1..5000) %}x{% endfor %}{% endfor %}{% endfor %}",
])("%s ends", (template) => {
  const startedAt = performance.now();
  expect(render(template)).toMatch(/^failed: /);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test("values are escaped for what stands around them", () => {
  const scope = sampleScope(hostileNotification());
  const body = render('{"title": "{{ incident.title }}", "all": {{ incident | json | raw }}}', escapeJson, scope);
  expect(JSON.parse(body)).toMatchObject({ title: HOSTILE_TEXT, all: { title: HOSTILE_TEXT } });
  const upper: Escape = (text) => text.toUpperCase();
  expect(render("{{ incident.title }}", upper)).toBe("DB-2 IS DOWN: CHECKOUT FAILS");
});

test("monitoring data is no template", () => {
  const title = "{{ incident.id }}{% raw %}";
  const notification = sampleNotification({ document: { ...sampleNotification().document, title } });
  expect(render("{{ incident.title }}", escapeNothing, sampleScope(notification))).toBe(title);
});

test.for<[template: string, says: string]>([
  ["{{ incident.title | shout }}", "shout"],
  ["{% if incident %}", "not closed"],
  ["{{ incident.title", "not closed"],
  ["x".repeat(30_000), "limit"],
])("%s is told at load", ([template, says]) => {
  const problem = templateProblem("text", template);
  expect(problem?.key).toBe("text");
  expect(problem?.message).toContain(says);
});

test("no template and a good one have no problem", () => {
  expect(templateProblem("text", undefined)).toBeUndefined();
  expect(templateProblem("text", "{{ incident.title }}")).toBeUndefined();
});
