import { type Assertion, type Node, type Ranges, RegexSyntaxError } from "./regex-syntax.ts";

/** One instruction of the machine; `next` and `other` are addresses. */
export type Instruction =
  | { op: "set"; ranges: Ranges; next: number }
  | { op: "assert"; assertion: Assertion; next: number }
  | { op: "split"; next: number; other: number }
  | { op: "match" };

/** Turns a parsed pattern into a program; throws `RegexSyntaxError` when it needs more than `max` instructions. */
export function compileProgram(node: Node, max: number): Instruction[] {
  const program: Instruction[] = [{ op: "match" }];
  const emit = (instruction: Instruction): number => {
    if (program.length >= max) throw new RegexSyntaxError("the pattern is too large", 0);
    return program.push(instruction) - 1;
  };
  // Built from the end: `next` is where to go on after the node, so that no address must be patched but that of a loop.
  const build = (part: Node, next: number): number => {
    switch (part.type) {
      case "empty":
        return next;
      case "set":
        return emit({ op: "set", ranges: part.ranges, next });
      case "assert":
        return emit({ op: "assert", assertion: part.assertion, next });
      case "sequence":
        return part.nodes.reduceRight((after, inner) => build(inner, after), next);
      case "choice":
        return part.nodes
          .map((inner) => build(inner, next))
          .reduceRight((other, start) => emit({ op: "split", next: start, other }));
      case "repeat":
        return buildRepeat(part, next);
    }
  };
  const buildRepeat = (part: Extract<Node, { type: "repeat" }>, next: number): number => {
    let start = next;
    if (part.max === null) {
      const loop = { op: "split" as const, next: 0, other: next };
      start = emit(loop);
      loop.next = build(part.node, start);
    } else {
      for (let count = part.min; count < part.max; count += 1) {
        start = emit({ op: "split", next: build(part.node, start), other: next });
      }
    }
    for (let count = 0; count < part.min; count += 1) start = build(part.node, start);
    return start;
  };
  const start = build(node, 0);
  // The start stands last, where the runner looks for it.
  emit({ op: "split", next: start, other: start });
  return program;
}

/** Whether the program matches the whole text. All states at once: time is text × program, and there is no going back. */
export function runProgram(program: readonly Instruction[], text: string): boolean {
  let states: number[] = [];
  let following: number[] = [];
  const marks = new Uint32Array(program.length);
  let mark = 0;
  let at = 0;
  const add = (list: number[], start: number): void => {
    const stack = [start];
    for (let address = stack.pop(); address !== undefined; address = stack.pop()) {
      if (marks[address] === mark) continue;
      marks[address] = mark;
      const instruction = program[address];
      if (instruction === undefined) continue;
      if (instruction.op === "split") stack.push(instruction.other, instruction.next);
      else if (instruction.op === "assert") {
        if (holds(instruction.assertion, text, at)) stack.push(instruction.next);
      } else list.push(address);
    }
  };
  mark += 1;
  add(states, program.length - 1);
  while (at < text.length && states.length > 0) {
    const point = text.codePointAt(at) ?? 0;
    at += point > 0xffff ? 2 : 1;
    mark += 1;
    following.length = 0;
    for (const address of states) {
      const instruction = program[address];
      if (instruction?.op === "set" && contains(instruction.ranges, point)) add(following, instruction.next);
    }
    [states, following] = [following, states];
  }
  return at >= text.length && states.some((address) => program[address]?.op === "match");
}

function contains(ranges: Ranges, point: number): boolean {
  for (let index = 0; index < ranges.length; index += 2) {
    if (point < (ranges[index] ?? 0)) return false;
    if (point <= (ranges[index + 1] ?? 0)) return true;
  }
  return false;
}

function holds(assertion: Assertion, text: string, at: number): boolean {
  switch (assertion) {
    case "textStart":
      return at === 0;
    case "textEnd":
      return at === text.length;
    case "lineStart":
      return at === 0 || text[at - 1] === "\n";
    case "lineEnd":
      return at === text.length || text[at] === "\n";
    case "wordBoundary":
      return isWord(text, at - 1) !== isWord(text, at);
    case "noWordBoundary":
      return isWord(text, at - 1) === isWord(text, at);
  }
}

function isWord(text: string, at: number): boolean {
  return /[0-9A-Za-z_]/.test(text[at] ?? "");
}
