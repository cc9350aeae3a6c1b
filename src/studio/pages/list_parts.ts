import { type Html, markup, type Part } from "../html.ts";
import type { JobView } from "./job_sections.ts";

/** The most rows of a table: of longer lists a page shows a part. */
export const MOST_ROWS = 100;

/** The lists of a job's page; the parameter of each says how many of its entries are passed over. */
export const LISTS = [
  "awaited",
  "tasks",
  "failures",
  "records",
  "outputs",
  "collected",
  "shared",
  "state",
  "log",
  "pauses",
] as const;

/** One of the lists. */
export type ListName = typeof LISTS[number];

/** The part of a list, of at most so many entries, that a page shows, how long all of it is, and links to the parts before and after. */
export function partOf<T>(
  { call: { link, query }, jobId, revision }: JobView,
  name: ListName,
  entries: readonly T[],
  most: number = MOST_ROWS,
): { readonly shown: readonly T[]; readonly links: Html } {
  const { length } = entries;
  const wanted = query.whole(name) ?? 0;
  // The list may have become shorter since.
  const from = wanted < length ? wanted : 0;
  const shown = entries.slice(from, from + most);
  const to = (offset: number, label: string, text: string): Part =>
    markup`<a href="${
      link("/job", { id: jobId, revision, [name]: offset })
    }#${name}-title" aria-label="${label}">${text}</a>`;
  const all = length.toLocaleString("en-US");
  if (shown.length === length) return { shown, links: markup`<span class="aside faint">${all}</span>` };
  return {
    shown,
    links: markup`<span class="aside zoom faint">${
      from > 0 && to(Math.max(0, from - most), `Earlier part of ${name}`, "←")
    } ${(from + 1).toLocaleString("en-US")} to ${(from + shown.length).toLocaleString("en-US")} of ${all} ${
      from + shown.length < length && to(from + most, `Further part of ${name}`, "→")
    }</span>`,
  };
}
