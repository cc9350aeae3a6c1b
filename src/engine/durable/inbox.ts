import { StateError } from "../../base/errors.ts";
import { shorten } from "../../base/text.ts";
import { type Command, decodeCommand } from "../../documents/command.ts";
import type { Job } from "../../job/job.ts";
import type { StoredCommand } from "../../ports/store.ts";
import { describeError } from "../../values/error_data.ts";
import type { ValueLimits } from "../../values/payload.ts";
import type { Journal } from "./journal.ts";
import type { StoreSession } from "./store_session.ts";

/** How much of a reason is stored. */
const MOST_CHARACTERS = 1_000;

/**
 * Carries out a command. `consume` is to be called before the commit of its effect is encoded. Returns a promise only for an effect
 * that takes time: the next command waits for it. False says that the command is left for whoever has the job next.
 */
export type PerformCommand = (job: Job, command: Command, consume: () => number) => Promise<boolean> | boolean;

/** Reads the inboxes of a flow's jobs that this engine has, and has their commands carried out, strictly in turn. */
export class Inbox {
  readonly #session: StoreSession;
  readonly #limits: ValueLimits;
  readonly #perform: PerformCommand;
  readonly #takeBack: (job: Job, journal: Journal) => Promise<void>;
  /** Jobs for which commands have arrived before they had a journal. */
  readonly #addressedEarly: WeakSet<Job> = new WeakSet();

  /** Makes the reader; `takeBack` claims a job again that was let go while its inbox had commands. */
  constructor(
    session: StoreSession,
    limits: ValueLimits,
    perform: PerformCommand,
    takeBack: (job: Job, journal: Journal) => Promise<void>,
  ) {
    this.#session = session;
    this.#limits = limits;
    this.#perform = perform;
    this.#takeBack = takeBack;
  }

  /** Carries out the commands that came before the job had a journal. */
  pollEarly(job: Job): void {
    if (this.#addressedEarly.delete(job)) void this.poll(job);
  }

  /**
   * Carries out the commands in a job's inbox, strictly in turn. Resolves when those that were there have been carried out, or
   * when the job is being started: its start reads the inbox before anything runs.
   */
  poll(job: Job): Promise<void> {
    const journal = this.#session.journalOf(job);
    if (journal === undefined || job.isStarting) {
      this.#addressedEarly.add(job);
      return Promise.resolve();
    }
    journal.reads.isAddressed = true;
    if (!journal.reads.isPolling) journal.reads.polled = this.#carryOut(job, journal);
    return journal.reads.polled;
  }

  /** Carries out the commands to a job at rest that this engine has claimed. */
  async serve(job: Job, journal: Journal): Promise<void> {
    journal.reads.isAddressed = true;
    await this.#carryOut(job, journal);
  }

  /**
   * Reads the inbox of a job that has been claimed and not begun. The returned function carries the commands out: `begin` calls
   * it.
   *
   * @throws {StoreError} when the store keeps failing
   */
  async readFirst(job: Job, journal: Journal): Promise<() => void> {
    const commands = await this.#session.attempt(job, () => this.#read(journal));
    return () => {
      journal.reads.polled = this.#carryOut(job, journal, commands);
      this.pollEarly(job);
    };
  }

  /**
   * Whether the inbox of a job that has been claimed, and is paused, has a command by which it goes on.
   *
   * @throws {StoreError} when the store keeps failing
   */
  async hasResume(job: Job, journal: Journal): Promise<boolean> {
    const commands = await this.#session.attempt(job, () => this.#read(journal));
    return commands.some(({ text }) => isResume(text, this.#limits));
  }

  async #carryOut(job: Job, journal: Journal, first: readonly StoredCommand[] = []): Promise<void> {
    journal.reads.isPolling = true;
    try {
      await this.#performAll(job, journal, first);
      while (journal.reads.isAddressed && !journal.isOver && !journal.isReleased && !job.isStarting) {
        journal.reads.isAddressed = false;
        await this.#performAll(job, journal, await this.#read(journal));
      }
      // The store may still refuse the end of the job. Claiming the job before that is known would take it from the execution that
      // decides again.
      if (journal.isReleased) await journal.resting.passed;
      if (journal.isReleased && journal.reads.isAddressed && !journal.isOver) {
        await this.#session.claiming(() => this.#takeBack(job, journal));
      }
    } catch (error) {
      this.#session.onStoreError(job, error);
    } finally {
      journal.reads.isPolling = false;
    }
  }

  async #read(journal: Journal): Promise<readonly StoredCommand[]> {
    const { store, timers } = this.#session;
    const at = timers.elapsed();
    const { commands, now } = await store.inbox(journal.claim, journal.reads.last, timers.now());
    journal.reads.at = at;
    journal.reads.now = now;
    return commands;
  }

  /**
   * Carries out commands one after the other. Each is recorded as consumed in the entry of its effect: `consume` is called just
   * before that is encoded. So a crash loses none, and repeats none.
   */
  async #performAll(job: Job, journal: Journal, commands: readonly StoredCommand[]): Promise<void> {
    for (const { sequence, key, text } of commands) {
      // A job comes to rest before the next command finds it there.
      if (journal.resting.passed !== undefined) await journal.resting.passed;
      // A job that is being started reads on when it has begun; one that was let go, when it is claimed again.
      if (journal.isOver || job.isStarting) return;
      if (journal.isReleased) {
        journal.reads.isAddressed = true;
        return;
      }
      if (sequence <= journal.reads.last) continue;
      const before = journal.reads.last;
      journal.reads.last = sequence;
      let isConsumed = false;
      const consume = () => {
        if (!isConsumed) journal.consume(journal.reads.last);
        isConsumed = true;
        return sequence;
      };
      try {
        const command = decodeCommand(text, this.#limits);
        const later = command.type === "cancel" ? commands.filter((it) => it.sequence > sequence) : [];
        const effect = this.#perform(job, command, () => {
          // Commands after a cancel are refused in the same entry: a job that has ended takes none.
          if (!isConsumed) { for (const it of later) this.#refuse(job, journal, it, cancelledBefore(job)); }
          journal.reads.last = later.at(-1)?.sequence ?? sequence;
          return consume();
        });
        if (!(typeof effect === "boolean" ? effect : await effect)) {
          journal.reads.last = before;
          break;
        }
      } catch (error) {
        this.#refuse(job, journal, { sequence, key }, error);
      }
      consume();
    }
    journal.acknowledge();
  }

  /** A command cannot be carried out: its sender may ask why, and the observer is told. */
  #refuse(job: Job, journal: Journal, { sequence, key }: Omit<StoredCommand, "text">, error: unknown): void {
    journal.consumption.refuse(sequence, shorten(describeError(error).message, MOST_CHARACTERS));
    this.#session.onCommandError(job, key, error);
  }
}

/** Whether a command resumes a paused job: a redrive is for one that has ended. One that cannot be read is refused when its turn comes. */
function isResume(text: string, limits: ValueLimits): boolean {
  try {
    const command = decodeCommand(text, limits);
    return command.type === "resume" && !command.redrive;
  } catch {
    return false;
  }
}

function cancelledBefore({ jobId }: Job): StateError {
  const why = `Cannot carry out a command to job "${jobId}": it was cancelled by one that was sent before`;
  return new StateError("command", "cancelled", why);
}
