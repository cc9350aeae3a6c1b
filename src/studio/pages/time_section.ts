import type { StoredJob } from "../../ports/store.ts";
import { exactly, type Html, markup, type Part } from "../html.ts";
import { type Revision, revisionsOf } from "../records.ts";
import type { Call } from "../route.ts";
import { actForm } from "./act_forms.ts";
import { section, table } from "./layout.ts";
import { instant, short } from "./texts.ts";

/** How many revisions are listed around the one that is shown. */
const LISTED = 12;

/** The slider over the revisions that the journal has kept, the revisions around the shown one, and a form to compare two. */
export function timeSection(call: Call, stored: StoredJob, revision: number | undefined, now: number): Html {
  const { link } = call;
  const { record: { jobId, revision: last }, snapshotRevision: first } = stored;
  const shown = revision ?? last;
  const step = (name: string, to: number): Part =>
    to < first || to > last
      ? markup`<span class="button plain off" aria-hidden="true">${name}</span>`
      : markup`<a class="button plain" href="${link("/job", { id: jobId, revision: to })}">${name}</a>`;
  const begin = Math.max(0, Math.min(shown - first - LISTED / 2, stored.entries.length + 1 - LISTED));
  const listed = revisionsOf(stored, begin, begin + LISTED);
  return section(
    "Time",
    "time",
    markup`<form class="slider" method="get" action="${
      link(
        "/job",
      )
    }" data-slider><input type="hidden" name="id" value="${exactly(jobId)}">
${
      step(
        "←",
        shown - 1,
      )
    }<label><span>Revision <output>${shown}</output> <span class="faint">of ${first} to ${last}</span></span>
<input type="range" name="revision" min="${first}" max="${last}" value="${shown}"></label>${
      step(
        "→",
        shown + 1,
      )
    }<button>Show</button></form>
${
      table(
        "Revisions",
        ["Revision", "When", "Kind", "What"],
        listed.toReversed().map((it) => row(call, jobId, it, shown, now)),
      )
    }
<form class="compare" method="get" action="${link("/job/differences")}"
aria-label="Compare two revisions"><input type="hidden" name="id" value="${exactly(jobId)}">
<label>From<input type="number" name="from" min="${first}" max="${last}" value="${
      Math.max(
        first,
        shown - 1,
      )
    }" required></label>
<label>To<input type="number" name="to" min="${first}" max="${last}" value="${shown}" required></label><button>Compare</button></form>`,
  );
}

/** The banner of a page that shows the past, with a form to fork the job from there. */
export function pastBanner(call: Call, stored: StoredJob, revision: number, hasEnded: boolean): Html {
  const { jobId, revision: last } = stored.record;
  const canFork = call.access === "act" && !hasEnded;
  return markup`<div class="notice past"><p>This is the job as it was at <b>revision ${revision}</b> of ${last}.
<a href="${call.link("/job", { id: jobId })}">Back to now</a></p>${
    canFork && markup`<details class="act"><summary class="button">Fork from here</summary>${
      actForm(
        call,
        jobId,
        "fork",
        markup`<input type="hidden" name="revision" value="${revision}"><p>A new job goes on from this state.</p>
<label>Id of the new job<input name="jobId" placeholder="a random one" autocomplete="off" spellcheck="false"></label><button class="main">Fork</button>`,
      )
    }</details>`
  }</div>`;
}

function row(
  { link }: Call,
  jobId: string,
  { at, kind, revision, what }: Revision,
  shown: number,
  now: number,
): readonly Part[] {
  return [
    markup`<a href="${link("/job", { id: jobId, revision })}" ${
      revision === shown && markup` aria-current="true"`
    }>${revision}</a>`,
    at === undefined ? markup`<span class="faint">–</span>` : instant(at, now),
    kind,
    short(what),
  ];
}
