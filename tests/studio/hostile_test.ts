import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Context, Engine, ErrorHandler, Flow, Registry, Routine } from "../../mod.ts";
import { isName } from "../../src/base/options.ts";
import { schedule } from "../../src/schedules/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio } from "../../src/studio/mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { HOSTILE_TEXTS } from "../support/hostile_texts.ts";
import { NOW } from "./sample_studio.ts";

/** All names of elements that pages have. */
const ELEMENTS = new Set(
  ("html head meta title link script body a header div svg path line circle span b nav main h1 h2 h3 p ul li form label input button table caption " +
    "thead tbody tr th td time dl dt dd details summary section select option textarea output rect figure figcaption text g defs marker code pre br")
    .split(" "),
);
const TEXTS = HOSTILE_TEXTS.filter(isName);

/** Puts a text wherever users can put one. */
class Scribe extends Routine {
  readonly trigger = this.addSlot("trigger", this.write);
  readonly answer = this.addSlot("answer", this.write);
  write({ text }: { text: string }, ctx: Context): void {
    ctx.output(text, { [text]: text });
    ctx.log({ [text]: text });
    ctx.shared.set(text, text);
    ctx.state.set(text, [text]);
    ctx.expect(this.answer);
    throw new HostileError(text);
  }
  ask({ text }: { text: string }, ctx: Context): void {
    ctx.output(text, { [text]: text });
    ctx.log({ [text]: text });
    ctx.shared.set(text, text);
    ctx.state.set(text, [text]);
    ctx.expect(this.answer);
    ctx.pause(text, { [text]: text });
  }
  readonly asking = this.addSlot("asking", this.ask);
}
class HostileError extends Error {
  override readonly name: string;
  constructor(text: string) {
    super(text);
    this.name = text;
  }
}

async function hostileStudio(text: string) {
  const registry = new Registry({ Scribe });
  const timers = manualTimers(NOW);
  const engine = new Engine({ store: memoryStore(), registry, timers, ids: manualIds(), durability: { owner: text } });
  const flow = new Flow({ id: text, registry, engine });
  const scribe = flow.addRoutine(new Scribe(), text);
  scribe.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  const labels = { queue: text, tags: { [text]: text } };
  await flow.start(scribe.trigger, { text }, { jobId: text, ...labels });
  await flow.start(scribe.asking, { text }, { jobId: `${text} asks`, ...labels });
  await schedule(engine, text.slice(0, 999), { cron: "@daily" }, flow, scribe.trigger, { text });
  const { jobs } = await engine.recover();
  for (const { flow, job } of jobs) await flow.settle(job);
  return studio(engine);
}

test("no text of a user becomes part of a page, wherever it stands", async () => {
  for (const text of TEXTS) {
    const answer = await hostileStudio(text);
    for (const id of [text, `${text} asks`]) {
      const query = new URLSearchParams({ id, flow: text, queue: text, tag: `${text}=${text}`, parent: text });
      for (
        const path of [
          "/",
          "/job",
          "/job?revision=1&",
          "/job/differences?from=0&to=2&",
          "/workers",
          "/schedules",
          `/${encodeURIComponent("\u0000<b>")}`,
        ]
      ) {
        const response = await answer(new Request(`http://localhost${path}${path.includes("?") ? "" : "?"}${query}`));
        const page = await response.text();
        assert(
          response.status === 200 || response.status === 404 || response.status === 400,
          `${path} ${response.status} ${text} ${page}`,
        );
        const elements = Array.from(page.matchAll(/<\/?([^\s/>]*)/g), ([, name = ""]) => name).filter((it) =>
          it !== "!DOCTYPE"
        );
        assertEquals(elements.filter((it) => !ELEMENTS.has(it)), [], `${path} for ${JSON.stringify(text)}`);
        // Each quote of an attribute is closed: an element never holds what begins as another one.
        assertEquals(
          page.replace(/<[a-z0-9]+(?:\s+[\w:-]+(?:="[^"<>]*")?)*\s*\/?>/gi, "").match(/<[a-z][^>]*/gi),
          null,
          path,
        );
        // deno-lint-ignore no-control-regex -- these are looked for
        assertEquals(page.match(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/), null, path);
      }
    }
  }
});

test("jobs are found by whatever ids they have", async () => {
  const long = "'\"".repeat(500);
  for (
    const id of [...TEXTS.filter((it) => it.isWellFormed()), long, "..", ".", "/", "a/b?c#d", "%2e%2e", "+", " ", "\n"]
  ) {
    const answer = await hostileStudio(id);
    const list = await (await answer(new Request("http://localhost/"))).text();
    const links = Array.from(list.matchAll(/href="(\/job\?[^"]*)"/g), ([, link = ""]) => link.replaceAll("&#38;", "&"));
    assertEquals(links.length, 3);
    for (const link of links) {
      assertEquals([id, (await answer(new Request(`http://localhost${link}`))).status], [id, 200]);
    }
    const record = await answer(new Request(`http://localhost/api/job?${new URLSearchParams({ id })}`));
    assertEquals((await record.json()).record.jobId, id);
  }
});
