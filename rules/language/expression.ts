import { parseDuration } from "../../protocol/duration.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  type BinaryOperator,
  type Expression,
  type LabelMatcher,
  RULE_LIMITS,
  type SeriesExpression,
  WINDOW_FUNCTIONS,
  type WindowFunction,
} from "../detect/rule.ts";
import { parseQuantity } from "./quantity.ts";

/** A mistake at an offset of the expression's text. */
export interface ExpressionError {
  offset: number;
  message: string;
  hint: string;
}

export type ExpressionResult =
  | { expression: Expression; metrics: string[]; percent: boolean }
  | { error: ExpressionError };

interface Token {
  type: "number" | "word" | "string" | "symbol" | "end";
  text: string;
  offset: number;
}

const TOKEN =
  /\s*(?:(\d[\d.]*(?:e[+-]?\d+)?(?:[A-Za-z%]+(?:\d+[A-Za-z]+)*)?(?:\/s)?(?![\w.])|\.\d+)|([A-Za-z_][\w.:]*)|"([^"\\]*)"|(==|!=|>=|<=|[-+*/(){}[\],=<>]))/y;

/** Thrown inside the parser only; `parseExpression` turns it into a value. */
class Mistake extends Error {
  readonly at: ExpressionError;
  constructor(at: ExpressionError) {
    super(at.message);
    this.at = at;
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  const end = text.trimEnd().length;
  while (offset < end) {
    TOKEN.lastIndex = offset;
    const match = TOKEN.exec(text);
    if (match === null) {
      const start = offset + /^\s*/.exec(text.slice(offset))![0].length;
      throw new Mistake({
        offset: start,
        message: `${JSON.stringify(text[start])} cannot stand here`,
        hint: 'write metric names, numbers, + - * / > < and or ( ), and text in double quotes such as {mode="rw"}',
      });
    }
    const [whole, number, word, string, symbol] = match;
    const content = number ?? word ?? string ?? symbol ?? "";
    const type =
      number !== undefined ? "number" : word !== undefined ? "word" : string !== undefined ? "string" : "symbol";
    tokens.push({ type, text: content, offset: offset + whole.length - content.length - (type === "string" ? 2 : 0) });
    offset += whole.length;
  }
  tokens.push({ type: "end", text: "", offset: end });
  return tokens;
}

/** Recursive descent over one short line; the depth limit keeps it off the stack's end. */
class Parser {
  readonly #tokens: Token[];
  #position = 0;
  #depth = 0;
  readonly metrics: string[] = [];
  percent = false;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  whole(): Expression {
    const expression = this.#or();
    const rest = this.#peek();
    if (rest.type !== "end") {
      this.#fail(rest, `${shown(rest)} is not expected here`, "put an operator such as + or / before it, or remove it");
    }
    return expression;
  }

  #peek(): Token {
    return this.#tokens[this.#position] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.type !== "end") this.#position += 1;
    return token;
  }

