import { OTLP_MESSAGES_MAX, type OtlpAttributes, type OtlpResult } from "./otlp.ts";
import { readResource } from "./otlp-read-value.ts";
import { LENGTH, type StringCache, WireFault, WireReader } from "./wire-reader.ts";

/** The tag that stands before a field on the wire. */
export const field = (number: number, wireType: number): number => (number << 3) | wireType;

/** What one resource sent: its attributes, and its elements of all scopes in order. */
export interface ResourceElements<Element> {
  resource: OtlpAttributes;
  elements: Element[];
}

/**
 * Reads an Export…ServiceRequest: metrics and logs share its form (request → resource → scope → element, in fields 1, 2, 2).
 * Unknown fields are skipped.
 *
 * @param strings kept between calls, so that names and labels are the same objects in each request.
 */
export function readRequest<Element>(
  bytes: Uint8Array,
  strings: StringCache,
  readElement: (reader: WireReader) => Element,
): OtlpResult<ResourceElements<Element>[]> {
  try {
    const reader = new WireReader(bytes, strings, OTLP_MESSAGES_MAX);
    const value: ResourceElements<Element>[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === field(1, LENGTH)) value.push(readElements(reader, readElement));
      else reader.skip(tag);
    }
    return { status: "read", value };
  } catch (error) {
    if (error instanceof WireFault) return { status: "malformed", message: error.message };
    throw error;
  }
}

function readElements<Element>(
  reader: WireReader,
  readElement: (reader: WireReader) => Element,
): ResourceElements<Element> {
  let resource: OtlpAttributes = {};
  const elements: Element[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(1, LENGTH)) resource = readResource(reader);
    else if (tag === field(2, LENGTH)) readScope(reader, readElement, elements);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { resource, elements };
}

function readScope<Element>(
  reader: WireReader,
  readElement: (reader: WireReader) => Element,
  elements: Element[],
): void {
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(2, LENGTH)) elements.push(readElement(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
}
