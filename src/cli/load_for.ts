import { CommandError, EXIT } from "./failure.ts";

/**
 * Loads what only some stores need: a module that some hosts do not have, or a package that does not come with the library.
 *
 * @throws {CommandError} when it is missing, with the remedy
 */
export async function loadFor<T>(specifier: string, remedy: string): Promise<T> {
  try {
    return await import(specifier);
  } catch (cause) {
    throw new CommandError(EXIT.store, `${specifier} cannot be loaded; ${remedy}`, { cause });
  }
}
