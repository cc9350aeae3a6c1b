import * as fc from "fast-check";
import { Flow, JobState } from "../../mod.ts";
import type { FlowDocument } from "../../src/documents/mod.ts";
import { flows } from "../support/flow_arbitrary.ts";
import { withoutPausePoints } from "../support/comparable_text.ts";
import { quietStops } from "../support/job_stops.ts";
import { runMoving } from "../support/moving_run.ts";
import type { CarriedJob } from "../support/scripted_host.ts";
import { scriptedRegistry } from "../support/scripted_routines.ts";
import { assertSame } from "./assert_same.ts";
import type { StoppedCase } from "./pause_anywhere.ts";
import { type Law, law } from "./law.ts";

const registry = scriptedRegistry();

/** Another id of the same length, in the same order: by the length of what it keeps, a job drops what is old. */
function renamed(id: string): string {
  const [first = ""] = id;
  return (first === first.toUpperCase() ? first.toLowerCase() : first.toUpperCase()) + id.slice(1);
}

/** Moves a carried job to a version of its flow in which all routines have other ids. */
function adopt({ text, now }: CarriedJob): CarriedJob {
  const { flow: document, job: json } = JSON.parse(text);
  const flow = Flow.fromJSON(renameAll(document), registry);
  const job = JobState.fromJSON(json, registry);
  const ids: readonly string[] = Object.keys(document.routines);
  flow.adopt(job, { rename: Object.fromEntries(ids.map((id) => [id, renamed(id)])) });
  return { text: JSON.stringify({ flow, job }), now };
}

function renameAll(document: FlowDocument): unknown {
  const { routines, ...rest } = document;
  const ends = JSON.parse(JSON.stringify(rest), (key, value) => key === "routine" ? renamed(value) : value);
  return {
    ...ends,
    routines: Object.fromEntries(Object.entries(routines).map(([id, routine]) => [renamed(id), routine])),
  };
}

/** The text of a job as it would be if its routines had the ids of the beginning, which messages name, too. */
function withFirstIds(text: string, ids: readonly string[]): string {
  return ids.reduce((all, id) => all.replaceAll(renamed(id), id), text);
}

/** Invariant 3 over versions of a flow: whatever a job holds when it is moved goes with it. */
export function adoptedSomewhere(): Law {
  const cases: fc.Arbitrary<StoppedCase> = fc.record({ flow: flows("strict"), stops: quietStops() });
  const name =
    "stopped at any set of places and moved to a flow whose routines have other ids, a job ends the same, byte for byte";
  return law(3, name, cases, async ({ flow, stops }) => {
    const ids = ["source", ...flow.nodes.map(({ id }) => id)];
    const { end } = await runMoving(flow);
    const run = await runMoving(flow, { stops, onMove: adopt });
    const expected = withoutPausePoints(end);
    assertSame(withFirstIds(withoutPausePoints(run.end), ids), expected, `stopped at ${JSON.stringify(run.stops)}`);
  });
}
