import { markup, type Part } from "../html.ts";
import type { JobView } from "./job_sections.ts";
import { section, table } from "./layout.ts";
import { chip, instant, short } from "./texts.ts";

/** The most children that are shown; the others are found by the list of jobs. */
const MOST_SHOWN = 20;

/**
 * The jobs that a job has started, the newest first, and those that it has asked for: each with the slot that is told of its end, if
 * it is waited for. Of the past, only what the job itself knew is shown. Nothing where there is none.
 */
export async function childrenSection({ call, jobId, now, revision, summary }: JobView): Promise<Part> {
  const { host, link } = call;
  const { jobs = [], cursor } = revision === undefined
    ? await host.store.list({ parentId: jobId, newestFirst: true, limit: MOST_SHOWN })
    : {};
  const known = new Map(summary.children.map((it) => [it.jobId, it]));
  const started = new Set(jobs.map((it) => it.jobId));
  const others = summary.children.filter((it) => !started.has(it.jobId)).slice(0, MOST_SHOWN);
  if (jobs.length + others.length === 0) return markup`<div id="children" data-live></div>`;
  const goesTo = (id: string): Part => {
    const { routine, to } = known.get(id) ?? {};
    return routine === undefined || to === undefined ? NONE : `${short(routine)} · ${short(to)}`;
  };
  const rows = [
    ...others.map(({ flowId, jobId, state }) => [
      markup`<a href="${link("/job", { id: jobId })}">${short(jobId)}</a>`,
      short(flowId),
      chip(state === "started" ? "open" : state),
      NONE,
      goesTo(jobId),
    ]),
    ...jobs.map(({ createdAt, flowId, jobId, status }) => [
      markup`<a href="${link("/job", { id: jobId })}">${short(jobId)}</a>`,
      short(flowId),
      chip(status),
      instant(createdAt, now),
      goesTo(jobId),
    ]),
  ];
  return section(
    "Children",
    "children",
    [
      table("Children", ["Job", "Flow", "Status", "Created", "Its end goes to"], rows),
      cursor !== undefined &&
      markup`<p class="faint"><a href="${link("/", { parent: jobId })}">All jobs that it has started</a></p>`,
    ],
  );
}

const NONE: Part = markup`<span class="faint">–</span>`;
