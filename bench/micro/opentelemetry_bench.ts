import { ACTIVATIONS, VARIANTS } from "../traces/variants.ts";
import { bench } from "./bench.ts";

// What traces and metrics cost a handler that does nothing. `bench/traces/main.ts` measures it in processes of their own.

for (const [index, [name, make]] of Object.entries(VARIANTS).entries()) {
  bench(`${ACTIVATIONS} activations, ${name}`, { group: "opentelemetry", baseline: index === 0 }, make());
}
