import { type Counted, counted, countUp, countUpPayload, payload } from "../harness/payload.ts";
import { expectEqual, type Figures, timeUnits, type Variant } from "../harness/program.ts";

/** The number of stages between source and sink. */
export const STAGES = 10;

/** The items of a chain, and how a stage changes them. */
export interface Goods<T extends Counted> {
  readonly make: (v: number) => T;
  readonly next: (item: T) => T;
}

/** The variants of a contestant, for any kind of item. */
export type Chains = <T extends Counted>(goods: Goods<T>) => Readonly<Record<string, Variant>>;

/** Makes the variants for numbers and for payloads: `numbers sync`, `payload sync` and so on. */
export function variantsOf(chains: Chains): Readonly<Record<string, Variant>> {
  return {
    ...prefixed("numbers", chains({ make: counted, next: countUp })),
    ...prefixed("payload", chains({ make: payload, next: countUpPayload })),
  };
}

function prefixed(prefix: string, variants: Readonly<Record<string, Variant>>): Readonly<Record<string, Variant>> {
  return Object.fromEntries(Object.entries(variants).map(([name, variant]) => [`${prefix} ${name}`, variant]));
}

/** Measures a run that returns the sum of all items; the sink counts as an activation, the source does not. */
export async function timeChain(count: number, run: () => number | Promise<number>): Promise<Figures> {
  let sum = 0;
  const figures = await timeUnits(count * (STAGES + 1), async () => {
    sum = await run();
  });
  expectEqual("The sum", sum, (count * (count - 1)) / 2 + count * STAGES);
  return figures;
}
