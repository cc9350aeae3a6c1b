/** A replacement of a piece of source code, which must be there exactly once. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A deliberate defect of the library, which a simulated fleet must find. */
export interface FleetDefect {
  /** The rule that it breaks: a number of the design's list, or the letter of a fault that was there. */
  readonly rule: string;
  readonly what: string;
  readonly edits: readonly Edit[];
  /** Why no fleet can find it, if that is so. */
  readonly unfound?: string;
}

const DURABLE = "src/engine/durable";
const EXECUTION = "src/engine/execution";
const INBOX = `${DURABLE}/inbox.ts`;
const KIT = "src/ports/store_kit.ts";
const LEASES = "src/ports/lease_kit.ts";
const MEMORY = "src/stores/memory_store.ts";
const OWNERSHIP = `${DURABLE}/ownership.ts`;
const SESSION = `${DURABLE}/store_session.ts`;
const DUE = `${DURABLE}/due_jobs.ts`;
const START = `${EXECUTION}/stored_start.ts`;
const DEADLINES = `${EXECUTION}/deadlines.ts`;
const PASSED_DEADLINES = `${EXECUTION}/passed_deadlines.ts`;
const STORED_FLOW_JOBS = `${EXECUTION}/stored_flow_jobs.ts`;
const EXECUTION_FILE = `${EXECUTION}/execution.ts`;
const FIRST_TASKS = `${DURABLE}/first_tasks.ts`;
const PERMITS = "src/ports/permit_kit.ts";
const QUEUE_PERMITS = `${DURABLE}/queue_permits.ts`;
const HANDLE = "src/job_handle.ts";
const CHILD_JOBS = `${DURABLE}/child_jobs.ts`;
const STORED_JOBS = "src/stored_jobs.ts";

function defect(rule: string, what: string, file: string, from: string, to: string, unfound?: string): FleetDefect {
  return { rule, what, edits: [{ file, from, to }], ...(unfound === undefined ? {} : { unfound }) };
}

