import type { FlowSpec } from "./flow_spec.ts";
import { Host, type Line, type Luggage } from "./host.ts";
import type { Place, Stop } from "./stops.ts";
import { ValueWitness, type Witness } from "./witness.ts";

/** What a run was like. */
export interface Journey {
  /** The text of the job at the end. */
  readonly end: string;
  /** What was carried from host to host. */
  readonly carried: readonly Luggage[];
  /** How often each place was passed. */
  readonly passed: Readonly<Record<Place, number>>;
  /** The stops that were made. */
  readonly stops: readonly Stop[];
}

/** How a job travels. */
export interface TravelOptions {
  /** What happens to it, in order; what its run is too short for does not. */
  readonly stops?: readonly Stop[];
  /** How often the failures of the job are put back when it has ended. */
  readonly redrives?: number;
  /** Sees all that happens. */
  readonly witness?: Witness;
  /** Called at each place with what a snapshot would carry. */
  readonly onPlace?: (luggage: () => Luggage) => void;
}

/**
 * Runs a generated flow, or goes on with what was carried, from host to host, each with everything made anew.
 *
 * @throws {Error} when a value came to a handler as another than was sent
 */
export async function travel(given: FlowSpec | Luggage, options: TravelOptions = {}): Promise<Journey> {
  const values = new ValueWitness();
  const line: Line = {
    stops: [...options.stops ?? []],
    made: [],
    passed: { commit: 0, op: 0, await: 0, idle: 0, start: 0 },
    onPlace: options.onPlace,
    witness: options.witness ?? values,
  };
  const carried: Luggage[] = [];
  let redrives = options.redrives ?? 0;
  let host = new Host(given, line);
  for (;;) {
    let luggage = await host.work();
    const isRedrive = luggage === undefined && host.canRedrive && redrives-- > 0;
    if (isRedrive) luggage = host.luggage;
    if (values.mistakes.length > 0) throw new Error(values.mistakes.join("\n"));
    if (luggage === undefined) return { end: host.text, carried, passed: line.passed, stops: line.made };
    carried.push(luggage);
    host = new Host(luggage, line, isRedrive);
  }
}
