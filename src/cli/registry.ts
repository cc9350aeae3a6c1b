import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Flow } from "../flow.ts";
import { Registry } from "../values/registry.ts";
import type { Call } from "./command.ts";
import { CommandError, EXIT, reasonOf } from "./failure.ts";

/** The option that names a module with the classes of flows. */
export const REGISTRY_OPTION: { readonly registry: { readonly value: string; readonly about: string } } = {
  registry: {
    value: "MODULE",
    about: "a module that exports a Registry of the flows' classes, as default or as registry",
  },
};

/**
 * Loads the registry that a call names: this runs the module. `undefined` when it names none.
 *
 * @throws {CommandError} when the module cannot be loaded, or exports no registry
 */
export async function loadRegistry(call: Call): Promise<Registry | undefined> {
  return (await loadModule(call))?.registry;
}

/** What a module of a registry exports. */
export interface RegistryModule {
  readonly registry: Registry;
  /** Its flows, each once. */
  readonly flows: readonly Flow[];
}

/**
 * Loads the registry and the flows that the module of a call exports: this runs the module. `undefined` when it names none.
 *
 * @throws {CommandError} when the module cannot be loaded, or exports no registry
 */
export async function loadModule(call: Call): Promise<RegistryModule | undefined> {
  const path = call.value("registry");
  if (path === undefined) return undefined;
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = await import(pathToFileURL(resolve(path)).href);
  } catch (cause) {
    const why = existsSync(path)
      ? `${reasonOf(cause)}; see that it runs by itself`
      : "there is no such file; name it by its path";
    throw new CommandError(EXIT.input, `${path}: the module cannot be loaded: ${why}`, { cause });
  }
  const found = [loaded["default"], loaded["registry"]].find((it) => it instanceof Registry);
  if (found instanceof Registry) {
    const flows = Object.values(loaded).filter((it) => it instanceof Flow);
    return { registry: found, flows: Array.from(new Set(flows)) };
  }
  const expected = "expected a Registry of this copy of routilux as its default export or as registry";
  throw new CommandError(
    EXIT.input,
    `${path}: the module exports no registry: ${expected}; it exports ${Object.keys(loaded).join(", ") || "nothing"}`,
  );
}
