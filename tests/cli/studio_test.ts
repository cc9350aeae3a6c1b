import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { inOwnFolder, runCommand } from "./run_command.ts";
import { makeStore } from "./sample_store.ts";

/** Asks a server by the request line and the host of one's choice: `fetch` would not send any. */
async function ask(port: number, path: string, host: string): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, headers: { host } }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode));
    });
    sent.once("error", reject);
    sent.end();
  });
}

test("studio serves the page of a store on loopback until it is ended", () =>
  inOwnFolder(async (path) => {
    await makeStore(path("jobs.db"), async ({ start }) => {
      await start("asks", {});
    });
    const store = `sqlite:${path("jobs.db")}`;
    const end = new AbortController();
    let began = (_url: string): void => {};
    const url = new Promise<string>((resolve) => began = resolve);
    const ended = runCommand(["studio", "--port", "0", "--json", "--store", store], {
      signal: end.signal,
      onOutput: (text) => began(JSON.parse(text).url),
    });
    const base = await url;
    assertMatch(base, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const port = Number(new URL(base).port);

    const page = await fetch(base);
    assertMatch(await page.text(), /asks/);
    const cookie = page.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const { token } = await (await fetch(`${base}api/token`, { headers: { cookie } })).json();
    const act = (what: string, body: object) =>
      fetch(`${base}api/job/${what}?id=asks`, {
        method: "POST",
        headers: { cookie, "x-routilux-token": token, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const asked = await act("deliver", { routine: "office", slot: "answer", data: { n: 4 } });
    assertEquals([asked.status, (await asked.json()).outcome], [202, "stored"]);
    const refused = await act("start", { routine: "office", slot: "trigger" });
    assertEquals(refused.status, 409);
    await refused.body?.cancel();
    const events = await fetch(`${base}api/job/events?id=asks`);
    const reader = events.body?.getReader();
    assertEquals(new TextDecoder().decode((await reader?.read())?.value), ": open\n\n");

    assertEquals(await ask(port, "/", "evil.example"), 403);
    // A path that could be taken for a host.
    assertEquals(await ask(port, "//localhost/", "evil.example"), 403);
    assertEquals(await ask(port, "http://localhost/", "evil.example"), 400);
    assertEquals(await ask(port, "/", "localhost/@evil.example"), 400);
    assertEquals(await ask(port, "/", "localhost"), 200);

    const taken = await runCommand(["studio", "--port", String(port), "--store", store]);
    assertEquals(taken.exit, 2);
    assertMatch(taken.errors, /the port \d+ cannot be used: .*; choose another --port/);
    end.abort();
    assertEquals((await ended).exit, 0);
    await reader?.cancel().catch(() => {});
  }));

test("studio starts jobs of the flows that the module of its registry exports, into an empty store", () =>
  inOwnFolder(async (path) => {
    await makeStore(path("jobs.db"), async () => {});
    const library = new URL("../../mod.ts", import.meta.url).href;
    await writeFile(
      path("flows.ts"),
      `import { Flow, Registry, Routine } from "${library}";
       class Report extends Routine { trigger = this.addSlot("trigger", this.write); write() {} }
       export const registry = new Registry({ Report });
       export const reports = new Flow({ id: "reports", registry });
       reports.addRoutine(new Report(), "report");
       export { reports as again };`,
    );
    const end = new AbortController();
    let began = (_url: string): void => {};
    const url = new Promise<string>((resolve) => began = resolve);
    const args = ["studio", "--port", "0", "--json", "--store", `sqlite:${path("jobs.db")}`];
    const ended = runCommand([...args, "--registry", path("flows.ts")], {
      signal: end.signal,
      onOutput: (text) => began(JSON.parse(text).url),
    });
    const base = await url;
    const { flows } = await (await fetch(`${base}api/flows`)).json();
    assertEquals(flows, [{ flowId: "reports", entries: [{ routine: "report", slot: "trigger" }] }]);
    const given = await fetch(`${base}api/token`);
    const cookie = given.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const { token } = await given.json();
    const started = await fetch(`${base}api/flow/start?id=reports`, {
      method: "POST",
      headers: { cookie, "x-routilux-token": token, "content-type": "application/json" },
      body: JSON.stringify({ routine: "report", slot: "trigger", jobId: "march" }),
    });
    assertEquals([started.status, (await started.json()).jobId], [201, "march"]);
    end.abort();
    assertEquals((await ended).exit, 0);
    const { output } = await runCommand(["jobs", "list", "--json", "--store", `sqlite:${path("jobs.db")}`]);
    assertEquals(JSON.parse(output).jobs[0].jobId, "march");
  }));

test("studio says what is wrong with its port, and which store is missing", () =>
  inOwnFolder(async (path) => {
    const wrong = await runCommand(["studio", "--port", "70000", "--store", `sqlite:${path("jobs.db")}`]);
    assertEquals(wrong.exit, 2);
    assertMatch(wrong.errors, /--port is 70000, and must be at most 65535/);
    assertEquals((await runCommand(["studio", "--store", `sqlite:${path("gone.db")}`])).exit, 4);
    const isOver = AbortSignal.abort();
    await makeStore(path("jobs.db"), async () => {});
    const over = await runCommand(["studio", "--port", "0", "--store", `sqlite:${path("jobs.db")}`], {
      signal: isOver,
    });
    assertEquals([over.exit, over.output.startsWith("The studio is at http://127.0.0.1:")], [0, true]);
  }));
