/**
 * What reading and writing a job may change, and nothing else: the order of the library's keys and of pending tasks, -0,
 * and what is optional and empty. Two documents that differ otherwise are two documents.
 */
export function normalJob(document: unknown): string {
  const job = { ...record(document) };
  const lists = ["deferredEvents", "executionHistory", "failures", "formerNames", "outputLog", "pausePoints"];
  for (const key of [...lists, "sharedLog"]) {
    if (Array.isArray(job[key]) && job[key].length === 0) delete job[key];
  }
  if (job["formerNames"] !== undefined) {
    job["formerNames"] = list(job["formerNames"]).map((it) => withoutEmpty(record(it), isEmpty));
  }
  job["pendingTasks"] = list(job["pendingTasks"]).toSorted((a, b) => Number(record(a)["id"]) - Number(record(b)["id"]));
  job["slots"] = normalSlots(job["slots"]);
  const states = mapped(job["routineStates"], (state) => {
    const { state: values, ...rest } = record(state);
    return isEmpty(values) ? rest : { ...rest, state: values };
  });
  job["routineStates"] = states;
  for (const key of ["arrivals", "dropped", "routineStates", "sharedData", "slots"]) {
    if (isEmpty(job[key])) delete job[key];
  }
  return canonical(job);
}

/** JSON with all keys sorted: two that say the same are the same text. Numbers are compared as numbers. */
export function canonical(json: unknown): string {
  return JSON.stringify(json, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
  });
}

/** A value as an object, or an empty one. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {};
}

/** A value as a list, or an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Says whether an object has no keys, or a list no items; what is missing is empty. */
export function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

/** The object with each of its values changed. */
export function mapped(object: unknown, change: (value: unknown, key: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record(object)).map(([key, value]) => [key, change(value, key)]));
}

/** A slot without lists of which it has none, and a routine without slots, hold nothing. */
function normalSlots(slots: unknown): Record<string, unknown> {
  const routines = mapped(
    slots,
    (held) =>
      withoutEmpty(
        mapped(held, normalSlot),
        (slot) => isEmpty(record(slot)["lists"]) && Object.hasOwn(record(slot), "lists"),
      ),
  );
  return withoutEmpty(routines, isEmpty);
}

/** A mark that a list was cleared up to where it begins says nothing. */
function normalSlot(slot: unknown): unknown {
  const { lists, ...rest } = record(slot);
  if (lists === undefined) return rest;
  const marked = list(lists).map((it) => {
    const { cleared, ...others } = record(it);
    return cleared === undefined || cleared === (others["start"] ?? 0) ? others : { ...others, cleared };
  });
  return { ...rest, lists: marked };
}

/** The object without values that say nothing. */
export function withoutEmpty(
  object: Readonly<Record<string, unknown>>,
  isNothing: (value: unknown) => boolean,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isNothing(value)));
}
