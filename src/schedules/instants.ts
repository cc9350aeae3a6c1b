import { Cron } from "croner";
import { checkName } from "../base/options.ts";

/** When the jobs of a schedule begin. */
export interface Times {
  /** The cron text. */
  readonly cron: string;
  /** The time zone of its hours. */
  readonly timeZone: string;
}

/**
 * Checks the times of a schedule.
 *
 * @throws {TypeError} for a text that is no cron pattern, one that never comes, and a time zone that there is not
 */
export function checkTimes(action: string, { cron, timeZone }: Times, now: number): void {
  checkName(action, "cron", cron);
  checkName(action, "timeZone", timeZone);
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch (cause) {
    throw new TypeError(
      `${action}: there is no time zone ${JSON.stringify(timeZone)}; names are such as "Europe/Berlin"`,
      {
        cause,
      },
    );
  }
  let next: number | undefined;
  try {
    next = nextAfter({ cron, timeZone }, now);
  } catch (cause) {
    // Unreachable default: the parser throws errors.
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(
      `${action}: cron is ${JSON.stringify(cron)}, which is no pattern: ${why}; patterns are such as "0 3 * * *"`,
      { cause },
    );
  }
  if (next === undefined) throw new TypeError(`${action}: cron is ${JSON.stringify(cron)}, which never comes`);
}

/** The first instant of a schedule after another; `undefined` when there is none. */
export function nextAfter(times: Times, at: number): number | undefined {
  return cronOf(times).nextRun(new Date(at))?.getTime();
}

/** The last instant of a schedule before another. */
export function lastBefore(times: Times, at: number): number | undefined {
  return cronOf(times).previousRuns(1, new Date(at))[0]?.getTime();
}

/** By this rule "30 2,14 * * *" is at fixed times, too: by another one its first job would be missing, or there twice, when clocks are set. */
const FIXED_TIMES = "no-wildcard";

function cronOf({ cron, timeZone }: Times): Cron {
  return new Cron(cron, { timezone: timeZone, paused: true, fixedTimeRule: FIXED_TIMES });
}
