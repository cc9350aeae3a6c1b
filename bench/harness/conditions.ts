import { cpus, release, totalmem, type } from "node:os";
import config from "../../deno.json" with { type: "json" };
import peers from "../peers/package.json" with { type: "json" };
import type { BenchRuntime } from "./process.ts";
import type { Results } from "./results.ts";

/** The conditions of a measurement: date, machine, versions. */
export function conditions(
  runtimes: readonly BenchRuntime[],
  withPeers: boolean,
  clock: Results["clock"],
): Omit<Results, "format" | "series"> {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpu?.model.trim() ?? "unknown"}, ${
      Math.round(totalmem() / 2 ** 30)
    } GiB, ${type()} ${release().split("-")[0]}`,
    clock,
    versions: {
      routilux: config.version,
      ...Object.fromEntries(runtimes.map(({ name, version }) => [name, version])),
      ...(withPeers ? peers.dependencies : {}),
    },
  };
}

/** The conditions as a line of text. */
export function describeConditions({ date, machine, clock, versions }: Omit<Results, "format" | "series">): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  const clockText = clock === "cpu" ? ", in processor time" : "";
  return `Measured on ${date.slice(0, 10)}, ${machine}${clockText}. ${named}.`;
}
