import { toSvg } from "../diagram/svg.ts";
import type { JobDocument } from "../documents/job.ts";
import { diffDocuments } from "../inspect/diff.ts";
import { summarizeDocument } from "../inspect/summary.ts";
import { timelineOfDocument } from "../inspect/timeline.ts";
import { isRecord } from "../values/json.ts";
import { TOKEN_HEADER } from "./access.ts";
import { act, type ActName, startJob } from "./acts.ts";
import { ANSWERS, BODIES, FILTER, FLOW, ID, KEY, neededRevision, PAGE, REVISION, WINDOW } from "./api_schemas.ts";
import { readJson } from "./body.ts";
import { childTimelines, instantOf } from "./child_timelines.ts";
import type { ChangeStreams } from "./changes.ts";
import { withData } from "./failure.ts";
import { jsonSchemaOf } from "./data_fields.ts";
import { entriesOf, findFlow, type FoundFlow, listFlows } from "./flows.ts";
import { findHolders } from "./holders.ts";
import { countJobs, listJobs } from "./queries.ts";
import { recordJson, revisionsOf } from "./records.ts";
import type { ApiRoute, Call, JsonSchema, Operation } from "./route.ts";
import { findSchedules, scheduleJson } from "./schedule_list.ts";
import { noSuchJob } from "./studio_host.ts";
import { measureThroughput } from "./throughput.ts";

/** How many jobs a page has. */
const PAGE_LENGTH = 100;

