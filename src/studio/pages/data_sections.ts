import { type Html, markup, type Part } from "../html.ts";
import type { JobView } from "./job_sections.ts";
import { section, table } from "./layout.ts";
import { type ListName, partOf } from "./list_parts.ts";
import { instant, jsonOf, short } from "./texts.ts";

/** The sections of a job's data: what slots have collected, outputs, shared data, state, log and history. */
export function dataSections(view: JobView): Html {
  const { job, now, summary: { collected } } = view;
  const { executionHistory = [], outputLog = [], pausePoints = [], sharedData = {}, sharedLog = [] } = job;
  const states = Object.entries(job.routineStates ?? {}).filter(([, { state }]) => state !== undefined);
  return markup`${
    rows(view, "Collected, waiting for more", "collected", ["Routine", "Slot", "Key", "Items"], collected, (it) => [
      short(it.routine),
      short(it.slot),
      short(it.key),
      String(it.items),
    ])
  }${
    rows(view, "Outputs", "outputs", ["When", "Routine", "Type", "Data"], newest(outputLog), (it) => [
      instant(it.at, now),
      short(it.routine),
      short(it.type),
      jsonOf(it.data),
    ])
  }${
    rows(view, "Shared data", "shared", ["Key", "Value"], Object.entries(sharedData), ([key, value]) => [
      short(key),
      jsonOf(value),
    ])
  }${rows(view, "State", "state", ["Routine", "State"], states, ([id, { state }]) => [short(id), jsonOf(state)])}${
    rows(view, "Log", "log", ["When", "Routine", "Entry"], newest(sharedLog), ({ at, entry, routine }) => [
      instant(at, now),
      short(routine),
      jsonOf(entry),
    ])
  }${
    rows(view, "Pauses", "pauses", ["When", "Reason", "Checkpoint"], newest(pausePoints), (it) => [
      instant(it.at, now),
      (it.reason ?? "").slice(0, 500),
      jsonOf(it.checkpoint),
    ])
  }${
    rows(view, "History", "records", ["When", "Routine", "What", "Data"], newest(executionHistory), (it) => [
      instant(it.at, now),
      short(it.routine),
      it.event === undefined ? it.type : `${it.type} ${short(it.event)}`,
      it.data === undefined ? "" : jsonOf(it.data),
    ])
  }`;
}

function newest<T>(entries: readonly T[]): readonly T[] {
  return entries.toReversed();
}

/** A section with a table of a list; without entries it is not seen, but may get some while the page is open. */
function rows<T>(
  view: JobView,
  title: string,
  id: ListName,
  head: readonly string[],
  entries: readonly T[],
  row: (entry: T) => readonly Part[],
): Html {
  if (entries.length === 0) return markup`<div id="${id}" data-live></div>`;
  const { links, shown } = partOf(view, id, entries);
  return section(title, id, table(title, head, shown.map(row)), links);
}
