import type { Job } from "./job.ts";
import {
  appendItems,
  clearLists,
  createSlotLists,
  type SlotChange,
  type SlotData,
  type SlotLists,
} from "./slot_data.ts";

/** The lists that a slot of a job holds, made when it has none. */
export function listsOf(job: Job, routine: string, slot: string): SlotLists {
  const slots = slotsOf(job, routine);
  const data = slots.get(slot);
  if (data?.kind === "lists") return data;
  const made = createSlotLists();
  slots.set(slot, made);
  return made;
}

function slotsOf(job: Job, routine: string): Map<string, SlotData> {
  const slots = job.slots.get(routine) ?? new Map<string, SlotData>();
  job.slots.set(routine, slots);
  return slots;
}

/** Changes what a slot of a job holds. */
export function applySlotChange(job: Job, change: SlotChange): void {
  const slots = slotsOf(job, change.routine);
  const data = slots.get(change.slot);
  if (change.kind === "set") {
    if (change.value === undefined) slots.delete(change.slot);
    else if (data?.kind !== "value") slots.set(change.slot, { kind: "value", value: change.value, revision: 0 });
    else {
      data.value = change.value;
      data.revision++;
    }
    return;
  }
  const lists = listsOf(job, change.routine, change.slot);
  if (change.kind === "clear") clearLists(lists, change.upTo);
  else appendItems(lists, change.items);
}
