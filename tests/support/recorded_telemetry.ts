import { type Meter, SpanKind, type Tracer } from "@opentelemetry/api";
import { type DataPoint, type Histogram, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { openTelemetry, type OpenTelemetryOptions, type Telemetry } from "../../src/host/opentelemetry.ts";

/** A reader that is asked for metrics, and exports none. */
class AskedReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** What the SDK of OpenTelemetry has recorded of engines. */
export class RecordedTelemetry {
  readonly #exporter = new InMemorySpanExporter();
  readonly #reader = new AskedReader();
  readonly #meters = new MeterProvider({ readers: [this.#reader] });

  /** Telemetry for one more host: with a tracer of its own, as a process has it. */
  ofHost(options: Partial<OpenTelemetryOptions> = {}): Telemetry {
    return openTelemetry({ tracer: this.createTracer(), meter: this.meter, ...options });
  }

  /** A tracer whose spans are recorded here. */
  createTracer(): Tracer {
    return new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: this.#exporter })] }).getTracer(
      "test",
    );
  }

  /** A meter whose metrics are recorded here. */
  get meter(): Meter {
    return this.#meters.getMeter("test");
  }

  /** The spans that have ended, in the order of their ends. */
  get spans(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  /** The spans of a name. */
  named(name: string): readonly ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** How many traces there are. */
  get traces(): number {
    return new Set(this.spans.map((span) => span.spanContext().traceId)).size;
  }

  /** The name of each span with that of its parent, and those of the spans that it links to. */
  tree(): string[] {
    const names = new Map(this.spans.map((span) => [span.spanContext().spanId, span.name]));
    const nameOf = (id: string | undefined) => id === undefined ? "nothing" : names.get(id) ?? "unknown";
    return this.spans.map(({ name, kind, parentSpanContext, links }) => {
      const origins = links.map(({ context }) => ` after ${nameOf(context.spanId)}`).join("");
      return `${name} (${SpanKind[kind]}) in ${nameOf(parentSpanContext?.spanId)}${origins}`;
    });
  }

  /** The points of a metric as they are now. */
  async points(name: string): Promise<readonly DataPoint<number | Histogram>[]> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw new AggregateError(errors, "metrics cannot be collected");
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return metrics.filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }): readonly DataPoint<number | Histogram>[] =>
        dataPoints as DataPoint<number | Histogram>[]
      );
  }
}
