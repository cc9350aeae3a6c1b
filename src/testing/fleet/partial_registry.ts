import { Registry } from "../../values/registry.ts";
import type { SeededRandom } from "../seeded_random.ts";

/** The share of the classes that a process has which lacks some, but not all. */
const SHARE = 0.8;

/** The registry of a process that lacks classes: all, or some. */
export class PartialRegistry extends Registry {
  readonly #missing: ReadonlySet<string>;

  /** Makes it from the registry of the others. */
  constructor(whole: Registry, random: SeededRandom) {
    super();
    this.merge(whole);
    const isEmpty = random.chance(0.5);
    this.#missing = new Set(whole.names.filter((name) => whole.hasClass(name) && (isEmpty || !random.chance(SHARE))));
  }

  override hasClass(name: string): boolean {
    return !this.#missing.has(name) && super.hasClass(name);
  }

  override classOf(name: string): abstract new (...args: never[]) => object {
    if (this.#missing.has(name)) throw new TypeError(`Class "${name}" is not known to this process`);
    return super.classOf(name);
  }
}