/** The answers of the API to requests that only read. */
const LOOKS: readonly ApiRoute[] = [
  look("/api/openapi.json", {
    id: "describe",
    about: "Describes this API",
    answer: "This description",
    schema: {},
  }, ({ description }) => description),
  look("/api/token", {
    id: "getToken",
    about: "Gives a token for acts, with a cookie that must be sent back",
    answer: "The token, and the header in which acts name it",
    schema: ANSWERS.token,
  }, ({ token }) => ({ token, header: TOKEN_HEADER })),
  look("/api/jobs", {
    id: "listJobs",
    about: "Lists jobs",
    parameters: [...FILTER, ...PAGE],
    answer: "A page of the jobs; with a cursor if there are more",
    schema: ANSWERS.page,
  }, async ({ host, query }) => {
    const { cursor, jobs } = await listJobs(host, query.list(PAGE_LENGTH));
    return { jobs: jobs.map(recordJson), cursor };
  }),
  look("/api/counts", {
    id: "countJobs",
    about: "Counts jobs by status",
    parameters: FILTER.filter(({ name }) => name !== "status"),
    answer: "How many jobs are in each status, and in all",
    schema: ANSWERS.counts,
  }, ({ host, query }) => countJobs(host, query.filter())),
  look("/api/flows", {
    id: "listFlows",
    about: "Lists the flows whose jobs can be started: those that the studio was given, and those of the newest jobs",
    answer: "The flows, each with the slots where its jobs can begin",
    schema: ANSWERS.flows,
  }, async ({ host }) => ({ flows: (await listFlows(host)).map(flowJson) })),
  look("/api/workers", {
    id: "listWorkers",
    about: "Says who holds how many jobs, and what waits in which queue, by the oldest jobs that have not ended",
    answer: "The engines that hold jobs, and the queues",
    schema: ANSWERS.workers,
  }, ({ host }) => findHolders(host)),
  look("/api/throughput", {
    id: "measureThroughput",
    about:
      "Counts the jobs that were created and that ended in the last minutes or hours, among the newest of the store",
    parameters: [WINDOW],
    answer: "The counts by time",
    schema: ANSWERS.throughput,
  }, ({ host, query }) => measureThroughput(host, query.text("window"))),
  look("/api/schedules", {
    id: "listSchedules",
    about: "Lists schedules, the newest first: when each begins its next jobs, and the last ones",
    parameters: PAGE.filter(({ name }) => name === "cursor"),
    answer: "A page of the schedules; with a cursor if there are more",
    schema: ANSWERS.schedules,
  }, async ({ host, query }) => {
    const { cursor, schedules } = await findSchedules(host, query.text("cursor"));
    return { schedules: schedules.map(scheduleJson), cursor };
  }),
  look("/api/job", {
    id: "getJob",
    about: "Says where a job stands, and what it does",
    parameters: [ID],
    answer: "What the store knows of the job, and its summary",
    schema: ANSWERS.whole,
  }, async ({ host, query }) => {
    const stored = await host.load(query.needed("id"));
    return { record: recordJson(stored.record), summary: summarizeDocument(host.read(stored).job) };
  }),
  ofJob("document", "getDocument", "Gives the job's document", "The document", ANSWERS.job, (job) => job),
  look("/api/job/flow", {
    id: "getFlow",
    about: "Gives the document of the job's flow",
    parameters: [ID],
    answer: "The document",
    schema: ANSWERS.flow,
  }, async ({ host, query }) => host.read(await host.load(query.needed("id"))).flow),
  ofJob("summary", "summarize", "Says what the job does", "The summary", ANSWERS.summary, summarizeDocument),
  look("/api/job/timeline", {
    id: "getTimeline",
    about: "Says what happened when, in the job and in the newest jobs that it has started",
    parameters: [ID, REVISION],
    answer: "The timeline",
    schema: ANSWERS.timeline,
  }, async ({ host, query }) => {
    const revision = query.whole("revision");
    const stored = await host.load(query.needed("id"));
    const { job } = host.read(stored, revision);
    const { children } = await childTimelines(host, job.jobId, instantOf(host, job, revision));
    return timelineOfDocument(job, children);
  }),
  {
    method: "GET",
    path: "/api/job/diagram.svg",
    needs: "read",
    operation: {
      id: "draw",
      about: "Draws the job's flow, and what the job does in it",
      parameters: [ID, REVISION],
      status: 200,
      answer: "An image",
      type: "image/svg+xml",
    },
    async answer({ host, query }) {
      const { flow, job } = host.read(await host.load(query.needed("id")), query.whole("revision"));
      return new Response(toSvg(flow, { job }), { headers: { "content-type": "image/svg+xml" } });
    },
  },
  look("/api/job/revisions", {
    id: "listRevisions",
    about: "Lists the revisions of a job that its journal has kept, oldest first",
    parameters: [ID],
    answer: "The revisions",
    schema: ANSWERS.revisions,
  }, async ({ host, query }) => {
    const stored = await host.load(query.needed("id"));
    return { jobId: stored.record.jobId, begins: stored.snapshotRevision, revisions: revisionsOf(stored) };
  }),
  look("/api/job/differences", {
    id: "compareRevisions",
    about: "Says what has changed between two revisions of a job",
    parameters: [ID, neededRevision("from"), neededRevision("to")],
    answer: "The differences",
    schema: ANSWERS.differences,
  }, async ({ host, query }) => {
    const stored = await host.load(query.needed("id"));
    const [from, to] = [query.neededWhole("from"), query.neededWhole("to")];
    const differences = diffDocuments(host.read(stored, from).job, host.read(stored, to).job);
    return { jobId: stored.record.jobId, from, to, differences };
  }),
  look("/api/job/command", {
    id: "getCommand",
    about: "Says what has become of what was asked of a job by a key",
    parameters: [ID, KEY],
    answer: "Whether it is stored, done, or was refused, and why; nothing where the key is not known",
    schema: ANSWERS.command,
  }, async ({ host, query }) => {
    const [id, key] = [query.needed("id"), query.needed("key")];
    return { key, ...await withData(() => host.engine.handle(id).command(key)) };
  }),
];

/** A flow as answers have it. */
function flowJson({ built, flowId }: FoundFlow): object {
  if (typeof built === "string") return { flowId, entries: [], reason: built };
  const entries = entriesOf(built).map(({ routine, slot }) => {
    const params = jsonSchemaOf(built.slot(routine, slot).schema);
    return { routine, slot, ...(isRecord(params) ? { params } : {}) };
  });
  return { flowId, entries };
}