  #takes(...symbols: string[]): Token | undefined {
    const token = this.#peek();
    if (token.type === "string" || !symbols.includes(token.text) || token.type === "end") return undefined;
    return this.#next();
  }

  #expect(symbol: string, hint: string): void {
    if (this.#takes(symbol) === undefined) {
      const token = this.#peek();
      this.#fail(token, `${JSON.stringify(symbol)} is expected here, and ${shown(token)} was found`, hint);
    }
  }

  #fail(token: Token, message: string, hint: string): never {
    throw new Mistake({ offset: token.offset, message, hint });
  }

  #chain(operators: readonly string[], part: () => Expression): Expression {
    let left = part();
    for (let token = this.#takes(...operators); token !== undefined; token = this.#takes(...operators)) {
      left = { op: "binary", operator: token.text as BinaryOperator, left, right: part() };
    }
    return left;
  }

  #or(): Expression {
    const token = this.#peek();
    this.#depth += 1;
    if (this.#depth > RULE_LIMITS.expressionDepth) {
      this.#fail(
        token,
        `more than ${RULE_LIMITS.expressionDepth} levels of parentheses`,
        "split the rule or simplify the expression",
      );
    }
    const expression = this.#chain(["or"], () => this.#chain(["and"], () => this.#comparison()));
    this.#depth -= 1;
    return expression;
  }

  #comparison(): Expression {
    const left = this.#sum();
    const token = this.#takes(">", ">=", "<", "<=", "==", "!=");
    if (token === undefined) return left;
    return { op: "binary", operator: token.text as BinaryOperator, left, right: this.#sum() };
  }

  #sum(): Expression {
    return this.#chain(["+", "-"], () => this.#chain(["*", "/"], () => this.#factor()));
  }

  #factor(): Expression {
    let negations = 0;
    while (this.#takes("-") !== undefined) negations += 1;
    const of = this.#primary();
    return negations % 2 === 1 ? { op: "negate", of } : of;
  }

  #primary(): Expression {
    if (this.#takes("(") !== undefined) {
      const inner = this.#or();
      this.#expect(")", "close the parenthesis");
      return inner;
    }
    const token = this.#next();
    if (token.type === "number") return this.#number(token);
    if (token.type !== "word" || token.text === "and" || token.text === "or") {
      this.#fail(
        token,
        `a metric, a number or "(" is expected here, and ${shown(token)} was found`,
        "for example: system.memory.utilization",
      );
    }
    const call = this.#peek();
    if (call.type === "symbol" && call.text === "(") return this.#call(token);
    return this.#series(token, null, "sum");
  }

  #number(token: Token): Expression {
    const quantity = parseQuantity(token.text);
    if (quantity === undefined) {
      this.#fail(
        token,
        `${JSON.stringify(token.text)} is not a number`,
        "write 90%, 0.9, 20ms, 10GiB or a plain number",
      );
    }
    this.percent ||= quantity.percent;
    return { op: "number", value: quantity.value };
  }

  #call(name: Token): Expression {
    this.#expect("(", "");
    if (name.text === "now") {
      this.#expect(")", "write now()");
      return { op: "now" };
    }
    if (name.text === "abs") {
      const of = this.#or();
      this.#expect(")", "close abs( with )");
      return { op: "abs", of };
    }
    if ((AGGREGATIONS as readonly string[]).includes(name.text)) {
      const inner = this.#next();
      if (inner.type !== "word") {
        this.#fail(
          inner,
          `${name.text}( ) needs a metric, and ${shown(inner)} was found`,
          `for example: ${name.text}(system.disk.io), ${name.text}(rate(system.disk.io))`,
        );
      }
      const aggregate = name.text as Aggregation;
      const isWindow = this.#takes("(") !== undefined;
      const series = isWindow ? this.#window(inner, aggregate) : this.#series(inner, null, aggregate);
      this.#expect(")", `close ${name.text}( with )`);
      return series;
    }
    return this.#window(name, "sum");
  }

  /** After `fn(`. */
  #window(name: Token, aggregate: Aggregation): SeriesExpression {
    if (!(WINDOW_FUNCTIONS as readonly string[]).includes(name.text)) {
      this.#fail(
        name,
        `there is no function ${JSON.stringify(name.text)}`,
        `there are: ${[...AGGREGATIONS, ...WINDOW_FUNCTIONS, "abs", "now"].join(", ")}`,
      );
    }
    const metric = this.#next();
    if (metric.type !== "word") {
      this.#fail(
        metric,
        `${name.text}( ) needs a metric, and ${shown(metric)} was found`,
        `for example: ${name.text}(system.network.errors, 5m)`,
      );
    }
    const fn = name.text as WindowFunction;
    const series = this.#series(metric, { fn, windowMs: null }, aggregate);
    if (this.#takes(",") !== undefined) {
      const time = this.#next();
      const windowMs = time.type === "number" ? parseDuration(time.text) : null;
      if (windowMs === null || windowMs < 1000 || windowMs > RULE_LIMITS.windowMs) {
        this.#fail(time, `${shown(time)} is not a window`, "write a time from 1s to 7d, such as 5m");
      }
      series.over = { fn, windowMs };
    } else if (fn !== "rate") {
      this.#fail(name, `${fn}( ) needs a window`, `write ${fn}(${metric.text}, 5m)`);
    }
    this.#expect(")", `close ${fn}( with )`);
    return series;
  }

  #series(name: Token, over: SeriesExpression["over"], aggregate: Aggregation): SeriesExpression {
    if (!/^[A-Za-z_][\w:]*(?:\.\w+)*$/.test(name.text) || name.text.length > 255) {
      this.#fail(
        name,
        `${JSON.stringify(name.text)} is not a metric's name`,
        "OpenTelemetry names look like system.cpu.utilization",
      );
    }
    this.metrics.push(name.text);
    if (this.metrics.length > RULE_LIMITS.metricsPerRule) {
      this.#fail(name, `more than ${RULE_LIMITS.metricsPerRule} metrics in one expression`, "split the rule");
    }
    const match: LabelMatcher[] = [];
    if (this.#takes("{") !== undefined && this.#takes("}") === undefined) {
      do match.push(this.#matcher());
      while (this.#takes(",") !== undefined);
      this.#expect("}", "close the labels with }");
      if (match.length > RULE_LIMITS.matchersPerSelector) {
        this.#fail(name, `more than ${RULE_LIMITS.matchersPerSelector} label matchers`, "use fewer");
      }
    }
    return { op: "series", metric: name.text, match, over, aggregate };
  }

  #matcher(): LabelMatcher {
    const label = this.#next();
    if (label.type !== "word") {
      this.#fail(label, `a label's name is expected here, and ${shown(label)} was found`, 'for example: {mode="rw"}');
    }
    const operator = this.#takes("=", "!=");
    if (operator === undefined) {
      const token = this.#peek();
      this.#fail(
        token,
        `"=" or "!=" is expected here, and ${shown(token)} was found`,
        'labels are compared with = or !=, * stands for any text: {device!="loop*"}',
      );
    }
    const patterns: string[] = [];
    if (this.#takes("[") !== undefined) {
      do patterns.push(this.#pattern());
      while (this.#takes(",") !== undefined);
      this.#expect("]", "close the list with ]");
    } else {
      patterns.push(this.#pattern());
    }
    if (patterns.length > RULE_LIMITS.patternsPerMatcher) {
      this.#fail(label, `more than ${RULE_LIMITS.patternsPerMatcher} alternatives for one label`, "use * in a pattern");
    }
    return { label: label.text, negated: operator.text === "!=", patterns };
  }

  #pattern(): string {
    const token = this.#next();
    if (token.type !== "string") {
      this.#fail(token, `text in double quotes is expected here, and ${shown(token)} was found`, 'write "ext4"');
    }
    if (token.text.length > RULE_LIMITS.patternLength) {
      this.#fail(token, `a pattern of more than ${RULE_LIMITS.patternLength} characters`, "use a shorter one");
    }
    return token.text;
  }
}

