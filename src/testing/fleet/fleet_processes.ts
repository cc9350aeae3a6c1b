import type { ProcessFault } from "./fleet_options.ts";
import { FleetProcess } from "./fleet_process.ts";
import { type FleetStage, LEASE_MS, pick } from "./fleet_stage.ts";

/** How many processes there are at most at the same time. */
const MOST_PROCESSES = 6;

/** What is given for a process that starts. */
interface ProcessStart {
  /** A name that was used before. @default {a new one} */
  readonly name?: string;
  /** See `ProcessTraits`. @default {false} */
  readonly takesOver?: boolean;
  /** Whether it has the classes of all flows in any case. @default {false} */
  readonly isKnowing?: boolean;
}

/** The processes of a fleet, and what happens to them. */
export class FleetProcesses {
  /** Those that are there. */
  readonly list: FleetProcess[] = [];
  readonly #stage: FleetStage;
  /** Whether clocks are set, or machines sleep: not both, as nobody could tell that a lease has ended. */
  readonly #setsClocks: boolean;
  #count = 0;
  #names = 0;

  /** Starts the first processes. */
  constructor(stage: FleetStage, count: number) {
    this.#stage = stage;
    this.#setsClocks = stage.focus.setsClocks ?? (stage.hasStoreClock && stage.random.chance(0.5));
    this.start();
    for (let i = 1; i < count; i++) this.start(stage.random.chance(0.1) ? { name: "engine-1" } : {});
  }

  /** Starts a process. */
  start({ name = `engine-${++this.#names}`, takesOver = false, isKnowing = false }: ProcessStart = {}): void {
    const { hasStoreClock, strangers, random, versions, focus: { clocksOff = 0.2 } } = this.#stage;
    const offsetMs = hasStoreClock && random.chance(clocksOff) ? random.integer(601) - 300 : 0;
    const isStranger = strangers > 0 && random.chance(strangers) && !isKnowing;
    this.#noteOffset(offsetMs);
    const isNext = versions.size > 0 && random.chance(0.5) && !isStranger;
    const traits = { number: ++this.#count, name, offsetMs, takesOver, isStranger, isNext };
    this.list.push(new FleetProcess(this.#stage, traits));
  }

  /** Ends all processes. */
  end(): void {
    for (const process of this.list) process.clock.end();
  }

  /** Those that run handlers. */
  get busy(): readonly FleetProcess[] {
    return this.list.filter(({ number }) => this.#stage.ledger.runsIn(number));
  }

  /** Those that have jobs. */
  get #owners(): readonly FleetProcess[] {
    const lives = [...this.#stage.ledger.lives.values()];
    return this.list.filter(({ number }) => lives.some(({ claim }) => claim?.process === number));
  }

  /** Lets a fault happen to one of them. */
  disturb(kind: ProcessFault): void {
    const { random, isHarsh, focus } = this.#stage;
    const victims = isHarsh ? this.busy : focus.faults === undefined ? [] : this.#owners;
    const process = pick(random, victims.length > 0 ? victims : this.list);
    if (process === undefined) return;
    const hasRoom = this.list.length < MOST_PROCESSES;
    switch (kind) {
      case "death":
        return this.#die(process, undefined);
      case "rebirth":
        return this.#die(process, process.name);
      case "twin":
        // Only one process can have a name that is taken over at once.
        if (hasRoom && !process.takesOver) this.start({ name: process.name });
        return;
      case "shutdown":
        if (hasRoom && process.isThere) this.#shutDown(process);
        return;
      case "block":
      case "sleep":
        if (!process.clock.isHeld && (kind === "block" || !this.#setsClocks)) this.#hold(process, kind === "sleep");
        return;
      case "clock":
        if (this.#setsClocks) this.#setClock(process);
        return;
      case "recover":
        if (process.isThere) process.recover();
    }
  }

  #die(process: FleetProcess, name: string | undefined): void {
    const { random } = this.#stage;
    this.#tell(process, "dies");
    // A process that takes over at once is surely dead when the next one starts: it enters no more.
    this.#remove(process, (call) => !(process.takesOver && call.startsWith("enter")) && random.chance(0.5));
    if (name === undefined) return this.start();
    // Nobody takes over at once under a name that another process has, too.
    const isAlone = this.list.every((it) => it.name !== name);
    this.start({ name, takesOver: isAlone && random.chance(0.4) });
  }

  #shutDown(process: FleetProcess): void {
    const { random } = this.#stage;
    this.#tell(process, "shuts down");
    const remove = () => {
      if (!this.list.includes(process)) return;
      this.#tell(process, "has shut down");
      this.#remove(process, () => true);
    };
    process.shutdown(random.chance(0.5), random.chance(0.5)).then(remove, remove);
    this.start(random.chance(0.5) && !process.takesOver ? { name: process.name } : {});
  }

  #hold(process: FleetProcess, isAsleep: boolean): void {
    const ms = 200 + this.#stage.random.integer(2 * LEASE_MS);
    this.#tell(process, `${isAsleep ? "sleeps" : "is blocked"} for ${ms} ms`);
    process.clock.hold(ms, isAsleep);
  }

  #setClock(process: FleetProcess): void {
    const offsetMs = this.#stage.random.integer(20_001) - 10_000;
    this.#tell(process, `has its clock set: it is off by ${offsetMs} ms`);
    process.clock.offsetMs = offsetMs;
    this.#noteOffset(offsetMs);
    this.#stage.ledger.setClockMs = this.#stage.ledger.clockErrorMs;
  }

  /** A process is gone; `isCarriedOut` says for each call that is under way whether the store carries it out. */
  #remove(process: FleetProcess, isCarriedOut: (call: string) => boolean): void {
    const { ledger, calls } = this.#stage;
    this.list.splice(this.list.indexOf(process), 1);
    ledger.died(process.number);
    calls.abandon(process.number, isCarriedOut);
    process.clock.end();
  }

  #noteOffset(offsetMs: number): void {
    const { ledger } = this.#stage;
    ledger.clockErrorMs = Math.max(ledger.clockErrorMs, Math.abs(offsetMs));
  }

  #tell({ number, name }: FleetProcess, text: string): void {
    const { trace, clock } = this.#stage;
    trace.add(() => `${clock.now} process ${number} (${name}) ${text}`);
  }
}
