import type { FlowDocument } from "../../documents/flow_schema.ts";
import type { ConnectionTarget } from "../../model/connection.ts";
import type { TaskDocument } from "../../documents/task.ts";
import type { JobStatus } from "../../job/job.ts";
import { TOKEN_FIELD } from "../access.ts";
import type { ActName } from "../acts.ts";
import type { DataField } from "../data_fields.ts";
import { exactly, type Html, markup, type Part } from "../html.ts";
import type { Call } from "../route.ts";
import { RETRIES_FIELD, RETRIES_HINT } from "../redrive_form.ts";
import { dataFields, type FilledIn } from "./data_form.ts";
import { short } from "./texts.ts";

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

/**
 * The acts that a job of a status is offered: each opens, and asks before it is done. Nothing for somebody who may only look.
 *
 * @param hasFailures whether it has some that are not handled: a job that has completed with those can be redriven
 */
export function actButtons(call: Call, jobId: string, status: JobStatus, hasFailures: boolean = false): Part {
  if (call.access !== "act") return undefined;
  const more: readonly PlainAct[] = status === "completed" && hasFailures ? ["redrive"] : [];
  return markup`<div class="acts">${[...more, ...OFFERED[status]].map((name) => actButton(call, jobId, name))}</div>`;
}

function actButton(call: Call, jobId: string, act: PlainAct): Part {
  const [name, question] = WORDS[act];
  const isGrave = act === "cancel" || act === "delete";
  const reason = (act === "cancel" || act === "pause") &&
    markup`<label>Reason<input name="reason" placeholder="for those who look at the job" autocomplete="off"></label>`;
  const choice = act === "redrive" &&
    markup`<label>Retries of each task<input name="${RETRIES_FIELD}" inputmode="numeric" placeholder="${RETRIES_HINT}" autocomplete="off"></label>
<p><a href="${call.link("/job/redrive", { id: jobId })}">Choose failures, change their data</a></p>`;
  return markup`<details class="act"><summary class="button${isGrave && " grave"}">${name}</summary>
${
    actForm(
      call,
      jobId,
      act,
      markup`<p>${question}</p>${reason}${choice}<button${isGrave && markup` class="grave"`}>${name} this job</button>`,
    )
  }</details>`;
}

/** A form for an act on a job. */
export function actForm(call: Call, jobId: string, act: ActName, content: Part, label?: string): Html {
  return postForm(call, call.link(`/job/${act}`, { id: jobId }), content, label);
}

/** A form for an act, with the token that it needs. */
export function postForm({ token }: Call, address: string, content: Part, label?: string): Html {
  return markup`<form method="post" action="${address}" ${label !== undefined && markup` aria-label="${label}"`}>
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

/** What can be done with a failure: it is redriven by a form of its own, or dropped. */
export function failureForms(call: Call, jobId: string, task: TaskDocument, hasEnded: boolean): Html {
  return markup`<div class="more">${
    hasEnded && markup`<a class="button" href="${call.link("/job/redrive", { id: jobId, task: task.id })}">Redrive…</a>`
  }${
    actForm(
      call,
      jobId,
      "discard",
      markup`<input type="hidden" name="task" value="${task.id}"><button class="grave">Discard this failure</button>`,
    )
  }</div>`;
}

/** A form that leads to the one that delivers to a slot of a flow. */
export function anyDeliverForm({ link }: Call, jobId: string, { routines }: FlowDocument): Html {
  const slots = Object.entries(routines).flatMap(([routine, { slots }]) =>
    Object.keys(slots).map((slot) => ({ routine, slot }))
  );
  return markup`<form method="get" action="${link("/job/deliver")}"><input type="hidden" name="id" value="${
    exactly(jobId)
  }">
<label>Slot<select name="to">${slotOptions(slots)}</select></label><button>Go on</button></form>`;
}

/** The options of a choice between slots. */
export function slotOptions(slots: readonly ConnectionTarget[], chosen?: ConnectionTarget): Part {
  return slots.slice(0, MOST_SLOTS).map(({ routine, slot }) =>
    markup`<option value="${target(routine, slot)}"${
      routine === chosen?.routine && slot === chosen.slot && markup` selected`
    }>${short(routine)} · ${short(slot)}</option>`
  );
}

/** A routine and a slot as the value of a field. */
export function target(routine: string, slot: string): Html {
  return exactly(JSON.stringify([routine, slot]));
}
