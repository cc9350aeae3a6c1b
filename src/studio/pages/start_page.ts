import type { Flow } from "../../flow.ts";
import { PRIORITIES } from "../../job/task.ts";
import type { ConnectionTarget } from "../../model/connection.ts";
import type { JsonValue } from "../../values/json.ts";
import { type ActResult, startJob } from "../acts.ts";
import { checkFieldNames, type DataField, initialTexts, textsOfData } from "../data_fields.ts";
import { RequestError } from "../failure.ts";
import { entriesOf, findFlow, findFlowOfJob, type FoundFlow, listFlows } from "../flows.ts";
import { exactly, type Html, markup, type Part } from "../html.ts";
import type { Call } from "../route.ts";
import { problemsOfStart, readStart, startFields } from "../start_form.ts";
import { postForm, slotOptions, target } from "./act_forms.ts";
import { targetOf } from "./deliver_page.ts";
import { dataFields, type FilledIn } from "./data_form.ts";
import { nothing, pageAnswer, table } from "./layout.ts";
import { short } from "./texts.ts";

/** The most slots of a flow that the list of flows shows. */
const MOST_SHOWN = 5;

/** What a start is about: a slot of a flow, which is that of a job, or was named itself. */
interface Start {
  readonly flow: Flow;
  readonly to: ConnectionTarget;
  readonly jobId: string | undefined;
}

/** The page with the form that starts a job; without a flow in its address, the one that lists them. */
export async function startPage(call: Call): Promise<Response> {
  if (call.access !== "act") throw new RequestError(403, "You may only look at these jobs");
  const { query } = call;
  const jobId = query.text("job");
  if (query.text("flow") === undefined && jobId === undefined) return flowsPage(call, await listFlows(call.host));
  const flow = await flowOf(call);
  const first = jobId === undefined ? undefined : await firstDelivery(call, jobId);
  const named = query.text("to");
  const to = named === undefined ? first?.to ?? entriesOf(flow)[0] : targetOf(named);
  if (to === undefined) throw new RequestError(409, "No job can begin in this flow: it has no slot");
  const start = { flow, to, jobId };
  const root = fieldsOf(start);
  return formPage(call, start, root, first === undefined ? undefined : likeBefore(root, start.to, first));
}

/**
 * Starts a job by what its form is filled in with. What is wrong with it is shown on a page that has the form again, where it was filled
 * in.
 *
 * @throws {RequestError} for a form of another slot, and a flow that is not there
 */
export async function start(call: Call): Promise<ActResult | Response> {
  const { to: target, ...fields } = call.fields;
  const [flow, to] = [await flowOf(call), targetOf(String(target))];
  const about: Start = { flow, to, jobId: call.query.text("job") };
  const root = fieldsOf(about);
  checkFieldNames(root, fields);
  const given = (name: string) => typeof fields[name] === "string" ? fields[name] : undefined;
  const form = readStart(root, given);
  if ("problems" in form) return formPage(call, about, root, { given, problems: form.problems });
  try {
    return await startJob(flow, { ...to, ...form.fields });
  } catch (error) {
    const problems = problemsOfStart(error);
    if (problems.length === 0) throw error;
    return formPage(call, about, root, { given, problems });
  }
}

async function flowOf({ host, query }: Call): Promise<Flow> {
  const jobId = query.text("job");
  return jobId === undefined ? await findFlow(host, query.needed("flow")) : await findFlowOfJob(host, jobId);
}

function fieldsOf({ flow, to: { routine, slot }, to }: Start): DataField {
  const isThere = entriesOf(flow).some((it) => it.routine === routine && it.slot === slot);
  if (isThere) return startFields(flow, to);
  throw new RequestError(
    404,
    `The flow has no slot ${JSON.stringify(short(slot))} of ${JSON.stringify(short(routine))}`,
  );
}

/** The entry point of a job, and its params. */
interface FirstDelivery {
  readonly to: ConnectionTarget;
  readonly params: JsonValue | undefined;
  readonly queue: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly priority: number;
}

/** Where a job has begun, if its journal goes back so far. */
async function firstDelivery({ host }: Call, jobId: string): Promise<FirstDelivery | undefined> {
  const stored = await host.load(jobId);
  const { priority, queue, tags } = stored.record;
  const [task, ...others] = stored.snapshotRevision === 0 ? host.read(stored, 0).job.pendingTasks : [];
  if (task === undefined || task.connection !== undefined || others.length > 0) return undefined;
  return { to: { routine: task.routine, slot: task.slot }, params: task.data, queue, tags, priority };
}

