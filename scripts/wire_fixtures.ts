import { relay } from "./hand_off.ts";
import { findRuntimes } from "./runtimes.ts";

// Writes the wire fixtures: what each leg of the relay leaves. Those of a released version are never written again.

const FOLDER = "tests/fixtures/wire/v1";

const { found, missing } = await findRuntimes();
if (missing.length > 0) throw new Error(`The fixtures come from all four runtimes\n${missing.join("\n")}`);
await Deno.mkdir(FOLDER, { recursive: true });
let leg = 0;
for await (const { runtime, text } of relay(found)) {
  const file = `${FOLDER}/leg_${String(++leg).padStart(2, "0")}_${runtime.name.toLowerCase()}.json`;
  await Deno.writeTextFile(file, `${JSON.stringify(JSON.parse(text), undefined, 2)}\n`);
  console.log(file);
}
