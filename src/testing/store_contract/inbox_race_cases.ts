import type { Store } from "../../ports/store.ts";
import type { Case } from "./case.ts";
import { check, checkSame, existing } from "./checks.ts";
import { together } from "./concurrency_cases.ts";
import { createJob, ENDED, HEAD, inboxOf, sampleEntries, send, sendNew } from "./sample_jobs.ts";

/** Senders and owners at the same time. */
export const inboxRaceCases: readonly Case[] = [
  {
    name: "commands that are sent concurrently are all stored, once per key, numbered without a gap",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const job = await createJob(first, "job", 0);
      const answers: string[] = [];
      const sending = (store: Store, text: string) => async () => void answers.push(await send(store, job, text, text));
      const sends = Array.from({ length: 20 }, (_, index) => [
        sending(first, `first ${index}`),
        sending(second, `second ${index}`),
        sending(index % 2 === 0 ? first : second, `both ${index % 5}`),
      ]).flat();
      for (const error of await together(...sends)) if (error !== undefined) throw error;
      const inbox = await inboxOf(second, job);
      checkSame(inbox.map(({ sequence }) => sequence), inbox.map((_, index) => index + 1), "the sequences");
      const keys = (from: string, count: number) => Array.from({ length: count }, (_, index) => `${from} ${index}`);
      const expected = [...keys("first", 20), ...keys("second", 20), ...keys("both", 5)].sort();
      checkSame(inbox.map(({ key }) => key).sort(), expected, "the keys");
      checkSame(inbox.map(({ text }) => text).sort(), expected, "the texts");
      checkSame(answers.filter((it) => it === "stored").length, 45, "how many answers say that a command was stored");
      checkSame(answers.filter((it) => it === "known").length, 15, "how many answers say that a key was known");
    },
  },
  {
    name: "commands that are sent concurrently do not overfill an inbox",
    async run(scope) {
      const stores = await scope.openTwo();
      const job = await createJob(stores[0], "job", 0);
      const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
        return await send(stores[index % 2 === 0 ? 0 : 1], job, "command", `key ${index}`, { room: 7 });
      }));
      checkSame((await inboxOf(stores[0], job)).length, 7, "how many commands there are");
      checkSame(answers.filter((it) => it === "stored").length, 7, "how many answers say that a command was stored");
      checkSame(answers.filter((it) => it === "full").length, 13, "how many answers say that the inbox was full");
    },
  },
  {
    name: "a command that is sent while the owner releases the job is not lost: the job is due",
    async run(scope) {
      const [owner, sender] = await scope.openTwo();
      const job = await createJob(owner, "job", 0);
      for (let round = 0; round < 30; round++) {
        const calls = [
          () => owner.append(job, round, sampleEntries(round, round + 1), { ...HEAD, consumed: round, releases: true }),
          () => sendNew(sender, "job", `command ${round}`),
        ];
        const errors = await together(...round % 2 === 0 ? calls : calls.reverse());
        for (const error of errors) if (error !== undefined) throw error;
        check(await owner.nextDueAt({ now: 0 }) !== undefined, `the job must be due after round ${round}`);
        checkSame((await inboxOf(owner, job, round)).map(({ text }) => text), [`command ${round}`], "inbox");
        const { revision, sent, consumed } = existing(await owner.find("job"), "the job");
        checkSame([revision, sent, consumed], [round + 1, round + 1, round], "the record");
      }
    },
  },
  {
    name: "of an end and a command that is sent at the same time the later one is refused",
    async run(scope) {
      const [owner, sender] = await scope.openTwo();
      for (let round = 0; round < 30; round++) {
        const job = await createJob(owner, `job-${round}`, 0);
        const end = async () => await owner.append(job, 0, ["end"], ENDED);
        const command = async () => await send(sender, job, "command", "key");
        const calls = [end, command];
        const answers = await Promise.all((round % 2 === 0 ? calls : calls.reverse()).map((call) => call()));
        const isEnded = (await sender.find(job.jobId))?.endedAt !== undefined;
        checkSame(
          [...answers].sort(),
          isEnded ? ["ended", "stored"] : ["stored", "unread"],
          `the answers in round ${round}`,
        );
        checkSame((await inboxOf(owner, job)).length, isEnded ? 0 : 1, `how many commands round ${round} has left`);
      }
    },
  },
];
