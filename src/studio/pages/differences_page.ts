import { diffDocuments, type JobDifference } from "../../inspect/diff.ts";
import { markup, type Part } from "../html.ts";
import type { Call } from "../route.ts";
import { nothing, pageAnswer, section } from "./layout.ts";
import { counted, jsonOf, short } from "./texts.ts";

/** The most differences of a page. */
const MOST_DIFFERENCES = 200;

/** The page that says how two revisions of a job differ. */
export async function differencesPage({ host, link, query }: Call): Promise<Response> {
  const stored = await host.load(query.needed("id"));
  const { jobId } = stored.record;
  const [from, to] = [query.neededWhole("from"), query.neededWhole("to")];
  const all = diffDocuments(host.read(stored, from).job, host.read(stored, to).job);
  const revision = (it: number): Part =>
    markup`<a href="${link("/job", { id: jobId, revision: it })}">revision ${it}</a>`;
  return pageAnswer(link, {
    title: `Differences of ${short(jobId)}`,
    place: "jobs",
    main: markup`<p class="crumbs"><a href="${link("/")}">Jobs</a> / <a href="${link("/job", { id: jobId })}">${
      short(jobId)
    }</a></p>
<h1>What has changed</h1><p>From ${revision(from)} to ${revision(to)}</p>
${
      section(
        counted(all.length, "difference"),
        "differences",
        all.length === 0
          ? nothing("The two are equal.")
          : markup`<ul class="differences">${all.slice(0, MOST_DIFFERENCES).map(difference)}</ul>`,
      )
    }`,
  });
}

function difference({ after, before, message, path }: JobDifference): Part {
  return markup`<li>
<p>${message.slice(0, 500)}</p>
<p class="faint"><code>${short(path)}</code></p>
<details>
<summary>Before and after</summary>
<div class="pair">
<div><h3>Before</h3>${jsonOf(before)}</div>
<div><h3>After</h3>${jsonOf(after)}</div>
</div>
</details>
</li>`;
}
