import type { Child } from "../../job/children.ts";
import type { Job } from "../../job/job.ts";
import type { Activation } from "../activation/activation.ts";
import type { ChildMaker, ChildRequest } from "../activation/activation_host.ts";
import type { JobChildren } from "./job_children.ts";

/** The children of a live job, made when it asks for the first, or goes on with some: most jobs have none. */
export class Family implements ChildMaker {
  readonly #job: Job;
  readonly #make: () => JobChildren;
  #made: JobChildren | undefined;

  /** Prepares for the children of a job; `make` makes what starts them. */
  constructor(job: Job, make: () => JobChildren) {
    this.#job = job;
    this.#make = make;
  }

  /** What starts them, once the job has some. */
  get all(): JobChildren | undefined {
    return this.#job.children === undefined ? undefined : this.#children;
  }

  get #children(): JobChildren {
    return this.#made ??= this.#make();
  }

  create(asker: Activation, siblings: ReadonlyMap<string, Child>, request: ChildRequest): Child {
    return this.#children.create(asker, siblings, request);
  }

  /** Starts those of some that are to be started. */
  start(children: Iterable<Child> | undefined): void {
    if (children !== undefined) this.all?.start(children);
  }
}
