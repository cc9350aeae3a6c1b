import { act, type ActName, type ActResult } from "../acts.ts";
import type { Fields } from "../body.ts";
import type { Call, Route } from "../route.ts";
import { deliver, deliverPage } from "./deliver_page.ts";
import { differencesPage } from "./differences_page.ts";
import { jobPage } from "./job_page.ts";
import { jobsPage } from "./jobs_page.ts";
import { redrive, redrivePage } from "./redrive_page.ts";
import { schedulesPage } from "./schedules_page.ts";
import { start, startPage } from "./start_page.ts";
import { workersPage } from "./workers_page.ts";

const ACTS: readonly ActName[] = [
  "pause",
  "resume",
  "cancel",
  "discard",
  "fork",
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
    page("/start", startPage),
    form("/start", start),
    form("/job/deliver", deliver),
    page("/job/redrive", redrivePage),
    form("/job/redrive", redrive),
    ...ACTS.map((name) =>
      form(`/job/${name}`, (call) => act(call.host, name, call.query.needed("id"), fieldsOf(call.fields)))
    ),
  ];
}

function page(path: string, answer: Route["answer"]): Route {
  return { method: "GET", path, needs: "read", answer };
}

function form(path: string, perform: (call: Call) => Promise<ActResult | Response>): Route {
  return {
    method: "POST",
    path,
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

/** The parts of a form as an act takes them: the failure of a task is named by its id. */
function fieldsOf({ task, ...fields }: Fields): Fields {
  return task === undefined ? fields : { ...fields, failures: [Number(task)] };
}

function addressOf({ act, jobId, key }: ActResult, link: Call["link"]): string {
  return act === "delete" ? link("/", { deleted: 1 }) : link("/job", { id: jobId, asked: act, key });
}
