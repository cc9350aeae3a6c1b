import {
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The header `traceparent` of W3C Trace Context, and nothing else: it needs no SDK. */
export const traceparentPropagator: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    const span = trace.getSpanContext(context);
    if (span === undefined || !isSpanContextValid(span)) return;
    const flags = span.traceFlags.toString(16).padStart(2, "0");
    setter.set(carrier, "traceparent", `00-${span.traceId}-${span.spanId}-${flags}`);
  },
  extract(context, carrier, getter) {
    const header = getter.get(carrier, "traceparent");
    const [, traceId = "", spanId = "", flags = ""] = TRACEPARENT.exec(typeof header === "string" ? header : "") ?? [];
    const span = { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
    return isSpanContextValid(span) ? trace.setSpanContext(context, span) : context;
  },
  fields: () => ["traceparent"],
};

/** The headers that a propagator writes, by name. */
type Carrier = Record<string, string>;

const setter = {
  set: (carrier: Carrier, key: string, value: string): void => {
    carrier[key] = value;
  },
};

const getter = {
  get: (carrier: Carrier, key: string): string | undefined => Object.hasOwn(carrier, key) ? carrier[key] : undefined,
  keys: (carrier: Carrier): string[] => Object.keys(carrier),
};

/** The text that is kept for a span: the headers of a propagator, as JSON. `undefined` when the propagator has written none. */
export function writeTrace(propagator: TextMapPropagator<unknown>, span: Span, under: Context): string | undefined {
  const carrier: Carrier = {};
  propagator.inject(trace.setSpan(under, span), carrier, setter);
  return Object.keys(carrier).length === 0 ? undefined : JSON.stringify(carrier);
}

/**
 * The context that a text was kept for; `undefined` for no text, and for one that says nothing here. Documents may come from anywhere:
 * a text that a propagator fails at must not fail the handler.
 */
export function readTrace(propagator: TextMapPropagator<unknown>, text: string | undefined): Context | undefined {
  if (text === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== "object" || json === null) return undefined;
    const carrier = Object.fromEntries(Object.entries(json).filter(([, value]) => typeof value === "string"));
    const context = propagator.extract(ROOT_CONTEXT, carrier, getter);
    return trace.getSpanContext(context) === undefined ? undefined : context;
  } catch {
    return undefined;
  }
}
