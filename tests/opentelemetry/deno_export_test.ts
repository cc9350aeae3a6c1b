import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { runProcess } from "../support/started_process.ts";

/** A span as a collector gets it in JSON. */
interface ExportedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly links: readonly { readonly spanId: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: { readonly boolValue?: boolean } }[];
}

/** What a collector gets. */
interface ExportedBatch {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[] }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}

const PROCESS = fileURLToPath(new URL("../support/exporting_process.ts", import.meta.url));

/** Runs a process whose runtime exports to a collector here, and gives what has come. */
async function collect(): Promise<readonly ExportedBatch[]> {
  const batches: ExportedBatch[] = [];
  const collector = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    batches.push(JSON.parse(text));
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await once(collector.listen(0, "127.0.0.1"), "listening");
  const address = collector.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const env = {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  };
  try {
    const { code, stderr } = await runProcess({ args: [PROCESS], env });
    assertEquals(code, 0, stderr);
  } finally {
    collector.closeAllConnections();
    collector.close();
  }
  return batches;
}

const skip = "Deno" in globalThis ? false : "only Deno exports by itself";

test(
  "C446 the export that is built into Deno has the spans of a job, and its metrics",
  { timeout: 120_000, skip },
  async () => {
    const batches = await collect();
    const spans = batches.flatMap(({ resourceSpans = [] }) => resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans);
    const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
    assertEquals(
      spans.map(({ name, parentSpanId, links }) => [
        name,
        names.get(parentSpanId),
        links.map(({ spanId }) => names.get(spanId)),
      ]),
      [
        ["create exported", undefined, []],
        ["process first.trigger", "job exported", []],
        ["process second.trigger", "job exported", ["process first.trigger"]],
        ["job exported", "create exported", []],
      ],
    );
    assertEquals(new Set(spans.map(({ traceId }) => traceId)).size, 1);
    const seen = spans.filter(({ attributes }) =>
      attributes.some(({ key, value }) => key === "seen" && value.boolValue)
    );
    assertEquals(seen.map(({ name }) => name), ["process first.trigger", "process second.trigger"]);
    const metrics = batches.flatMap(({ resourceMetrics = [] }) => resourceMetrics)
      .flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics.map(({ name }) => name));
    for (const name of ["messaging.process.duration", "routilux.tasks", "routilux.job.transitions"]) {
      assertEquals(metrics.includes(name), true, name);
    }
  },
);
