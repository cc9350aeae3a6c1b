import type { SeededRandom } from "../seeded_random.ts";
import type { FleetTask } from "./fleet_client.ts";
import type { FleetCommand, FleetJob } from "./fleet_options.ts";
import type { FleetAsk } from "./fleet_ask.ts";
import { type FleetStage, pick } from "./fleet_stage.ts";

/** What the clients of a fleet ask for: each has a list. */
export interface FleetTasks {
  readonly lists: readonly (readonly FleetTask[])[];
  /** The jobs, by their ids. */
  readonly jobs: ReadonlyMap<string, FleetJob>;
}

/** Lets the seed decide what is asked of a fleet; a small one has one job. */
export function createTasks({ settings, random, focus, versions }: FleetStage, isSmall: boolean): FleetTasks {
  const lists: [FleetTask[], FleetTask[], FleetTask[]] = [[], [], []];
  const chosen = isSmall ? [random.integer(settings.jobs.length)] : [...settings.jobs.keys()];
  const jobs = new Map<string, FleetJob>();
  for (const index of chosen) {
    const job = settings.jobs[index];
    if (job === undefined) continue;
    const jobId = `job-${index + 1}`;
    jobs.set(jobId, job);
    lists[0].push(startOf(jobId, job, random));
    for (const task of askedOf(jobId, job, settings.commands, random)) {
      const list = pick(random, lists);
      if (focus.deliversFirst === true && list !== lists[0] && isDelivery(task)) list?.unshift(task);
      else list?.push(task);
      if (task.type !== "ask") continue;
      // What has a key may be asked twice; and something else must not be asked with it.
      if (random.chance(0.15)) pick(random, lists)?.push(task);
      const type = task.asked.type === "redrive" ? "resume" : "redrive";
      if (settings.commands.includes(type) && random.chance(0.05)) {
        pick(random, lists)?.push({ ...task, asked: { type } });
      }
    }
    for (let n = versions.has(job.flow.id) ? random.integer(4) : 0; n > 0; n--) {
      pick(random, lists)?.push({ type: "adopt", jobId, flowId: job.flow.id });
    }
    // Whoever wants a fleet without commands gets none by this.
    if (settings.commands.length > 2 && focus.tasks !== undefined) {
      for (const list of [1, 2] as const) lists[list].push(...focus.tasks(jobId, job, list));
    }
    if (settings.commands.includes("delete") && random.chance(0.1)) {
      const purge = { type: "delete", jobId, by: "purge" } as const;
      const redrive = {
        type: "ask",
        jobId,
        asked: { type: "redrive" },
        key: `${jobId} redrive before a purge`,
      } as const;
      pick(random, lists)?.push(...settings.commands.includes("redrive") ? [redrive, purge] : [purge]);
    }
    if (settings.commands.includes("delete") && random.chance(0.08)) {
      // An engine claims it for that, without a permit: what limits of queues promise holds for jobs that workers take.
      const by = random.chance(0.5) && job.queue === undefined ? "engine" : "store";
      lists[0].push({ type: "delete", jobId, by }, startOf(jobId, job, random));
    }
  }
  // Ids that are given again and again: what is under way to one life must not reach the next.
  const again = random.chance(0.1) && settings.commands.includes("delete") ? [...jobs] : [];
  for (const [jobId, job] of [...again, ...again, ...again]) {
    lists[2].push({ type: "delete", jobId, by: "store" }, startOf(jobId, job, random));
  }
  return { lists, jobs };
}

function isDelivery(task: FleetTask): boolean {
  return task.type === "ask" && task.asked.type === "deliver";
}

function startOf(jobId: string, job: FleetJob, random: SeededRandom): FleetTask {
  if (random.chance(0.5) && job.queue === undefined) return { type: "execute", jobId, job };
  return { type: "start", jobId, job, inMs: random.chance(0.2) ? 2_000 : 0 };
}

function askedOf(
  jobId: string,
  { deliveries = [], repairs }: FleetJob,
  commands: readonly FleetCommand[],
  random: SeededRandom,
): readonly FleetTask[] {
  const tasks: FleetTask[] = deliveries.map(({ childFlow, ...delivery }, i) => {
    const asked = { type: "deliver", ...delivery } as const;
    if (random.chance(0.1) && childFlow === undefined) return { type: "direct", jobId, asked };
    const aim = childFlow === undefined ? undefined : { flowId: childFlow };
    return { type: "ask", jobId, asked, key: `${jobId} deliver-${i + 1}`, aim };
  });
  const most = random.integer(5);
  for (let i = 1; i <= most; i++) {
    const type = pick(random, commands);
    if (type === undefined || type === "delete") continue;
    const asked = askOf(type, random);
    const aim = random.chance(0.5) ? { index: random.integer(4) } : undefined;
    // One of several failures, or all of them.
    const failure = type === "discard" || (type === "redrive" && random.chance(0.3)) ? random.integer(4) : undefined;
    if (random.chance(0.25)) {
      tasks.push({ type: "direct", jobId, asked, failure, aim, repairs });
      continue;
    }
    const key = `${jobId} ${type}-${i}`;
    tasks.push({ type: "ask", jobId, asked, key, failure, aim, repairs });
    if (type === "pause" && random.chance(0.7)) {
      tasks.push({ type: "ask", jobId, asked: { type: "resume" }, key: `${key} resume`, aim });
    }
  }
  if (random.chance(0.3)) tasks.push({ type: "wait", jobId });
  return tasks;
}

function askOf(type: Exclude<FleetCommand, "delete">, random: SeededRandom): FleetAsk {
  if (type === "pause") return { type, graceMs: random.integer(1_000) };
  // Which failures there are is known when it is asked for.
  return type === "discard" ? { type, failures: [] } : { type };
}
