// Generates the source of a flow as users write it: typed routines with plain, checked, collecting and merging slots,
// two events each, connected to the next two; every second connection has a mapping.

/** A generated program: its files by name. */
export type Program = Readonly<Record<string, string>>;

const ROUTINES_PER_FILE = 20;
const KINDS = [plainSlot, checkedSlot, appendSlot, mergingSlot] as const;

/**
 * Generates the program of a flow with `count` routines and twice as many connections. In a wrong one, the types of one
 * connection do not match.
 */
export function generateFlow(count: number, isWrong = false): Program {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const parts = numbers.filter((index) => index % ROUTINES_PER_FILE === 0);
  const files = parts.map((
    first,
  ) => [`part_${first}.ts`, part(numbers.slice(first, first + ROUTINES_PER_FILE), count)]);
  return { ...Object.fromEntries(files), "main.ts": main(numbers, parts, count, isWrong) };
}

function part(numbers: readonly number[], count: number): string {
  return `import { type Collected, type Context, Routine } from "@routilux/routilux";
import * as v from "valibot";
${numbers.map((index) => routine(index, count)).join("")}
void v;
export type Lists = Collected<unknown>;
`;
}

function routine(index: number, count: number): string {
  const kind = KINDS[index % KINDS.length] ?? plainSlot;
  const [next, after] = [(index + 1) % count, (index + 2) % count];
  return `
interface Data${index} {
  id: string;
  value${index}: number;
  tags: string[];
  nested: { when: Date; scores: Map<string, number> };
}
export class Routine${index} extends Routine<{ limit: number; label${index}?: string }> {
${kind(index)}
  readonly next = this.addEvent<{
    id: string;
    value${next}: number;
    tags: string[];
    nested: { when: Date; scores: Map<string, number> };
  }>("next", { params: ["id", "value${next}"] });
  readonly skip = this.addEvent<{
    id: string;
    other${index}: number;
    tags: string[];
    nested: { when: Date; scores: Map<string, number> };
  }>("skip");
  send(id: string, value: number, ctx: Context): void {
    const rest = { tags: [this.getConfig("label${index}", "none")], nested: { when: new Date(0), scores: new Map() } };
    if (value > this.getConfig("limit", 10)) ctx.emit(this.next, { id, value${next}: value, ...rest });
    else ctx.emit(this.skip, { id, other${index}: value, ...rest }, { priority: "low" });
    ctx.state.update<number>("count", (old = 0) => old + ${after});
  }
}
`;
}

function plainSlot(index: number): string {
  return `  readonly input = this.addSlot("input", this.take);
  take({ id, value${index} }: Data${index}, ctx: Context): void {
    this.send(id, value${index}, ctx);
  }`;
}

function checkedSlot(index: number): string {
  return `  readonly input = this.addSlot("input", this.take, {
    schema: v.object({
      id: v.string(),
      value${index}: v.number(),
      tags: v.array(v.string()),
      nested: v.object({ when: v.date(), scores: v.map(v.string(), v.number()) }),
    }),
    timeoutMs: 1_000,
  });
  async take({ id, value${index} }: Data${index}, ctx: Context<{ at: number }>): Promise<void> {
    await ctx.checkpoint({ at: value${index} });
    this.send(id, value${index}, ctx);
  }`;
}

function appendSlot(index: number): string {
  return `  readonly input = this.addSlot("input", this.take, { merge: "append" });
  take(lists: { readonly [K in keyof Data${index}]: Collected<Data${index}[K]> }, ctx: Context): void {
    for (const id of lists.id) this.send(id, lists.value${index}.at(-1) ?? 0, ctx);
    ctx.clear("input");
  }`;
}

function mergingSlot(index: number): string {
  return `  readonly input = this.addSlot("input", this.take, { merge: this.join });
  join(old: { total: number } | undefined, next: Data${index}): { total: number } {
    return { total: (old?.total ?? 0) + next.value${index} };
  }
  *take({ total }: { total: number }, ctx: Context<number>): Generator<number, void, void> {
    for (let at = ctx.progress ?? 0; at < total; at++) yield at + 1;
    this.send("total", total, ctx);
  }`;
}

function main(numbers: readonly number[], parts: readonly number[], count: number, isWrong: boolean): string {
  const imports = parts.map((first) => {
    const names = numbers.slice(first, first + ROUTINES_PER_FILE).map((index) => `Routine${index}`).join(", ");
    return `import { ${names} } from "./part_${first}.ts";`;
  });
  const routines = numbers.map((index) => `const r${index} = flow.addRoutine(new Routine${index}(), "r${index}");`);
  const connections = numbers.flatMap((index) => {
    const [next, after] = [(index + 1) % count, (index + 2) % count];
    return [
      `flow.connect(r${index}.next, r${isWrong && index === 0 ? after : next}.input);`,
      `flow.connect(r${index}.skip, r${after}.input, { mapping: { other${index}: "value${after}" } });`,
    ];
  });
  return `import { Flow } from "@routilux/routilux";
${imports.join("\n")}

export const flow = new Flow({ id: "generated" });
${routines.join("\n")}
${connections.join("\n")}
`;
}
