import { Errors } from "typebox/schema";

interface Swagger {
  definitions: Record<string, unknown>;
  responses: Record<string, { schema?: object }>;
  paths: Record<string, Record<string, { responses: Record<string, { $ref?: string; schema?: object }> }>>;
}

/**
 * What is wrong with an answer, by a Swagger 2 document; empty = nothing. Undocumented paths and statuses are faults.
 *
 * @param path as the document writes it: `/silence/{silenceID}`.
 */
export function swaggerFaults(document: unknown, request: string, status: number, body: string): string[] {
  const { definitions, responses, paths } = document as Swagger;
  const [method = "", path = ""] = request.split(" ");
  const answers = paths[path]?.[method.toLowerCase()]?.responses;
  const found = answers?.[String(status)];
  if (found === undefined) return [`${request} may not answer ${status}`];
  const schema = found.$ref === undefined ? found.schema : responses[found.$ref.slice("#/responses/".length)]?.schema;
  if (schema === undefined) return [];
  const [, errors] = Errors({ ...schema, definitions }, JSON.parse(body));
  return errors.map((error) => `${request} ${status}: ${error.instancePath} ${error.message}`);
}