/** Fills the form for another job with the params and the labels with which the one before began. */
function likeBefore(root: DataField, to: ConnectionTarget, before: FirstDelivery): FilledIn {
  const { params, priority, queue, tags } = before;
  const isSame = to.routine === before.to.routine && to.slot === before.to.slot;
  const labels = {
    ...(queue === "default" ? {} : { queue }),
    priority: PRIORITIES[priority] ?? "normal", // Unreachable default: it is the index of one.
    tags: Object.entries(tags).map((tag) => tag.join("=")),
  };
  const known = isSame ? textsOfData(root, { ...labels, params: params ?? {} }) : undefined;
  const others = { ...root, fields: root.fields.slice(1) };
  const [initial, texts] = [initialTexts(known === undefined ? root : others), known ?? textsOfData(others, labels)];
  return { given: (name) => texts?.get(name) ?? initial.get(name), problems: [] };
}

function flowsPage(call: Call, flows: readonly FoundFlow[]): Response {
  const { link } = call;
  const row = ({ built, flowId }: FoundFlow): readonly Part[] => {
    if (typeof built === "string") {
      return [short(flowId), markup`<span class="faint">cannot be built here: ${built.slice(0, 500)}</span>`];
    }
    const slots = entriesOf(built).slice(0, MOST_SHOWN).map(({ routine, slot }, index) => {
      const address = link("/start", { flow: flowId, to: JSON.stringify([routine, slot]) });
      return markup`${index > 0 && ", "}<a href="${address}">${short(routine, 40)} · ${short(slot, 40)}</a>`;
    });
    return [markup`<a href="${link("/start", { flow: flowId })}">${short(flowId)}</a>`, slots];
  };
  return pageAnswer(link, {
    title: "Start a job",
    place: "jobs",
    main: markup`<p class="crumbs"><a href="${link("/")}">Jobs</a></p>
<h1>Start a job</h1>
<section class="card" aria-label="Flows">${
      flows.length === 0
        ? nothing(
          "No flow is known here. A flow appears when the store has a job of it, or when the studio is given it as one of its flows.",
        )
        : table("Flows", ["Flow", "Begins at"], flows.map(row))
    }</section>`,
  });
}

function formPage(call: Call, { flow, jobId, to }: Start, root: DataField, filled?: FilledIn): Response {
  const { link } = call;
  const hasProblems = filled !== undefined && filled.problems.length > 0;
  const source = jobId === undefined ? { flow: flow.id } : { job: jobId };
  const form = postForm(
    call,
    link("/start", source),
    markup`<input type="hidden" name="to" value="${target(to.routine, to.slot)}">
${dataFields(root, "data", filled)}
<button class="main">Start the job</button>`,
    `Start a job of ${flow.id}`,
  );
  return pageAnswer(link, {
    title: `Start a job of ${short(flow.id)}`,
    place: "jobs",
    status: hasProblems ? 422 : 200,
    main: markup`<p class="crumbs"><a href="${link("/")}">Jobs</a> / <a href="${link("/", { flow: flow.id })}">${
      short(flow.id)
    }</a>${jobId !== undefined && markup` / <a href="${link("/job", { id: jobId })}">${short(jobId)}</a>`}</p>
<h1>Start a job of ${short(flow.id)}</h1>
${
      hasProblems &&
      markup`<p class="notice bad" role="alert">No job was started: something is wrong with what is filled in.</p>`
    }
<section class="card narrow start">${slotForm(call, source, flow, to)}${form}</section>`,
  });
}

/** Lets the reader begin at another slot: then the form has other fields. */
function slotForm({ link }: Call, source: Readonly<Record<string, string>>, flow: Flow, to: ConnectionTarget): Html {
  const hidden = Object.entries(source).map(([name, value]) =>
    markup`<input type="hidden" name="${name}" value="${exactly(value)}">`
  );
  const entries = entriesOf(flow);
  if (entries.length === 1) return markup`<p class="faint">Begins at ${short(to.routine)} · ${short(to.slot)}</p>`;
  return markup`<form class="compare" method="get" action="${
    link("/start")
  }" aria-label="Where the job begins">${hidden}
<label>Where it begins<select name="to">${slotOptions(entries, to)}</select></label><button>Change</button></form>`;
}
