import { formatInstant, parseInstant } from "../../base/instant.ts";
import type { JobRecord } from "../../ports/store.ts";
import { holderOf } from "../holders.ts";
import { type Html, markup } from "../html.ts";

/** The most characters of a value on a page: the document has all of it. */
const MOST_CHARACTERS = 2_000;

/** A status, with a mark of its colour. */
export function chip(status: string): Html {
  return markup`<span class="chip is-${status}">${status.replace("_", ", ")}</span>`;
}

/** An instant, as far away from now as it is; all of it is shown on top. */
export function instant(at: number | string, now: number): Html {
  const ms = typeof at === "number" ? at : parseInstant(at) ?? now; // Unreachable default: documents have instants only.
  const text = formatInstant(ms);
  return markup`<time datetime="${text}" title="${text.replace("T", " ").replace(/\.(\d+)Z$/, ".$1 UTC")}">${
    away(ms - now)
  }</time>`;
}

function away(ms: number): string {
  const text = duration(Math.abs(ms));
  if (Math.abs(ms) < 1_000) return "now";
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** A duration in one or two words. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes < 10 && seconds % 60 > 0 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return hours < 10 && minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/** The most characters and lines of a value that is shown whole: one that has more scrolls. */
const MOST_AT_ONCE = 400;
const MOST_LINES = 14;

/** A value as JSON: in a line where it is short, else with lines and indents; cut off where it is very long. */
export function jsonOf(value: unknown): Html {
  if (value === undefined) return markup`<span class="faint">–</span>`;
  const line = JSON.stringify(value);
  const text = line.length <= 80 ? line : JSON.stringify(value, undefined, 2);
  const shown = text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
  const code = line.length <= 80
    ? markup`<code>${shown}</code>`
    : shown.length <= MOST_AT_ONCE && shown.split("\n").length <= MOST_LINES
    ? markup`<pre>${shown}</pre>`
    // What scrolls must be reached by the keyboard, too.
    : markup`<pre class="tall" role="group" aria-label="A long value" tabindex="0">${shown}</pre>`;
  return text.length <= MOST_CHARACTERS
    ? code
    : markup`${code}<p class="faint">Cut off after ${MOST_CHARACTERS} of ${text.length} characters</p>`;
}

/** A number with its word. */
export function counted(count: number, one: string, several: string = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : several}`;
}

/** A text that users have chosen, as long as a table bears. */
export function short(text: string, most: number = 80): string {
  const characters = Array.from(text.slice(0, 2 * most + 2));
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

/** The name of an engine: those that were given none have long ones. */
export function ownerName(owner: string): Html {
  return markup`<span class="owner" title="${owner.slice(0, 200)}">${short(owner, 16)}</span>`;
}

/** Who holds a job. */
export function holder(record: JobRecord, now: number): Html {
  const owner = holderOf(record, now);
  return owner === undefined ? markup`<span class="faint">–</span>` : ownerName(owner);
}