/** What the API does to a job. */
const ACTS: readonly ApiRoute[] = [
  change("pause", "pauseJob", "Pauses a job", BODIES.pause),
  change("resume", "resumeJob", "Lets a paused job go on", BODIES.resume),
  change("cancel", "cancelJob", "Ends a job in status cancelled", BODIES.cancel),
  change(
    "redrive",
    "redriveJob",
    "Lets a job that has ended go on: its failures, or some of them, become tasks again, perhaps with other data",
    BODIES.redrive,
  ),
  change("discard", "discardFailures", "Drops failures of a job: a redrive does not put them back", BODIES.discard),
  change("deliver", "deliver", "Delivers data to a slot of a job", BODIES.deliver),
  change("fork", "forkJob", "Stores a new job in the state that the job had at a revision", BODIES.fork),
  change("start", "startAnotherJob", "Stores a new job of the flow that a job has", BODIES.start),
  {
    method: "POST",
    path: "/api/flow/start",
    needs: "act",
    operation: {
      id: "startJob",
      about: "Stores a new job of a flow",
      parameters: [FLOW],
      body: BODIES.start,
      status: 201,
      answer: "It is done",
      schema: ANSWERS.act,
    },
    async answer({ host, query, request }) {
      const fields = await readJson(request, host.timers);
      return Response.json(await startJob(await findFlow(host, query.needed("id")), fields), { status: 201 });
    },
  },
  {
    ...change("delete", "deleteJob", "Deletes a job that nobody works on", undefined),
    method: "DELETE",
    path: "/api/job",
  },
];

/** All routes of the API. */
export function apiRoutes(streams: ChangeStreams): readonly ApiRoute[] {
  return [
    ...LOOKS,
    ...ACTS,
    stream("/api/events", "watchJobs", [], () => undefined),
    stream("/api/job/events", "watchJob", [ID], ({ query }) => query.needed("id")),
  ];

  function stream(
    path: string,
    id: string,
    parameters: NonNullable<Operation["parameters"]>,
    jobOf: (call: Call) => string | undefined,
  ): ApiRoute {
    return {
      method: "GET",
      path,
      needs: "read",
      operation: {
        id,
        about: parameters.length === 0 ? "Tells that jobs may have changed" : "Tells of each change of a job",
        parameters,
        status: 200,
        answer: "Server-sent events, each called change",
        type: "text/event-stream",
      },
      async answer(call) {
        const jobId = jobOf(call);
        if (jobId !== undefined && await call.host.store.find(jobId) === undefined) throw noSuchJob(jobId);
        return streams.open(call.request, jobId);
      },
    };
  }
}

function look(
  path: string,
  operation: Omit<Operation, "status">,
  answer: (call: Call) => object | Promise<object>,
): ApiRoute {
  return {
    method: "GET",
    path,
    needs: "read",
    operation: { ...operation, status: 200 },
    answer: async (call) => Response.json(await answer(call)),
  };
}

/** A look at a job as it is, or was at a revision. */
function ofJob(
  name: string,
  id: string,
  about: string,
  answer: string,
  schema: JsonSchema,
  read: (job: JobDocument) => object,
): ApiRoute {
  return look(
    `/api/job/${name}`,
    { id, about, parameters: [ID, REVISION], answer, schema },
    async ({ host, query }) => read(host.read(await host.load(query.needed("id")), query.whole("revision")).job),
  );
}

function change(name: ActName, id: string, about: string, body: JsonSchema | undefined): ApiRoute {
  const isStored = name !== "fork" && name !== "start" && name !== "delete";
  const status = isStored ? 202 : name === "delete" ? 200 : 201;
  return {
    method: "POST",
    path: `/api/job/${name}`,
    needs: "act",
    operation: {
      id,
      about,
      parameters: [ID],
      ...(body === undefined ? {} : { body }),
      status,
      answer: isStored
        ? "It is stored, and carried out by the worker that has the job or takes it next; GET /api/job/command tells its outcome"
        : "It is done",
      schema: ANSWERS.act,
    },
    async answer({ host, query, request }) {
      const fields = body === undefined ? {} : await readJson(request, host.timers);
      const result = await act(host, name, query.needed("id"), fields);
      return Response.json(result, { status });
    },
  };
}
