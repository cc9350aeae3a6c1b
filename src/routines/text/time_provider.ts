import { formatInstant } from "../../base/instant.ts";
import { listNames } from "../../base/options.ts";
import { describeValue } from "../../base/path.ts";
import type { Context } from "../../model/context.ts";
import type { Event } from "../../model/event.ts";
import { Routine } from "../../model/routine.ts";
import type { Slot } from "../../model/slot.ts";

/** The settings of a `TimeProvider`. */
export interface TimeProviderConfig {
  /** `"iso"`, `"timestamp"`, `"local"`, or a pattern such as `%Y-%m-%d`. @default {"iso"} */
  format?: string;
  /** The language of the local format. @default {"en"} */
  locale?: string;
  /** The time zone of the local format. @default {"UTC"} */
  timeZone?: string;
}

/** The present instant. */
export interface TimeInfo {
  /** The instant as a text. */
  readonly text: string;
  /** The instant in seconds since 1970, with a fraction. */
  readonly timestamp: number;
  /** The instant. */
  readonly date: Date;
}

/** The codes in a pattern, each with the part of the ISO text that replaces it: from, to. */
const PARTS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["%Y", [-24, -20]],
  ["%m", [-19, -17]],
  ["%d", [-16, -14]],
  ["%H", [-13, -11]],
  ["%M", [-10, -8]],
  ["%S", [-7, -5]],
  ["%L", [-4, -1]],
]);

/**
 * Sends the present instant of the engine's clock, in UTC. Only the `local` format depends on the host, which writes it by
 * `Intl`.
 *
 * @example
 * ```ts
 * import { manualTimers, runRoutine } from "@routilux/routilux/testing";
 * import { TimeProvider } from "@routilux/routilux/routines/text";
 *
 * const provider = new TimeProvider().setFormat("%Y-%m-%d");
 * const { emitted } = await runRoutine(provider, provider.trigger, {}, { timers: manualTimers(0) });
 * emitted[0]?.data; // { text: "1970-01-01", timestamp: 0, date: new Date(0) }
 * ```
 */
export class TimeProvider extends Routine<TimeProviderConfig> {
  /** Takes any data; each delivery asks for the time. */
  readonly trigger: Slot<unknown> = this.addSlot<unknown>("trigger", this.tell);
  /** Sends the instant. */
  readonly output: Event<TimeInfo> = this.addEvent<TimeInfo>("output", { params: ["text", "timestamp", "date"] });

  /**
   * Sets how the text is written: `"iso"`, `"timestamp"`, `"local"`, or a pattern of `%Y`, `%m`, `%d`, `%H`, `%M`, `%S`, `%L`
   * (milliseconds) and `%%`.
   *
   * @throws {TypeError} for another format
   */
  setFormat(format: string): this {
    const action = "Cannot set the format";
    if (!["iso", "timestamp", "local"].includes(format) && !format.includes("%")) {
      const formats = 'expected "iso", "timestamp", "local" or a pattern such as "%Y-%m-%d"';
      throw new TypeError(`${action}: ${formats}, got ${describeValue(format)}`);
    }
    const unknown = format.match(/%.?/gs)?.find((part) => part !== "%%" && !PARTS.has(part));
    if (unknown !== undefined) {
      throw new TypeError(
        `${action}: "${unknown}" stands for nothing; known are ${listNames(new Set([...PARTS.keys(), "%%"]))}`,
      );
    }
    return this.setConfig({ format });
  }

  /** The handler of `trigger`. */
  tell(_params: unknown, ctx: Context): void {
    const now = ctx.now();
    ctx.emit(this.output, { text: this.#text(now), timestamp: now / 1_000, date: new Date(now) });
  }

  #text(now: number): string {
    const format = this.getConfig("format", "iso");
    const iso = formatInstant(now);
    if (format === "iso") return iso;
    if (format === "timestamp") return String(now / 1_000);
    if (format !== "local") {
      return format.replaceAll(/%./gs, (part) => {
        const range = PARTS.get(part);
        return range === undefined ? part.slice(1) : iso.slice(...range);
      });
    }
    const timeZone = this.getConfig("timeZone", "UTC");
    const options = { dateStyle: "long", timeStyle: "medium", timeZone } as const;
    return new Intl.DateTimeFormat(this.getConfig("locale", "en"), options).format(now);
  }
}
