import { act, type ActName, type ActResult } from "../acts.ts";
import { type Fields, parseJson } from "../body.ts";
import { RequestError } from "../failure.ts";
import type { Call, Route } from "../route.ts";
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
  "deliver",
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
    ...ACTS.map(formRoute),
  ];
}

function page(path: string, answer: Route["answer"]): Route {
  return { method: "GET", path, needs: "read", answer };
}

function formRoute(name: ActName): Route {
  return {
    method: "POST",
    path: `/job/${name}`,
    needs: "act",
    isForm: true,
    async answer({ fields, host, link, query }) {
      const result = await act(host, name, query.needed("id"), fieldsOf(name, fields));
      // Loading the page again then repeats nothing.
      return new Response(null, { status: 303, headers: { location: addressOf(result, link) } });
    },
  };
}

/** The parts of a form as an act takes them: data is JSON in a text, and a slot is named together with its routine. */
function fieldsOf(name: ActName, { task, to, ...given }: Fields): Fields {
  const fields = task === undefined ? given : failureOf(name, Number(task), given);
  const data = ["data", "params"].filter((name) => typeof fields[name] === "string");
  return {
    ...fields,
    ...Object.fromEntries(data.map((name) => [name, parseJson(name, String(fields[name]))])),
    ...(to === undefined ? {} : targetOf(String(to))),
  };
}

/** The failure that a form means: of a redrive with the data that stands in it. */
function failureOf(name: ActName, taskId: number, { data, ...others }: Fields): Fields {
  const choice = name === "redrive" ? { taskId, data: parseJson("data", String(data)) } : taskId;
  return { ...others, failures: [choice] };
}

function targetOf(text: string): Fields {
  const parts = parseJson("slot", text);
  const [routine, slot]: readonly unknown[] = Array.isArray(parts) ? parts : [];
  if (typeof routine === "string" && typeof slot === "string") return { routine, slot };
  throw new RequestError(400, "The slot of the form is none: load the page again, and repeat what you did");
}

function addressOf({ act, jobId, key }: ActResult, link: Call["link"]): string {
  return act === "delete" ? link("/", { deleted: 1 }) : link("/job", { id: jobId, asked: act, key });
}
