import { env } from "node:process";
import { type JobOutput, JobState, PreflightError, SerializationError, StateError } from "@routilux/routilux";
import { entry, flow, registry } from "./routines.ts";

// Jobs over HTTP. They live in this process: a client that fetches a job's snapshot can post it to another process
// later.
//
//   POST /jobs               starts a job: { "texts": ["some words", …] }
//   GET  /jobs/:id           returns its status
//   GET  /jobs/:id/events    its outputs as server-sent events, beginning with the existing ones
//   POST /jobs/:id/pause     pauses it
//   GET  /jobs/:id/snapshot  returns everything that another process needs
//   POST /jobs/resume        resumes a snapshot
//
// A snapshot determines what a job does next. If clients are not trusted, sign the snapshots that you give out.

const MOST_BYTES = 1_000_000;

/** The part of Bun that is used here; not needed with @types/bun. */
declare const Bun: {
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    readonly maxRequestBodySize: number;
    readonly routes: Readonly<Record<string, Readonly<Record<string, Handler>>>>;
    fetch(): Response;
    error(error: unknown): Response;
  }): Server;
};
interface Server {
  readonly url: URL;
  timeout(request: Request, seconds: number): void;
}
type Handler = (
  request: Request & { readonly params: Readonly<Record<string, string>> },
  server: Server,
) => Response | Promise<Response>;

/** An error that is reported to the client. */
class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const jobs = new Map<string, JobState>();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(env["PORT"] ?? 3000),
  maxRequestBodySize: 2 * MOST_BYTES, // larger requests are rejected unread
  routes: {
    "/jobs": {
      POST: async (request) => {
        const job = flow.execute(entry, { texts: readTexts(await readJson(request)) });
        jobs.set(job.jobId, job);
        return Response.json(view(job), { status: 201, headers: { location: `/jobs/${job.jobId}` } });
      },
    },
    "/jobs/resume": {
      POST: async (request) => {
        const job = JobState.fromJSON(await readJson(request), registry);
        const known = jobs.get(job.jobId);
        if (known !== undefined && known.status !== "paused") {
          throw new HttpError(409, `job "${job.jobId}" is here already, in status "${known.status}"`);
        }
        flow.resume(job);
        jobs.set(job.jobId, job);
        return Response.json(view(job));
      },
    },
    "/jobs/:id": {
      GET: ({ params }) => Response.json(view(find(params["id"]))),
    },
    "/jobs/:id/events": {
      GET: (request, server) => {
        const job = find(request.params["id"]);
        server.timeout(request, 0); // no idle timeout: a job may send nothing for a long time
        return new Response(events(job, Number(request.headers.get("last-event-id"))), {
          headers: { "content-type": "text/event-stream", "cache-control": "no-cache" },
        });
      },
    },
    "/jobs/:id/pause": {
      POST: async ({ params }) => {
        const job = find(params["id"]);
        await flow.pause(job, { reason: "asked for" });
        return Response.json(view(job));
      },
    },
    "/jobs/:id/snapshot": {
      GET: ({ params }) => Response.json(find(params["id"])),
    },
  },
  fetch: () => refusal(404, "there is nothing of this method and path"),
  error(error) {
    if (error instanceof HttpError) return refusal(error.status, error.message);
    if (error instanceof PreflightError) return refusal(422, error.message, error.findings);
    if (error instanceof SerializationError) return refusal(422, error.message, [error]);
    if (error instanceof StateError) return refusal(409, error.message);
    console.error(error);
    return refusal(500, "something is wrong here");
  },
});
console.log(`Listening on ${server.url}`);

function refusal(status: number, error: string, found?: PreflightError["findings"]): Response {
  const findings = found?.map(({ code, path, message }) => ({ code, path, message }));
  return Response.json({ error, findings }, { status });
}

function find(id = ""): JobState {
  const job = jobs.get(id);
  if (job === undefined) throw new HttpError(404, `there is no job "${id}"`);
  return job;
}

function view({ jobId, status, pendingTasks, error }: JobState): object {
  return { jobId, status, pending: pendingTasks.length, error };
}

async function readJson(request: Request): Promise<unknown> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new HttpError(413, `the body has more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(await new Blob(chunks).text());
  } catch {
    throw new HttpError(400, "the body is no JSON");
  }
}

function readTexts(body: unknown): string[] {
  const texts: unknown = typeof body === "object" && body !== null && "texts" in body ? body.texts : undefined;
  const isValid = Array.isArray(texts) && texts.length > 0 && texts.every((text) => typeof text === "string");
  if (!isValid) throw new HttpError(400, 'expected { "texts": [one string or more] }');
  return texts;
}

/**
 * Streams the outputs after the last one that the client has seen, numbered across all processes; then the job's
 * status.
 */
function events(job: JobState, lastSeen: number): ReadableStream<Uint8Array> {
  const outputs = flow.outputs(job);
  const encoder = new TextEncoder();
  let id = job.dropped.outputLog;
  return new ReadableStream({
    async pull(controller) {
      let next: IteratorResult<JobOutput, void>;
      do next = await outputs.next(); while (++id <= lastSeen && next.done !== true);
      const text = next.done === true
        ? `event: end\ndata: ${JSON.stringify(view(job))}\n\n`
        : `id: ${id}\nevent: ${next.value.type}\ndata: ${JSON.stringify(next.value.data)}\n\n`;
      controller.enqueue(encoder.encode(text));
      if (next.done === true) controller.close();
    },
    cancel: () => void outputs.return?.(),
  });
}
