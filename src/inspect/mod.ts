/**
 * What a job's document says, in the words of people: what runs, what waits for what until when, what has failed where; how two
 * documents differ; what happened when. All of it needs the parsed documents alone: no engine, no store, none of the classes.
 *
 * @example
 * ```ts
 * import { type Context, Flow, Routine } from "@routilux/routilux";
 * import { diffJobs, summarize } from "@routilux/routilux/inspect";
 *
 * class Approval extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.ask);
 *   readonly answer = this.addSlot("answer", this.decide);
 *   ask(_params: unknown, ctx: Context): void {
 *     ctx.expect(this.answer);
 *   }
 *   decide(): void {}
 * }
 * const flow = new Flow({ id: "approval" });
 * const job = flow.execute(flow.addRoutine(new Approval(), "approval"));
 * const before = job.toJSON();
 * await flow.settle(job);
 *
 * summarize(job.toJSON()).awaiting.map(({ routine, slot }) => [routine, slot]); // [["approval", "answer"]]
 * diffJobs(before, job.toJSON()).map(({ message }) => message); // "task 1 (approval.trigger) went from ready to ended", …
 * ```
 *
 * @module
 */
export { diffJobs, type JobDifference } from "./diff.ts";
export type { ChildState } from "./children.ts";
export {
  type ChildSummary,
  type CollectedSummary,
  type FailedTask,
  type JobSummary,
  type RoutineSummary,
  summarize,
  type TaskState,
  type TaskSummary,
} from "./summary.ts";
export {
  type ChildTimeline,
  type JobTimeline,
  timeline,
  type TimelineOptions,
  type TimelineRow,
  type TimelineSpan,
} from "./timeline.ts";
