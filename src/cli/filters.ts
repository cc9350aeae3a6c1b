import type { JobFilter, JobRecord } from "../ports/store.ts";
import { formatInstant } from "../base/instant.ts";
import type { Call, CommandOption } from "./command.ts";

/** The options that say which jobs are meant. */
export const FILTER_OPTIONS: Readonly<
  Record<"flow" | "status" | "queue" | "tag" | "parent" | "created-before" | "ended-before", CommandOption>
> = {
  flow: { value: "ID", about: "jobs of this flow only" },
  status: { value: "STATUS", about: "jobs in this status only" },
  queue: { value: "NAME", about: "jobs of this queue only" },
  tag: { value: "NAME=VALUE", isList: true, about: "jobs with this tag only; may be given several times" },
  parent: { value: "JOB", about: "jobs that this job has started only" },
  "created-before": {
    value: "WHEN",
    about: "jobs created before an instant, or longer ago than an age: 2026-01-31, 12h, 30d",
  },
  "ended-before": { value: "WHEN", about: "jobs that ended before an instant, or longer ago than an age" },
};

const STATUSES = ["pending", "running", "paused", "completed", "failed", "cancelled"] as const;

/** The filter that a call gives. */
export function filterOf(call: Call): JobFilter {
  return {
    flowId: call.value("flow"),
    status: call.word("status", STATUSES),
    queue: call.value("queue"),
    tags: tagsOf(call),
    parentId: call.value("parent"),
    createdBefore: call.instant("created-before"),
    endedBefore: call.instant("ended-before"),
  };
}

function tagsOf(call: Call): Record<string, string> | undefined {
  const tags = call.list("tag").map((text): [string, string] => {
    const at = text.indexOf("=");
    if (at <= 0) throw call.misuse(`--tag is ${JSON.stringify(text)}, and must be NAME=VALUE`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return tags.length === 0 ? undefined : Object.fromEntries(tags);
}

/** A record as JSON answers have it: instants in ISO 8601. */
export function recordJson(record: JobRecord): object {
  const { createdAt, dueAt, endedAt, heldUntil, ...others } = record;
  return {
    ...others,
    createdAt: formatInstant(createdAt),
    ...instantOf("dueAt", dueAt),
    ...instantOf("endedAt", endedAt),
    ...instantOf("heldUntil", heldUntil),
  };
}

function instantOf(name: string, at: number | undefined): object {
  return at === undefined ? {} : { [name]: formatInstant(at) };
}
