import { test, type TestContext } from "node:test";
import { assertEquals } from "@std/assert";
import { toDot, toMermaid } from "../../src/diagram/mod.ts";
import { labelOf } from "../../src/diagram/labels.ts";
import { HOSTILE_TEXTS } from "../support/hostile_texts.ts";
import { hostileDocuments } from "./sample_diagrams.ts";

// The text is read by those for whom it is written. Deno fetches them from npm; nobody else installs them for this.

const SKIP = "Deno" in globalThis ? false : "the parsers of Mermaid and Graphviz are fetched by Deno only";
const labels = HOSTILE_TEXTS.map(labelOf);

/** Loads a package by a name that bundlers do not see. */
async function load<T>(t: TestContext, name: string): Promise<T | undefined> {
  try {
    return await import(name);
  } catch {
    t.skip(`${name} cannot be fetched here`);
    return undefined;
  }
}

interface Mermaid {
  readonly default: {
    parse(text: string): Promise<{ readonly diagramType: string }>;
    readonly mermaidAPI: {
      getDiagramFromText(text: string): Promise<{
        readonly db: {
          getVertices(): ReadonlyMap<string, { readonly text: string; readonly classes: readonly string[] }>;
          getEdges(): readonly { readonly start: string; readonly end: string; readonly text: string }[];
        };
      }>;
    };
  };
}

test("Mermaid reads each label as it is to be shown", { skip: SKIP }, async (t) => {
  const dom = await load<{ JSDOM: new () => { window: { document: unknown } } }>(t, "npm:jsdom@^31.0.1");
  if (dom === undefined) return;
  const { window } = new dom.JSDOM();
  Object.assign(globalThis, { window, document: window.document });
  const mermaid = await load<Mermaid>(t, "npm:mermaid@^12.3.0");
  if (mermaid === undefined) return;
  const { flow, job } = hostileDocuments();
  const text = toMermaid(flow, { job });
  assertEquals((await mermaid.default.parse(text)).diagramType, "flowchart-v2");
  const { db } = await mermaid.default.mermaidAPI.getDiagramFromText(text);
  // Mermaid keeps codes in a form of its own until it draws.
  const decode = (text: string) => text.replaceAll(/ﬂ°°(\d+)¶ß/g, (_all, code) => String.fromCodePoint(Number(code)));
  const titles = Array.from(db.getVertices().values(), ({ text }) => decode(text).split("<br>")[0] ?? "");
  assertEquals(titles.slice(0, labels.length).sort(), labels.toSorted());
  assertEquals(titles.length > labels.length * 2, true);
  const expected = flow.connections.map(({ from: { event }, to: { slot } }) =>
    `${labelOf(`${event} → ${slot} (${event} as ${event})`)} ×1`
  );
  assertEquals(db.getEdges().slice(0, expected.length).map(({ text }) => decode(text)), expected);
});

interface Viz {
  instance(): Promise<{ render(text: string, options: { format: string }): { status: string; output: string } }>;
}

test("Graphviz reads each label as it is to be shown", { skip: SKIP }, async (t) => {
  const viz = await load<Viz>(t, "npm:@viz-js/viz@^3.31.0");
  if (viz === undefined) return;
  const { flow, job } = hostileDocuments();
  const graphviz = await viz.instance();
  const { output, status } = graphviz.render(toDot(flow, { job }), { format: "svg" });
  assertEquals(status, "success");
  const nodes = Array.from(
    output.matchAll(/class="node">.*?<text[^>]*>(.*?)<\/text>/gs),
    ([, text = ""]) => decodeXml(text),
  );
  // Each names a routine, an awaited slot, and the flow of a child.
  assertEquals(labels.filter((it) => nodes.filter((node) => node === it).length !== 3), []);
});

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", apos: "'", gt: ">", lt: "<", nbsp: " ", quot: '"' };

function decodeXml(text: string): string {
  return text.replaceAll(
    /&(?:#(\d+)|(\w+));/g,
    (all, code, name) => code === undefined ? ENTITIES[name] ?? all : String.fromCodePoint(Number(code)),
  );
}
