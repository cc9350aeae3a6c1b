import type { JobRecord } from "../../ports/store.ts";
import type { ConnectionTarget } from "../../model/connection.ts";
import { SchemaError } from "../../values/standard_schema.ts";
import { act, type ActResult } from "../acts.ts";
import { parseJson } from "../body.ts";
import { anyData, checkFieldNames, type DataField, problemsOf, readData } from "../data_fields.ts";
import { RequestError } from "../failure.ts";
import { markup } from "../html.ts";
import type { Call } from "../route.ts";
import { noSuchJob } from "../studio_host.ts";
import { deliverForm } from "./act_forms.ts";
import type { FilledIn } from "./data_form.ts";
import { pageAnswer } from "./layout.ts";
import { short } from "./texts.ts";

/** The page with the form that delivers to one slot of a job. */
export async function deliverPage(call: Call): Promise<Response> {
  if (call.access !== "act") throw new RequestError(403, "You may only look at these jobs");
  const target = targetOf(call.query.needed("to"));
  const record = await find(call);
  return formPage(call, record, target, await call.host.fieldOf(record, target));
}

/**
 * Delivers what a form is filled in with. What is wrong with it is shown on a page that has the form again, where it was filled in.
 *
 * @throws {RequestError} for a form of another slot, and a job that does not take it
 */
export async function deliver(call: Call): Promise<ActResult | Response> {
  const { to, ...fields } = call.fields;
  const target = targetOf(String(to));
  const record = await find(call);
  const given = (name: string) => typeof fields[name] === "string" ? fields[name] : undefined;
  // JSON is taken for any slot.
  const field = given("data") === undefined ? await call.host.fieldOf(record, target) : anyData();
  const others = Object.entries(fields).filter(([name]) => !/^data(?:\/|$)/.test(name));
  checkFieldNames(field, fields);
  const { data = {}, problems } = readData(field, given);
  if (problems.length > 0) return formPage(call, record, target, field, { given, problems });
  try {
    return await act(call.host, "deliver", record.jobId, { ...Object.fromEntries(others), ...target, data });
  } catch (error) {
    if (!(error instanceof RequestError) || !(error.cause instanceof SchemaError)) throw error;
    return formPage(call, record, target, field, { given, problems: problemsOf(error.cause) });
  }
}

async function find({ host, query }: Call): Promise<JobRecord> {
  const jobId = query.needed("id");
  const record = await host.store.find(jobId);
  if (record === undefined) throw noSuchJob(jobId);
  return record;
}

function formPage(
  call: Call,
  { jobId }: JobRecord,
  target: ConnectionTarget,
  field: DataField,
  filled?: FilledIn,
): Response {
  const { link } = call;
  return pageAnswer(link, {
    title: `Deliver to ${short(jobId)}`,
    place: "jobs",
    status: filled === undefined ? 200 : 422,
    main: markup`<p class="crumbs"><a href="${link("/")}">Jobs</a> / <a href="${link("/job", { id: jobId })}">${
      short(jobId)
    }</a></p>
<h1>Deliver to ${short(target.routine)} · ${short(target.slot)}</h1>
${
      filled !== undefined &&
      markup`<p class="notice bad" role="alert">Nothing was delivered: something is wrong with the data.</p>`
    }
<section class="card narrow">${deliverForm(call, jobId, target, field, "data", filled)}</section>`,
  });
}

/**
 * The slot that a form means, which names it together with its routine.
 *
 * @throws {RequestError} for a text that names none
 */
export function targetOf(text: string): ConnectionTarget {
  const parts = parseJson("slot", text);
  const [routine, slot]: readonly unknown[] = Array.isArray(parts) ? parts : [];
  if (typeof routine === "string" && typeof slot === "string") return { routine, slot };
  throw new RequestError(400, "The slot of the form is none: load the page again, and repeat what you did");
}