function shown(token: Token): string {
  if (token.type === "end") return "the end";
  return token.type === "string" ? `"${token.text}"` : JSON.stringify(token.text);
}

/**
 * Reads a rule's `value:` or `while:`. In arithmetic a metric without an aggregation is the sum of its series; a metric
 * that stands alone is the worst of them.
 */
export function parseExpression(text: string): ExpressionResult {
  if (text.length > RULE_LIMITS.expressionLength) {
    return {
      error: {
        offset: 0,
        message: `an expression of ${text.length} characters`,
        hint: `at most ${RULE_LIMITS.expressionLength}; split the rule`,
      },
    };
  }
  try {
    const parser = new Parser(text);
    const expression = parser.whole();
    if (parser.metrics.length === 0) {
      return { error: { offset: 0, message: "an expression without a metric", hint: "name the metric to look at" } };
    }
    const { metrics, percent } = parser;
    return { expression: aloneIsWorst(expression, text), metrics, percent };
  } catch (error) {
    if (error instanceof Mistake) return { error: error.at };
    throw error;
  }
}

function aloneIsWorst(expression: Expression, text: string): Expression {
  if (expression.op !== "series" || /^\s*(?:sum|avg|min|max|count)\s*\(/.test(text)) return expression;
  return { ...expression, aggregate: "worst" };
}
