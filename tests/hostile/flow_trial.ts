import {
  Engine,
  Flow,
  PreflightError,
  Registry,
  Routine,
  type SerializableClass,
  SerializationError,
} from "../../mod.ts";
import { manualIds } from "../../src/testing/mod.ts";
import type { Trial } from "./campaign.ts";
import { type Host, JobTrial } from "./job_trial.ts";
import { canonical, mapped, record } from "./normal_job.ts";
import { type Declared, normalFlow } from "./normal_flow.ts";
import { checkFindings, checkRefusal, demand, describe, parse } from "./refusal.ts";

/** Tries a mangled flow: reads it, writes it, and lets a job of the flow as it was run in it. */
export class FlowTrial implements Trial {
  readonly #text: string;
  readonly #host: Host;
  readonly #job: string;
  #trial: JobTrial | undefined;

  constructor(text: string, host: Host, job: string) {
    this.#text = text;
    this.#host = host;
    this.#job = job;
  }

  begin(): string | undefined {
    const parsed = parse(this.#text);
    if (parsed === undefined) return "no JSON";
    const { registry, built, declared } = known(this.#host.registry);
    const before = built();
    let text: string;
    try {
      text = JSON.stringify(this.#read(parsed.json, registry));
    } catch (error) {
      if (error instanceof PreflightError) {
        checkFindings(error, parsed.json);
        return "does not fit";
      }
      checkRefusal(error, "routilux/flow", parsed.json);
      const isOfModel = error instanceof SerializationError && error.cause !== undefined;
      demand(isOfModel || built() === before, () => `something was built before all was checked: ${describe(error)}`);
      return "refused";
    }
    const [given, kept] = [normalFlow(parsed.json, declared), normalFlow(JSON.parse(text), declared)];
    demand(given === kept, () => `lost on the way:\n${given}\n${kept}`);
    demand(JSON.stringify(this.#read(JSON.parse(text), registry)) === text, "what was written is read as another flow");
    if (configOf(text) !== configOf(this.#host.flow)) return "is a flow";
    this.#trial = new JobTrial(this.#job, { ...this.#host, flow: text });
    return this.#trial.begin();
  }

  async end(): Promise<string> {
    return await this.#trial?.end() ?? "is a flow";
  }

  #read(json: unknown, registry: Registry): Flow {
    return Flow.fromJSON(json, registry, {
      engine: new Engine({ timers: this.#host.clock, ids: manualIds() }),
    });
  }
}

/** Handlers do what their config says: only what was meant for them is given to them. */
function configOf(text: string): string {
  return canonical(mapped(JSON.parse(text).routines, (routine) => record(routine)["config"]));
}

/** What there is to know of a registry. */
interface Known {
  /** The same classes, watched. */
  readonly registry: Registry;
  /** How many of their routines were built. */
  readonly built: () => number;
  /** What they declare. */
  readonly declared: Declared;
}

const KNOWN: WeakMap<Registry, Known> = new WeakMap();

function known(registry: Registry): Known {
  const found = KNOWN.get(registry) ?? { ...countBuilt(registry), declared: declaredBy(registry) };
  KNOWN.set(registry, found);
  return found;
}

/** A registry of the same classes that counts how many of its routines are built. */
function countBuilt(classes: Registry): Pick<Known, "registry" | "built"> {
  let built = 0;
  const entries = classes.names.map((name) => {
    const Class: unknown = classes.hasClass(name) ? classes.classOf(name) : undefined;
    const other = Class ?? classes.findSchema(name) ?? classes.functionOf(name);
    return [name, isRoutineClass(Class) ? watched(Class, () => built++) : other] as const;
  });
  return {
    registry: new Registry(Object.fromEntries(entries) as ConstructorParameters<typeof Registry>[0]),
    built: () => built,
  };
}

function isRoutineClass(Class: unknown): Class is SerializableClass {
  return typeof Class === "function" && Class.prototype instanceof Routine;
}

function watched(Class: SerializableClass, onBuild: () => void): SerializableClass {
  return class extends Class {
    constructor() {
      super();
      onBuild();
    }
  };
}

/** What the classes of a registry declare, as a flow's document says it. */
function declaredBy(registry: Registry): Declared {
  const flow = new Flow({ id: "declared", registry });
  for (const name of registry.names) {
    const Class: unknown = registry.hasClass(name) ? registry.classOf(name) : undefined;
    if (!isRoutineClass(Class)) continue;
    const routine = new Class();
    if (routine instanceof Routine) flow.addRoutine(routine, name);
  }
  return flow.toJSON().routines;
}