/** The rules for jobs in a store, each taken out; and faults that were mended, each put back. */
export const FLEET_DEFECTS: readonly FleetDefect[] = [
  defect(
    "essential",
    "the inbox is not read after a claim",
    START,
    "if (sent <= journal.read) return",
    "if (true) return",
  ),
  defect(
    "essential",
    "a command is consumed after the entry of its effect",
    INBOX,
    "return consume();\n        });",
    "return sequence;\n        });",
  ),
  defect(
    "essential",
    "an append is not fenced by the revision",
    KIT,
    "record.epoch !== epoch || record.revision !== expectedRevision",
    "record.epoch !== epoch",
  ),
  defect(
    "essential",
    "an append is not fenced by the epoch of the claim",
    KIT,
    "record.epoch !== epoch || record.revision !== expectedRevision",
    "record.revision !== expectedRevision",
  ),
  defect(
    "essential",
    "the place is not computed when a job is let go",
    `${DURABLE}/place.ts`,
    "dueAt: isOver ? at : nextDueAt(job, at)",
    "dueAt: undefined",
  ),
  defect("1", "jobs that an engine has and does not know are not looked for", SESSION, "void this.reconcile()", "{}"),
  defect(
    "2",
    "a job is held by any incarnation of its owner",
    LEASES,
    "if (state?.incarnation === incarnation) return state.until === 0",
    "if (state !== undefined) return state.until === 0",
  ),
  defect(
    "2",
    "incarnations are counted for each name",
    MEMORY,
    "() => ++this.#incarnations",
    "() => (this.#owners.get(owner)?.incarnation ?? 0) + 1",
  ),
  defect(
    "3",
    "jobs are free as soon as their owner's name is entered again",
    LEASES,
    "state === undefined || takesOver ? []",
    "true ? []",
  ),
  defect(
    "4",
    "an engine that enters again takes its name from the one that has started under it",
    LEASES,
    "again !== undefined && state !== undefined && state.incarnation !== again",
    "false",
  ),
  defect(
    "5",
    "a job ends though its inbox has commands",
    KIT,
    "return head?.endedAt !== undefined && record.endedAt === undefined && record.sent > head.consumed;",
    "return false;",
  ),
  defect(
    "5",
    "a cancel does not consume the commands after it",
    INBOX,
    'command.type === "cancel" ? commands.filter((it) => it.sequence > sequence) : []',
    "[] as typeof commands",
  ),
  defect(
    "5",
    "an ended job that has commands cannot be let go",
    KIT,
    "head?.endedAt !== undefined && record.endedAt === undefined && record.sent > head.consumed",
    "head?.endedAt !== undefined && record.sent > head.consumed",
  ),
  defect(
    "6",
    "a job that has ended takes commands",
    MEMORY,
    'if (job.record.endedAt !== undefined && !isReopened) return "ended";',
    "",
  ),
  defect(
    "6",
    "an ended job with commands is not due",
    KIT,
    "if (sent > consumed) return createdAt;",
    "if (sent > consumed && record.endedAt === undefined) return createdAt;",
  ),
  defect(
    "6",
    "an ended job with commands is purged",
    KIT,
    "owner === undefined && sent === consumed &&",
    "owner === undefined &&",
  ),
  defect(
    "7",
    "a deadline is decided without regard to the store's clock",
    PASSED_DEADLINES,
    "return journal.readNow > until ? at <= journal.readAt",
    "return true ? at <= journal.readAt",
  ),
  {
    rule: "7",
    what: "a deadline is decided by a look at its very instant",
    edits: [
      { file: PASSED_DEADLINES, from: "journal.readNow > until ?", to: "journal.readNow >= until ?" },
      {
        file: PASSED_DEADLINES,
        from: "ends.every((until) => until < now) ? 0 : 1",
        to: "ends.every((until) => until < now) ? 0 : 0",
      },
      { file: PASSED_DEADLINES, from: "until - readNow + 1", to: "until - readNow" },
    ],
  },
  {
    rule: "8",
    what: "a command with a key goes past the inbox where the job is live",
    edits: [],
    unfound: "a handle has no other way than the inbox",
  },
  defect(
    "9",
    "a command that may be stored is called refused, as the store refuses it the next time",
    HANDLE,
    "if (failures > 0) throw new UnknownOutcomeError(call, this.jobId, known, { cause: REFUSALS[answer] });",
    "",
  ),
  defect(
    "9",
    "a command that may be stored is called refused, as the store has failed",
    HANDLE,
    "throw new UnknownOutcomeError(call, this.jobId, known, { cause: error });",
    'throw this.#refuse(call, status, "the store has failed");',
  ),
  defect("10", "keys are forgotten before their time", MEMORY, "if (usedAt + keyRetentionMs > now) break;", ""),
  defect(
    "10",
    "something else with a known key counts as known",
    MEMORY,
    'known.hash === hash ? "known" : "differs"',
    '"known"',
  ),
  defect("11", "an append is not fenced by the life", KIT, "record.life !== life || record.epoch", "record.epoch"),
  defect("11", "a command reaches another life", MEMORY, "(life !== undefined && job.record.life !== life)", "false"),
  defect(
    "11",
    "a snapshot, a look into the inbox or a deletion reaches another life",
    MEMORY,
    "return job?.record.life === life ? job : undefined;",
    "return job;",
  ),
  defect(
    "12",
    "the lease ends by the clock alone that stands still in sleep",
    OWNERSHIP,
    "(elapsed < lease.endsElapsed && wallAt < lease.endsAt)",
    "elapsed < lease.endsElapsed",
  ),
  defect(
    "12",
    "the lease ends by the clock alone that may be set",
    OWNERSHIP,
    "(elapsed < lease.endsElapsed && wallAt < lease.endsAt)",
    "wallAt < lease.endsAt",
  ),
  defect(
    "12",
    "the lease counts from the answer to its renewal",
    OWNERSHIP,
    "this.#begin(lease.incarnation, at, elapsed);",
    "this.#begin(lease.incarnation, this.#timers.now(), this.#timers.elapsed());",
  ),
  defect(
    "12",
    "a handler starts after the lease has ended",
    EXECUTION_FILE,
    'if (!this.#hasLease(time)) return "lease over";',
    "",
  ),
  defect(
    "12",
    "a repeated enter does not make the lease longer",
    LEASES,
    "return { ...state, until: extend(state.until, now, leaseMs) };\n  if (again",
    "return state;\n  if (again",
  ),
  defect(
    "12",
    "each try to enter has a token of its own",
    OWNERSHIP,
    "this.#token ??= this.#createId()",
    "this.#createId()",
  ),
  defect("13", "an engine takes jobs that it has to do with", DUE, "...this.#session.liveIds, ", ""),
  defect(
    "13",
    "a job is gone from its engine while its handlers run",
    `${EXECUTION}/engine_host.ts`,
    "runner.whenSettled(() => {",
    "((run: () => void) => run())(() => {",
  ),
  defect(
    "13",
    "a job that has ended is let go while its handlers run",
    EXECUTION_FILE,
    "this.#isReleased = this.runner.isSettled && ",
    "this.#isReleased = ",
  ),
  defect(
    "13",
    "an answer of an older claim is taken up",
    SESSION,
    "mayTakeUp(taken: TakenJob): boolean {\n",
    "mayTakeUp(taken: TakenJob): boolean {\n    if (taken !== undefined) return true;\n",
  ),
  defect(
    "13",
    "a job of a long answer is taken up that was taken up meanwhile",
    STORED_JOBS,
    "if (!this.session.mayTakeUp(taken)) return undefined;",
    "",
  ),
  defect(
    "13",
    "a newer claim on a job that is here is forgotten",
    SESSION,
    "entry.next = taken;",
    "",
    "it is found again as a job that the engine has and does not know",
  ),
  {
    rule: "14",
    what: "the deaths of one incarnation count twice",
    edits: [],
    unfound: "they are a set of incarnations, each of which loses a job once",
  },
  defect(
    "14",
    "an incarnation that has lived on counts as dead",
    FIRST_TASKS,
    "const died = [...lost].filter(hasDied);",
    "const died = [...lost];",
  ),
  defect(
    "14",
    "progress does not reset the count of deaths",
    FIRST_TASKS,
    "it.task === task.id && it.attempt === attempt && it.step === step",
    "it.task === task.id",
  ),
  defect(
    "15",
    "a command does not wait until the job rests that the one before has paused",
    INBOX,
    "if (journal.resting.passed !== undefined) await journal.resting.passed;\n      // A job that is being",
    "// A job that is being",
  ),
  defect(
    "15",
    "a command does not wait until the one before has had its effect",
    INBOX,
    '(typeof effect === "boolean" ? effect : await effect)',
    "(effect !== false)",
  ),
  defect(
    "16",
    "a job that cannot be built is let go with another place",
    SESSION,
    "formerIncarnation === undefined || endedAt !== undefined ? record.dueAt : at",
    "endedAt !== undefined ? record.dueAt : at",
  ),
  defect("16", "a job that cannot be built is kept", DUE, "await this.#session.letGo(taken);", ""),
  {
    rule: "16",
    what: "flows that cannot be built are left out by their ids, not by their hashes",
    edits: [],
    unfound: "all processes of a fleet have one version of each flow; the contract of stores has the hashes",
  },
  defect(
    "17",
    "a created job is not recognized by its token",
    MEMORY,
    "isNew: taken.token === job.token",
    "isNew: false",
  ),
  defect(
    "18",
    "whoever waits for a job by a handle hears of the store's failures",
    HANDLE,
    "if (error instanceof StateError || session.isClosed || signal?.aborted === true) throw error;",
    "throw error;",
  ),
  defect("19", "jobs with commands are not due", KIT, "if (sent > consumed) return createdAt;", ""),
  defect(
    "19",
    "jobs whose owner has died are not due",
    KIT,
    "if (owner !== undefined) return Math.max(heldUntil ?? createdAt, createdAt);",
    "if (owner !== undefined) return undefined;",
  ),
  defect(
    "19",
    "jobs whose time has come are not due",
    KIT,
    "return dueAt !== undefined && dueAt <= now ? dueAt : undefined;",
    "return undefined;",
  ),
  defect(
    "19",
    "the end of a lease is not the next instant at which a job is due",
    KIT,
    "if (isHeld(record, now)) return record.heldUntil;",
    "if (isHeld(record, now)) return undefined;",
  ),
  defect(
    "20",
    "after a resume, tasks are taken before the commands that came after it",
    STORED_FLOW_JOBS,
    "record: { sent: Infinity }",
    "record: { sent: 0 }",
  ),
  defect(
    "A",
    "a running job without tasks that is let go is due never",
    `${DURABLE}/place.ts`,
    "isOver ? at : nextDueAt(job, at)",
    "nextDueAt(job, at)",
  ),
  defect(
    "A",
    "a job at rest is kept when its commands have been carried out",
    `${DURABLE}/serving.ts`,
    "if (goesOn() || !await storage.letGo(job, journal, goesOn, leave)) resolve();",
    "resolve();",
  ),
  defect(
    "B",
    "a call for a job that is not live here changes it in memory",
    STORED_FLOW_JOBS,
    "(records.has(job) || losses.has(job))",
    "(false)",
  ),
  defect(
    "C",
    "a deadline is decided without a look into the inbox",
    DEADLINES,
    "if (this.passed === undefined) this.expire(tasks);",
    "if (this.passed !== null) this.expire(tasks);",
  ),
  {
    rule: "D",
    what: "overlapping calls of recover() take up a job twice",
    edits: [
      { file: DUE, from: "this.#last.then(() => this.#take(", to: "Promise.resolve().then(() => this.#take(" },
      { file: DUE, from: "...this.#session.liveIds, ", to: "" },
      { file: DUE, from: "jobs.filter((taken) => session.mayTakeUp(taken))", to: "jobs" },
      { file: STORED_JOBS, from: "if (!this.session.mayTakeUp(taken)) return undefined;", to: "" },
    ],
  },
  {
    rule: "E",
    what: "jobs that are left out count against a limit",
    edits: [],
    unfound: "what one process of a fleet leaves out is taken by others; tests/durable/recover_limit_test.ts holds it",
  },
  {
    rule: "F",
    what: "a slice of work does not end",
    edits: [],
    unfound:
      "simulated time stands still while handlers run: there is no event loop to starve; the tests of the pacer hold it",
  },
  defect(
    "R",
    "a job is taken from its owner inside the lease",
    KIT,
    "return isOwnedBy(record, by) || !isHeld(record, now);",
    "return true;",
  ),
  defect(
    "S",
    "a store with a clock goes by the clocks of its callers",
    "src/testing/fleet/watched_store.ts",
    "const at = (now: number): number => clock?.() ?? now;",
    "const at = (now: number): number => now;",
  ),
  defect(
    "mended",
    "relaxed: a job waits for a store that has answered at once",
    `${EXECUTION}/committer.ts`,
    "this.journal.flush();\n    return this.journal.isBehind;",
    "this.journal.flush();\n    return true;",
  ),
  defect(
    "mended",
    "a lease that was found to have ended is renewed",
    MEMORY,
    "for (const former of holdersOf(chosen)) this.#endLease(former, now);",
    "",
  ),
  defect(
    "mended",
    "a place that has passed by a clock that is ahead is that clock's time",
    "src/job/ready_queue.ts",
    "next = Math.min(next, due);",
    "next = Math.min(next, Math.max(due, now));",
  ),
  defect(
    "mended",
    "a call for a job whose start has failed changes it in memory",
    STORED_FLOW_JOBS,
    "(records.has(job) || losses.has(job))",
    "(records.has(job))",
  ),
  defect(
    "mended",
    "whoever waits later for a job that could not be read again is told its end",
    SESSION,
    "return this.losses.get(job) ?? this.journals",
    "return this.journals",
  ),
  defect(
    "queues",
    "the permits of others are not counted",
    PERMITS,
    "globalConcurrency - taken - kept",
    "globalConcurrency - kept",
  ),
  defect(
    "queues",
    "a permit counts as a start only when it is known that it was used",
    PERMITS,
    "rate.count - pending -",
    "rate.count -",
  ),
  defect(
    "queues",
    "the permits of the dead are never free",
    PERMITS,
    "if (runs(until, now)) others",
    "if (until !== null) others",
  ),
  defect(
    "queues",
    "an engine keeps no permits for what it may have taken",
    QUEUE_PERMITS,
    "this.#doubts.others += granted;",
    "",
  ),
  defect(
    "queues",
    "an engine keeps no permits for jobs that it has lost, and the store has as its own",
    QUEUE_PERMITS,
    "if (mayBeClaimed) this.#doubts.jobIds.add(jobId);",
    "void mayBeClaimed;",
  ),
  defect(
    "queues",
    "a job that was let go while it was told something is claimed without a permit",
    `${DURABLE}/job_storage.ts`,
    "|| this.#session.permitsFor(job) !== undefined",
    "",
  ),
  defect("queues", "permits are not given back", QUEUE_PERMITS, "await this.#ask(0, {});", ""),
  {
    rule: "children",
    what: "the end of a child is delivered each time that it is told",
    edits: [
      {
        file: `${EXECUTION}/child_ends.ts`,
        from: "const { routine, to } = job.children?.get(end.jobId) ?? {};",
        to: "const { routine, to } = job.children?.get(end.jobId) ?? ENDED.get(end.jobId) ?? {};\n" +
          "  if (routine !== undefined) ENDED.set(end.jobId, { routine, to });",
      },
      {
        file: `${EXECUTION}/child_ends.ts`,
        from: "function endPayload(",
        to: "const ENDED = new Map();\nfunction endPayload(",
      },
    ],
  },
  defect(
    "children",
    "each try to start a child starts another one",
    CHILD_JOBS,
    "session.store.create(some.map(({ made }) => made)));",
    "session.store.create(some.map(({ made: it }) => ({ ...it, jobId: `${it.jobId}~${session.createId()}` }))));",
  ),
  defect(
    "children",
    "a child that was started before is not recognized by its token",
    CHILD_JOBS,
    "token: hashText(JSON.stringify([parentId, createdAt, jobId])),",
    "token: `${now}`,",
  ),
  defect(
    "children",
    "children that were not started are not started by whoever has their parent next",
    `${EXECUTION}/execution.ts`,
    "    this.children.start(this.job.children);\n",
    "",
  ),
  defect(
    "children",
    "children are started before the step that has asked for them is stored",
    `${EXECUTION}/child_starter.ts`,
    "this.#execution.committer.whenStored(() => void this.#run());",
    "void this.#run();",
  ),
  defect(
    "children",
    "a parent has done what it owes before its children are cancelled",
    CHILD_JOBS,
    'await pay(() => tell(job, session, jobId, "cancel", { type: "cancel", reason }));',
    "void reason;",
  ),
  defect(
    "children",
    "a child has done what it owes before its parent is told",
    CHILD_JOBS,
    'await pay(() => tell(job, session, parent.jobId, "child", end));',
    "",
  ),
  defect(
    "children",
    "a job that has ended and owes something is not due",
    `${DURABLE}/place.ts`,
    "dueAt: owes(job) ? at : undefined",
    "dueAt: undefined",
  ),
  defect(
    "children",
    "a parent completes while its children work",
    "src/job/job.ts",
    "return children !== undefined || tasks.size > lastTasks",
    "return tasks.size > lastTasks",
  ),
  defect(
    "mended",
    "a parent is told of an end that is not stored",
    CHILD_JOBS,
    "!journal.isOver && await payDebts",
    "await payDebts",
  ),
  defect(
    "mended",
    "a parent is told of the first end of a child only",
    CHILD_JOBS,
    "const key = `${what}/${job.jobId}/${job.time.at}`;",
    "const key = `${what}/${job.jobId}`;",
  ),
  defect(
    "mended",
    "a parent that is redriven does not look for its children",
    "src/job/children.ts",
    "if (child.start === undefined && child.inner === undefined) job.children?.set({ ...child, isLeft: true });",
    "",
  ),
  defect(
    "mended",
    "a job that owes something to a full inbox is due at once",
    CHILD_JOBS,
    "owes(job) ? UNPAID_MS : undefined",
    "undefined",
  ),
  defect(
    "mended",
    "a redrive is done again when the end after it does not count",
    START,
    "{ ...before, execution, createFirst: before.createAgain }",
    "{ ...before, execution }",
  ),
  defect(
    "mended",
    "a handled failure that is put back is made good by the key of the first time",
    "src/job/failures.ts",
    "if (isHandled) Object.assign(task, deliveryKey(task, undefined, task.id, at));",
    "",
  ),
  {
    rule: "mended",
    what: "whoever waits is told of an end that is not stored, by a call that came before a pause",
    edits: [
      {
        file: EXECUTION_FILE,
        from: "for (let act; !this.isOver && (act = this.#early.shift()) !== undefined;) act();",
        to: "for (const act of this.#early.splice(0)) act();",
      },
      {
        file: EXECUTION_FILE,
        from: "    tell();\n    for (const act of this.#early.splice(0)) act();",
        to: "    for (const act of this.#early.splice(0)) act();\n    tell();",
      },
    ],
  },
  defect(
    "mended",
    "whoever waits for a job at rest is told of an end that is just being stored",
    "src/flow.ts",
    "const stored = session?.journalOf(job)?.resting.passed;",
    "const stored: Promise<void> | undefined = undefined as Promise<void> | undefined;",
  ),
  defect(
    "mended",
    "a job that goes on is let go of before its former handlers have returned",
    EXECUTION_FILE,
    "unsettled(before?.runner ?? host.runners.get(job))",
    "unsettled(before?.runner)",
  ),
  defect(
    "mended",
    "a cancel is dropped when its end is refused and a pause comes first",
    "src/engine/flow_jobs.ts",
    "() => cancel(executionOf(job))",
    "() => {}",
  ),
  defect(
    "mended",
    "a paused job goes on when a cancel at rest is refused",
    START,
    'if (job.status === "paused") return undo(storage, execution, found);',
    "",
  ),
];
