/** One file and the defects that the tests must notice in it. */
export interface MutatedFile {
  /** The path from the root of the repository. */
  readonly file: string;
  /** The tests that must notice: files and folders, fast ones. */
  readonly tests: readonly string[];
  readonly mutants: readonly Mutant[];
}

/** A defect: a piece of the file that occurs once, and what is put in its place. */
export type Mutant = readonly [find: string, replacement: string];

const MERGE_TESTS = [
  "tests/engine/merge_test.ts",
  "tests/engine/merge_retry_test.ts",
  "tests/engine/slot_data_test.ts",
];

/**
 * The defects, for what a job hangs on: its commits, its slots, the order of its tasks, the reading of its values, the check
 * before a resume.
 */
export const MUTATED_FILES: readonly MutatedFile[] = [
  {
    file: "src/values/json.ts",
    tests: ["tests/base", "tests/model/seen_values_test.ts"],
    mutants: [
      ["if (!(stored instanceof Encoded)) freezeJson(stored);", ""],
      ["  freezeJson(json);\n  return json;", "  return json;"],
      ['if (typeof part === "object" && isOwnKey(json, key)) freezeJson(part);', "void part;"],
      ['if (typeof part === "object" && isOwnKey(json, key))', 'if (typeof part === "object")'],
      ['      if (typeof part === "object") freezeJson(part);', ""],
    ],
  },
  {
    file: "src/values/encode.ts",
    tests: ["tests/base"],
    mutants: [
      ["      nodes++;\n", ""],
      ["&& isUserKey(key) ? scalarOf", "? scalarOf"],
      ["encoder === undefined && isUserKey", "isUserKey"],
      ["bytes === Infinity && nodes <= most", "nodes <= most"],
      ["bytes === Infinity && nodes <= most", "bytes === Infinity"],
      ["encodePart(record, key, value, known)", "encodePart(record, key, value, undefined)"],
      ["if (key !== keys[count++]) return false", "count++"],
      ["return count === keys.length && last", "return last"],
      ["last !== undefined && isOwnKey(record, last)", "last !== undefined"],
      ["if (value === copy[key]) continue;", ""],
      ["(others ??= {})[key] = value", "continue"],
      ["limits.bytes === Infinity && isRecord(known)", "isRecord(known)"],
      ["encodeWide({ ...copy, ...others }, known)", "encodeWide({ ...copy, ...others }, undefined)"],
    ],
  },
  {
    file: "src/values/encoder.ts",
    tests: ["tests/base", "tests/model/seen_values_test.ts"],
    mutants: [
      ["    this.#isFrozen = false;\n    return copy;", "    return copy;"],
      ["    this.#isFrozen = false;\n    return items;", "    return items;"],
      ["return this.#isFrozen ? Object.freeze(copy) : copy;", "return copy;"],
      ["return this.#isFrozen ? Object.freeze(copy) : copy;", "return Object.freeze(copy);"],
      ["(copied === value && copied !== 0)", "copied === value"],
    ],
  },
  {
    file: "src/job/task.ts",
    tests: ["tests/model/seen_values_test.ts", "tests/job", "tests/engine/retry_test.ts"],
    mutants: [
      ["    freezeValue(task.data);\n", ""],
      ["  else task.marks &= ~ACTIVE;\n", ""],
    ],
  },
  {
    file: "src/values/value_reader.ts",
    tests: ["tests/base", "tests/documents/job_document_test.ts"],
    mutants: [
      ["this.#adopts ? array as JsonValue[] : cloneArray(array)", "array as JsonValue[]"],
      ["this.#adopts ? record as Record<string, JsonValue> : { ...record }", "record as Record<string, JsonValue>"],
      ["if (this.#adopts && Object.isFrozen(read)) read = [...read];", ""],
      ["if (this.#adopts && Object.isFrozen(read)) read = { ...read };", ""],
      ["if (array.length > this.#limits.nodes - this.#nodes) this.#tooMany(depth);", ""],
      ["        isWhole = false;\n", ""],
      ["return value === 0 ? 0 : value;", "return value;"],
    ],
  },
  {
    file: "src/job/apply.ts",
    tests: ["tests/job", "tests/documents/commit_test.ts", "tests/documents/replay_test.ts", "tests/engine"],
    mutants: [
      ["(task.details?.step ?? 0) === commit.step", "true"],
      ["unseen && job.tasks.has(task)", "unseen"],
      ["const next = Math.min(step + 1, MAX_COUNT);", "const next = step;"],
      ['setActive(task, outcome === "active");', "setActive(task, false);"],
      ['parked: outcome === "parked"', "parked: false"],
      ["for (const other of active) setActive(other, true);", ""],
      ["for (const task of active) setActive(task, true);", ""],
      ["if (job.time !== commit.time) job.time = commit.time;", ""],
      ["job.error ??= error;", "job.error = undefined;"],
      ["job.failures.push(", "void ("],
      ["slots.length + log.length + outputs.length + deferred.length", "slots.length + log.length + deferred.length"],
      ["slots.length + log.length + outputs.length + deferred.length", "slots.length + log.length + outputs.length"],
      ["job.deferredEvents.length = 0;", ""],
      ["if (redrive) putFailuresBack", "if (false) putFailuresBack"],
      ["details.attempt, MAX_COUNT)", "0, MAX_COUNT)"],
      ["ROUTINE_STATUSES.indexOf(status) < ", "ROUTINE_STATUSES.indexOf(status) > "],
      ["if (task.id >= job.nextTaskId) job", "job"],
      ["  task.details = detailsOf(priorityOf(task));", ""],
      ["if (value === undefined) map.delete(key);\n    else map.set", "map.set"],
      ["data.revision++;", ""],
    ],
  },
  {
    file: "src/documents/job_encoder.ts",
    tests: ["tests/documents/job_document_test.ts"],
    mutants: [
      ['if (some.length > 0 || text === "") write();', "write();"],
      ["    some = [];\n  };", "  };"],
    ],
  },
  {
    file: "src/engine/activation/merge.ts",
    tests: [...MERGE_TESTS, "tests/engine/schema_test.ts"],
    mutants: [
      ["const data = checkDelivery(dataOf(task), plan, classes, limits);", "const data = dataOf(task);"],
      ["[old, decodeValue(data, classes)]", "[decodeValue(data, classes), old]"],
      ["Reflect.apply(slot.merge, routine.routine,", "Reflect.apply(slot.merge, undefined,"],
      [" || slot.handler === undefined;", ";"],
      ['merged: { kind: "value", value }', 'merged: { kind: "value", value: data }'],
      ["from: list?.cleared ?? 0", "from: 0"],
      ["to: end + 1", "to: end"],
      ["data instanceof Encoded ? new Encoded(value) : value", "value"],
    ],
  },
  {
    file: "src/job/job.ts",
    tests: ["tests/engine/job_id_test.ts"],
    mutants: [["this.#jobId = this.#jobId();", "return this.#jobId();"]],
  },
  {
    file: "src/engine/activation/job_values.ts",
    tests: ["tests/engine"],
    mutants: [
      ["write?.isSet === true ? write.value : ", ""],
      [
        "else if (write.changes === undefined) write.changes = [added];\n    else write.changes.push(added);",
        "else write.changes = [added];",
      ],
      [
        "else if (write.changes === undefined) write.changes = [added];",
        "else if (write.changes === undefined) this.#setWrite(key, { isSet: false, value: undefined, changes: [added] });",
      ],
      ["    this.#others = undefined;\n", ""],
    ],
  },
  {
    file: "src/engine/execution/loop.ts",
    tests: ["tests/engine"],
    mutants: [
      ["time !== this.#workedAt || this.#runs === MOST_RUNS", "time !== this.#workedAt"],
      ["isSpent ? undefined : time", "time"],
      ["this.#pacer.isSpent(time, this.#runs + 1)", "this.#pacer.isSpent(time, 1)"],
    ],
  },
  {
    file: "src/engine/execution/pacer.ts",
    tests: ["tests/engine/jobs_test.ts", "tests/engine/loop_test.ts"],
    mutants: [
      ["Promise.resolve().then(() => this.#next());", "this.#next();"],
      ["if (this.isSpent({ at: this.#timers.now() }, 1)) return this.#request();\n", ""],
    ],
  },
  {
    file: "src/engine/activation/plan.ts",
    tests: ["tests/engine/limits_test.ts"],
    mutants: [["last !== undefined && last.time.at === time.at", "last !== undefined"]],
  },
  {
    file: "src/engine/execution/committer.ts",
    tests: ["tests/engine"],
    mutants: [['commit.kind === "step" || commit.kind === "failure"', 'commit.kind === "step"']],
  },
  {
    file: "src/engine/execution/handler_runner.ts",
    tests: ["tests/engine"],
    mutants: [
      ["if (this.#current === undefined && this.#active.size === 0) return;", "if (this.#active.size === 0) return;"],
      [
        "if (this.#current === undefined && this.#active.size === 0) return;",
        "if (this.#current === undefined) return;",
      ],
      ["live.activation.reopen();", ""],
    ],
  },
  {
    file: "src/job/history.ts",
    tests: ["tests/job"],
    mutants: [
      ['if ("type" in entry) return entry;', ""],
      ["entry.data, entry.created)", "entry.data, { at: 0 })"],
      ["entry.data, entry.time)", "entry.data, { at: 0 })"],
    ],
  },
  {
    file: "src/base/bounded_list.ts",
    tests: ["tests/base"],
    mutants: [
      ["head + 1 === limit ? 0 : head + 1", "head + 1"],
      ["    this.#dropped++;\n", ""],
      ["this.#head > 0 || this.#items.length > limit", "this.#head > 0"],
      ["this.#head > 0 || this.#items.length > limit", "this.#items.length > limit"],
      ["    this.#dropped += excess;\n", ""],
      ["this.#dropped = dropped;", ""],
    ],
  },
  {
    file: "src/job/emissions.ts",
    tests: ["tests/job", "tests/engine", "tests/model/seen_values_test.ts"],
    mutants: [
      ["task.id = firstId + i;", "task.id = firstId;"],
      ["frozenWireOf(data);", "data instanceof Encoded ? data.json : data;"],
      ["this.#emitted?.push(task);", ""],
      ["this.#emitted ??= [...this.tasks];", "this.#emitted ??= [];"],
      ["if (delayMs > 0) (this", "if (false) (this"],
      ['if ("source" in each) each.time = time;', ""],
    ],
  },
  {
    file: "src/job/slot_data.ts",
    tests: ["tests/job", ...MERGE_TESTS],
    mutants: [
      [" && position > list.cleared)", ")"],
      ["Math.min(position, listEnd(list))", "listEnd(list)"],
      ["Math.min(list.cleared, firstHeld(data.holders, key, list.start))", "list.cleared"],
      ["    list.start = from;\n", ""],
      ["    if (list.items.length === 0) data.lists.delete(key);\n", ""],
      ["list.items = list.items.slice(from - list.start)", "list.items.splice(0, from - list.start)"],
      ["  dropCleared(data, upTo.keys());\n", ""],
      ["if (!watch.has(list)) watch.set", "watch.set"],
    ],
  },
  {
    file: "src/job/ready_queue.ts",
    tests: ["tests/job", "tests/engine", "tests/travel/active_first_test.ts"],
    mutants: [
      ["if (task.id > this.newest) {", "if (true) {"],
      ["isFirst(late, fresh) ? this.late", "isFirst(fresh, late) ? this.late"],
      ["if (isFirst(parked, fresh) && isFirst(parked, late))", "if (parked !== undefined)"],
      ["if (isActive(task)) this.#resumed.push(task);\n      else this", "this"],
      ["return this.fresh.size + this.late.size;", "return this.fresh.size;"],
      ["details.awaiting !== undefined || (", "("],
      ["due > now", "due < now"],
      ["this.#lane(task).parked.push(task)", "this.#lane(task).add(task)"],
      ["next.at <= now", "next.at < now"],
      ["if (next.task.details?.awaiting !== undefined) expired.push(next.task);\n      else ", ""],
      [" && first.task.details === first.details", ""],
      ["a.at === b.at && a.task.id < b.task.id", "a.at === b.at && a.task.id > b.task.id"],
      ['priority === "high" ? this.#high ??= new Lane() : ', ""],
    ],
  },
  {
    file: "src/stores/sqlite_store/group_writer.ts",
    tests: ["tests/stores/sqlite/sqlite_store_test.ts"],
    mutants: [
      ["if (length > seen && length < LARGE_GROUP) queueMicrotask", "if (false) queueMicrotask"],
      [" && length < LARGE_GROUP", ""],
    ],
  },
  {
    file: "src/documents/preflight.ts",
    tests: [
      "tests/documents/preflight_test.ts",
      "tests/documents/routine_versions_test.ts",
      "tests/travel/resume_refused_test.ts",
    ],
    mutants: [
      ["if (job.flowId !== graph.id) {", "if (false) {"],
      ["if (!graph.registry.hasClass(name)) {", "if (false) {"],
      ["if (seen.has(task.id))", "if (false)"],
      ["    seen.add(task.id);\n", ""],
      ["    path.index++;\n", ""],
      ["task.id >= job.nextTaskId", "task.id > job.nextTaskId"],
      ["  job.failures.forEach(({ task }, at) => check(task, `failures[${at}].task`));\n", ""],
      ["merged !== undefined && (merged.kind", "merged === null && (merged.kind"],
      [" || !graph.leadsTo(event, slot)", ""],
      ['else if ((data.kind === "lists") !== (slot.merge === "append"))', "else if (false)"],
      ["if (version > present)", "if (false)"],
      [" && (state?.size ?? 0) > 0", ""],
      [" && !hasOwnMigration(routine)", ""],
      ["else if (routine.getEvent(event) === undefined)", "else if (false)"],
      ["  checkSettings(job, graph, add);\n", ""],
    ],
  },
];
