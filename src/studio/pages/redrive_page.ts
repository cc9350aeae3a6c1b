import type { FailureDocument } from "../../documents/records.ts";
import { errorText } from "../../inspect/tasks.ts";
import { act, type ActResult } from "../acts.ts";
import { RequestError } from "../failure.ts";
import { exactly, type Html, markup, type Part } from "../html.ts";
import {
  CHOICE_FIELD,
  problemsOfRedrive,
  readRedrive,
  RETRIES_FIELD,
  RETRIES_HINT,
  taskDataField,
  taskField,
} from "../redrive_form.ts";
import type { Call } from "../route.ts";
import { actForm } from "./act_forms.ts";
import { nothing, pageAnswer } from "./layout.ts";
import { counted, instant, short } from "./texts.ts";

/** The most failures that can be chosen on a page, and the most characters of data that are edited there: a page has an end. */
const MOST_FAILURES = 50;
const MOST_EDITED = 8_000;

/** The page with the form that redrives a job: with all its failures, or those that are chosen. */
export async function redrivePage(call: Call): Promise<Response> {
  if (call.access !== "act") throw new RequestError(403, "You may only look at these jobs");
  const task = call.query.whole("task");
  const { failures, jobId } = await find(call);
  const isChosen = ({ handled, task: { id } }: FailureDocument) => task === undefined ? handled !== true : id === task;
  return formPage(call, jobId, failures, task, new Map(), {
    [CHOICE_FIELD]: "some",
    ...Object.fromEntries(failures.filter(isChosen).map(({ task }) => [taskField(task.id), "on"])),
  });
}

/**
 * Redrives a job by what its form is filled in with. What is wrong with it is shown on a page that has the form again, where it was
 * filled in.
 *
 * @throws {RequestError} for a job that is not there, or cannot be redriven
 */
export async function redrive(call: Call): Promise<ActResult | Response> {
  const { failures, jobId } = await find(call);
  const form = readRedrive(call.fields, failures);
  const first = failures.find(({ task }) => taskField(task.id) in call.fields)?.task.id;
  const again = (problems: ReadonlyMap<string, string>): Response => {
    const isChoice = CHOICE_FIELD in call.fields;
    const all = failures.filter(({ handled }) => handled !== true).map(({ task }) => [taskField(task.id), "on"]);
    return formPage(call, jobId, failures, first, problems, {
      ...(isChoice ? {} : Object.fromEntries(all)),
      ...call.fields,
    });
  };
  if ("problems" in form) return again(form.problems);
  try {
    return await act(call.host, "redrive", jobId, form.fields);
  } catch (error) {
    const problems = problemsOfRedrive(error);
    if (problems.size === 0) throw error;
    return again(problems);
  }
}

async function find(
  { host, query }: Call,
): Promise<{ readonly jobId: string; readonly failures: readonly FailureDocument[] }> {
  const stored = await host.load(query.needed("id"));
  const { failures = [], jobId } = host.read(stored).job;
  return { jobId, failures };
}

/** The label, the field and what is wrong with it: how often a task may be tried again. */
function retriesField(id: string, value: string = "", problem?: string): Html {
  return markup`<div class="field"><label for="${id}">Retries of each task</label><input id="${id}" name="${RETRIES_FIELD}" value="${
    exactly(value)
  }" inputmode="numeric" placeholder="${RETRIES_HINT}" autocomplete="off"${
    problem !== undefined && markup` aria-invalid="true" aria-describedby="${id}-problem"`
  }>${problem !== undefined && markup`<span class="problem" id="${id}-problem">${problem}</span>`}</div>`;
}

function formPage(
  call: Call,
  jobId: string,
  failures: readonly FailureDocument[],
  task: number | undefined,
  problems: ReadonlyMap<string, string>,
  filled: Readonly<Record<string, unknown>>,
): Response {
  const { link } = call;
  const now = call.host.timers.now();
  // The newest failures are first; one that the address or the form names is always shown.
  const newest = failures.toReversed();
  const isNamed = ({ task: { id } }: FailureDocument) => id === task;
  const shown = [...newest.filter(isNamed), ...newest.filter((it) => !isNamed(it))].slice(0, MOST_FAILURES);
  const given = (name: string) => typeof filled[name] === "string" ? filled[name] : undefined;
  const problem = problems.get(CHOICE_FIELD);
  const content = markup`<input type="hidden" name="${CHOICE_FIELD}" value="some">
<fieldset${problem !== undefined && markup` aria-describedby="choice-problem"`}><legend>${
    counted(failures.length, "failure")
  }</legend>${
    problem !== undefined && markup`<span class="problem" id="choice-problem">${problem}</span>`
  }<ul class="choices">${shown.map((it) => choice(it, now, given, problems.get(taskDataField(it.task.id))))}</ul>${
    shown.length < failures.length &&
    markup`<p class="faint">Only ${shown.length} can be chosen here; the API and the command line take any.</p>`
  }</fieldset>
${retriesField("retries", given(RETRIES_FIELD), problems.get(RETRIES_FIELD))}
<button class="main">Redrive the chosen failures</button>`;
  return pageAnswer(link, {
    title: `Redrive ${short(jobId)}`,
    place: "jobs",
    status: problems.size === 0 ? 200 : 422,
    main: markup`<p class="crumbs"><a href="${link("/")}">Jobs</a> / <a href="${link("/job", { id: jobId })}">${
      short(jobId)
    }</a></p>
<h1>Redrive ${short(jobId)}</h1>
${
      problems.size > 0 &&
      markup`<p class="notice bad" role="alert">Nothing was redriven: something is wrong with what is filled in.</p>`
    }
<section class="card narrow">${
      failures.length === 0
        ? nothing("This job has no failures: they were redriven or discarded.")
        : markup`<p>The chosen failures become tasks again, with new attempts, and the job goes on with them.</p>${
          actForm(call, jobId, "redrive", content, `Redrive ${short(jobId)}`)
        }`
    }</section>`,
  });
}

/** A failure that can be chosen, with its data, which can be changed. */
function choice(
  { at, error, handled, task }: FailureDocument,
  now: number,
  given: (name: string) => string | undefined,
  problem: string | undefined,
): Part {
  const { id, routine, slot } = task;
  const text = JSON.stringify(task.data ?? {}, undefined, 2);
  const name = taskDataField(id);
  const data = text.length > MOST_EDITED
    ? markup`<p class="faint">Its data has ${text.length.toLocaleString("en-US")} characters, and stays as it is.</p>`
    : markup`<details${(problem !== undefined || given(name) !== undefined) && markup` open`}><summary>Data</summary>
<div class="field"><label for="data-${id}">Data of task ${id}, as JSON</label><textarea id="data-${id}" name="${name}" rows="${
      Math.min(12, Math.max(3, text.split("\n").length))
    }" spellcheck="false"${problem !== undefined && markup` aria-invalid="true" aria-describedby="data-${id}-problem"`}>
${exactly(given(name) ?? text)}</textarea>${
      problem !== undefined && markup`<span class="problem" id="data-${id}-problem">${problem}</span>`
    }</div></details>`;
  return markup`<li><label class="choice"><input type="checkbox" name="${taskField(id)}"${
    given(taskField(id)) !== undefined && markup` checked`
  }><span><span class="error">${errorText(error).slice(0, 300)}</span><br>task #${id} of ${short(routine)} · ${
    short(slot)
  }, ${counted((task.attempt ?? 0) + 1, "attempt")}, ${instant(at, now)}${
    handled === true && ", handled by a failure connection"
  }</span></label>${data}</li>`;
}
