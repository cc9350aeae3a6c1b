import { act, type ActName, type ActResult } from "../acts.ts";
import { type Fields, parseJson } from "../body.ts";
import type { Call, Route } from "../route.ts";
import { deliver, deliverPage, targetOf } from "./deliver_page.ts";
import { differencesPage } from "./differences_page.ts";
import { jobPage } from "./job_page.ts";
import { jobsPage } from "./jobs_page.ts";
import { schedulesPage } from "./schedules_page.ts";
import { workersPage } from "./workers_page.ts";

const ACTS: readonly ActName[] = [
  "pause",
  "resume",
  "cancel",
  "redrive",
  "discard",
  "fork",
  "start",
  "delete",
];

/** The pages, and what their forms ask for. */
export function pageRoutes(): readonly Route[] {
  return [
    page("/", jobsPage),
    page("/job", jobPage),
    page("/job/differences", differencesPage),
    page("/schedules", schedulesPage),
    page("/workers", workersPage),
    page("/job/deliver", deliverPage),
    form("deliver", deliver),
    ...ACTS.map((name) =>
      form(name, (call) => act(call.host, name, call.query.needed("id"), fieldsOf(name, call.fields)))
    ),
  ];
}

function page(path: string, answer: Route["answer"]): Route {
  return { method: "GET", path, needs: "read", answer };
}

function form(name: ActName, perform: (call: Call) => Promise<ActResult | Response>): Route {
  return {
    method: "POST",
    path: `/job/${name}`,
    needs: "act",
    isForm: true,
    async answer(call) {
      const result = await perform(call);
      if (result instanceof Response) return result;
      // Loading the page again then repeats nothing.
      return new Response(null, { status: 303, headers: { location: addressOf(result, call.link) } });
    },
  };
}

/** The parts of a form as an act takes them: params are JSON in a text, and a slot is named together with its routine. */
function fieldsOf(name: ActName, { task, to, ...given }: Fields): Fields {
  const fields = task === undefined ? given : failureOf(name, Number(task), given);
  const { params } = fields;
  return {
    ...fields,
    ...(params === undefined ? {} : { params: parseJson("params", String(params)) }),
    ...(to === undefined ? {} : targetOf(String(to))),
  };
}

/** The failure that a form means: of a redrive with the data that stands in it. */
function failureOf(name: ActName, taskId: number, { data, ...others }: Fields): Fields {
  const choice = name === "redrive" ? { taskId, data: parseJson("data", String(data)) } : taskId;
  return { ...others, failures: [choice] };
}

function addressOf({ act, jobId, key }: ActResult, link: Call["link"]): string {
  return act === "delete" ? link("/", { deleted: 1 }) : link("/job", { id: jobId, asked: act, key });
}
