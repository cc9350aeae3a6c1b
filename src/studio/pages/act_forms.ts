import type { FlowDocument } from "../../documents/flow_schema.ts";
import type { ConnectionTarget } from "../../model/connection.ts";
import type { TaskDocument } from "../../documents/task.ts";
import type { JobStatus } from "../../job/job.ts";
import { TOKEN_FIELD } from "../access.ts";
import type { ActName } from "../acts.ts";
import type { DataField } from "../data_fields.ts";
import { exactly, type Html, markup, type Part } from "../html.ts";
import type { Call } from "../route.ts";
import { dataFields, type FilledIn } from "./data_form.ts";

/** The most slots that a form lets choose from. */
const MOST_SLOTS = 500;

/** The acts that need no data. */
type PlainAct = Exclude<ActName, "discard" | "deliver" | "fork" | "start">;

/** Which acts a job of a status is offered. */
const OFFERED: Readonly<Record<JobStatus, readonly PlainAct[]>> = {
  pending: ["resume", "pause", "cancel", "delete"],
  running: ["pause", "cancel"],
  paused: ["resume", "cancel", "delete"],
  completed: ["delete"],
  failed: ["redrive", "delete"],
  cancelled: ["redrive", "delete"],
};

const WORDS: Readonly<
  Record<PlainAct, readonly [name: string, question: string]>
> = {
  pause: ["Pause", "Running handlers may go on for a second; then the job rests until it is resumed."],
  resume: ["Resume", "The job goes on where it stands."],
  cancel: ["Cancel", "The job ends, and what is pending does not run."],
  redrive: ["Redrive", "The job goes on: its failures become tasks again, with new attempts."],
  delete: ["Delete", "The job is deleted with its journal. That cannot be undone."],
};

/** The acts that a job of a status is offered: each opens, and asks before it is done. Nothing for somebody who may only look. */
export function actButtons(call: Call, jobId: string, status: JobStatus): Part {
  if (call.access !== "act") return undefined;
  return markup`<div class="acts">${OFFERED[status].map((name) => actButton(call, jobId, name))}</div>`;
}

function actButton(call: Call, jobId: string, act: PlainAct): Part {
  const [name, question] = WORDS[act];
  const isGrave = act === "cancel" || act === "delete";
  const reason = (act === "cancel" || act === "pause") &&
    markup`<label>Reason<input name="reason" placeholder="for those who look at the job" autocomplete="off"></label>`;
  return markup`<details class="act"><summary class="button${isGrave && " grave"}">${name}</summary>
${
    actForm(
      call,
      jobId,
      act,
      markup`<p>${question}</p>${reason}<button${isGrave && markup` class="grave"`}>${name} this job</button>`,
    )
  }</details>`;
}

/** A form for an act. */
export function actForm({ link, token }: Call, jobId: string, act: ActName, content: Part, label?: string): Html {
  return markup`<form method="post" action="${link(`/job/${act}`, { id: jobId })}" ${
    label !== undefined && markup` aria-label="${label}"`
  }>
<input type="hidden" name="${TOKEN_FIELD}" value="${token}">${content}</form>`;
}

/** A form that delivers data to one slot; `id` begins the ids of its fields. */
export function deliverForm(
  call: Call,
  jobId: string,
  { routine, slot }: ConnectionTarget,
  field: DataField,
  id: string,
  filled?: FilledIn,
): Html {
  return actForm(
    call,
    jobId,
    "deliver",
    markup`<input type="hidden" name="to" value="${target(routine, slot)}">
${dataFields(field, id, filled)}
<button class="main">Deliver</button>`,
    `Deliver to ${routine}, ${slot}`,
  );
}

/** The forms that let a failure go on, perhaps with other data, and that drop it. */
export function failureForms(call: Call, jobId: string, task: TaskDocument, hasEnded: boolean): Html {
  const id = markup`<input type="hidden" name="task" value="${task.id}">`;
  const data = exactly(JSON.stringify(task.data ?? {}, undefined, 2));
  const redrive = actForm(
    call,
    jobId,
    "redrive",
    markup`${id}<label>Data, as JSON<textarea name="data" rows="4" spellcheck="false">
${data}</textarea></label><button>Redrive with this data</button>`,
  );
  return markup`${hasEnded && redrive}${
    actForm(call, jobId, "discard", markup`${id}<button class="grave">Discard this failure</button>`)
  }`;
}

/** A form that leads to the one that delivers to a slot of a flow. */
export function anyDeliverForm({ link }: Call, jobId: string, flow: FlowDocument): Html {
  return markup`<form method="get" action="${link("/job/deliver")}"><input type="hidden" name="id" value="${
    exactly(jobId)
  }">
<label>Slot<select name="to">${slotOptions(flow, undefined)}</select></label><button>Go on</button></form>`;
}

/** A form that starts another job of a flow. */
export function startForm(call: Call, jobId: string, flow: FlowDocument): Html {
  return actForm(
    call,
    jobId,
    "start",
    markup`<label>Slot to begin at<select name="to">${slotOptions(flow, "trigger")}</select></label>
<label>Params, as JSON<textarea name="params" rows="3" spellcheck="false">{}</textarea></label>
<label>Id of the new job<input name="jobId" placeholder="a random one" autocomplete="off" spellcheck="false"></label><button>Start a job</button>`,
  );
}

/** A routine and a slot as the value of a field. */
function target(routine: string, slot: string): Html {
  return exactly(JSON.stringify([routine, slot]));
}

function slotOptions({ routines }: FlowDocument, first: string | undefined): Part {
  const all = Object.entries(routines).flatMap(([routine, { slots }]) =>
    Object.keys(slots).map((slot) => [routine, slot] as const)
  );
  const sorted = [...all.filter(([, slot]) => slot === first), ...all.filter(([, slot]) => slot !== first)];
  return sorted.slice(0, MOST_SLOTS).map(([routine, slot]) =>
    markup`<option value="${target(routine, slot)}">${routine} · ${slot}</option>`
  );
}
