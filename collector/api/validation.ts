import { createRequire } from "node:module";
import type AjvCompiler from "@fastify/ajv-compiler";

const load = createRequire(import.meta.url);

/** What is wrong with a value stands on the function afterwards: so does Ajv, and so Fastify reads it. */
interface Validator {
  (value: unknown): unknown;
  errors?: unknown;
}

type Build = AjvCompiler.BuildCompilerFromPool;

/**
 * Fastify's own validators (Ajv), each made when something is first to be validated by it. To make all of them before
 * anything is listened on was an eighth of a start, and most are never asked for.
 */
export interface LazyValidation {
  readonly build: Build;
  /** Loads Ajv and hands it our schemas: 50 ms that the first request would wait for otherwise. Call it when nobody waits. */
  prepare(): void;
}

export function validateWhenAsked(): LazyValidation {
  let build: Build | undefined;
  const compilers: (() => ReturnType<Build>)[] = [];
  return {
    build(schemas, options) {
      let compile: ReturnType<Build> | undefined;
      const compiler = (): ReturnType<Build> => {
        build ??= (load("@fastify/ajv-compiler") as typeof AjvCompiler)();
        compile ??= build(schemas, options);
        return compile;
      };
      compilers.push(compiler);
      return (...route) => {
        let made: Validator | undefined;
        const validate: Validator = (value) => {
          made ??= compiler()(...route) as Validator;
          const result = made(value);
          validate.errors = made.errors;
          return result;
        };
        return validate as ReturnType<ReturnType<Build>>;
      };
    },
    prepare() {
      for (const compiler of compilers) compiler();
    },
  };
}
