import { test } from "node:test";
import { plainError } from "../support/plain_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import type { Context, Routine } from "../../mod.ts";
import { Filter, Mapper } from "../../src/routines/mod.ts";
import { sent, tryRoutine } from "../support/try_routine.ts";

interface Price {
  readonly euros: number;
}

/** The registered functions. */
const toCents = ({ euros }: Price) => ({ cents: euros * 100 });
const isDear = ({ euros }: Price) => euros > 10;

/** A mapper whose function is a method of its own. */
class Doubler extends Mapper<Price, Price> {
  readonly factor = 2;
  constructor() {
    super();
    this.use(this.double);
  }
  double({ euros }: Price): Price {
    return { euros: euros * this.factor };
  }
}
/** A filter whose function is a method of its own. */
class Even extends Filter<Price> {
  constructor() {
    super();
    this.use(this.isEven);
  }
  isEven({ euros }: Price): boolean {
    return euros % 2 === 0;
  }
}

const prices = [{ data: { euros: 5 } }, { data: { euros: 12 } }];
const both = { events: ["output", "rejected"] };
const errorOf = async (routine: Routine<object>) => plainError((await tryRoutine(routine, prices)).job);

test("a mapper sends what its function makes of each input, in order", async () => {
  const result = await tryRoutine(new Mapper<Price, object>().use(toCents), prices);
  assertEquals(sent(result), [["output", { cents: 500 }], ["output", { cents: 1_200 }]]);
});

test("a mapper's function may wait", async () => {
  const slow = async (price: Price) => (await Promise.resolve(), toCents(price));
  const result = await tryRoutine(new Mapper<Price, object>().use(slow), prices);
  assertEquals(sent(result), [["output", { cents: 500 }], ["output", { cents: 1_200 }]]);
});

test("a mapper's function gets the context: what it does there enters the job with the output", async () => {
  const count = (price: Price, ctx: Context) => {
    ctx.state.update<number>("seen", (seen = 0) => seen + 1);
    return price;
  };
  const { job } = await tryRoutine(new Mapper<Price, Price>().use(count), prices);
  assertEquals([job.status, job.routineStates["subject"]?.state], ["completed", { seen: 2 }]);
});

test("a mapper's function moves with the flow: registered, or a method of a subclass", async () => {
  const registered = await tryRoutine(new Mapper<Price, object>().use(toCents), prices, {
    registry: { toCents },
    moved: true,
  });
  assertEquals(sent(registered), [["output", { cents: 500 }], ["output", { cents: 1_200 }]]);
  const own = await tryRoutine(new Doubler(), prices, { registry: { Doubler }, moved: true });
  assertEquals(sent(own), [["output", { euros: 10 }], ["output", { euros: 24 }]]);
});

test("what a mapper makes must be able to travel", async () => {
  const bad: (price: Price) => unknown = () => ({ run: () => 1 });
  assertEquals(
    (await errorOf(new Mapper<Price, unknown>().use(bad)))?.message,
    'Cannot emit "output" of routine "subject": data.run is a function; send what it stands for instead',
  );
});

test("what a function throws or rejects with is its routine's error", async () => {
  const boom = () => {
    throw new RangeError("boom");
  };
  const late = () => Promise.reject(new RangeError("boom"));
  for (
    const routine of [new Mapper().use(boom), new Mapper().use(late), new Filter().use(boom), new Filter().use(late)]
  ) {
    assertEquals(await errorOf(routine), { name: "RangeError", message: "boom" });
  }
});

test("without a function both say what to do", async () => {
  assertEquals(await errorOf(new Mapper()), {
    name: "TypeError",
    message: "Cannot map: the Mapper has no function; call use(fn)",
  });
  assertEquals(await errorOf(new Filter()), {
    name: "TypeError",
    message: "Cannot filter: the Filter has no function; call use(fn)",
  });
});

test("what is no function is refused", () => {
  const message = (run: () => unknown) => assertThrows(run, TypeError).message;
  assertEquals(
    message(() => new Mapper().use("toCents" as never)),
    'Cannot set function "map": expected a function, got "toCents"',
  );
  assertEquals(
    message(() => new Filter().use(undefined as never)),
    'Cannot set function "filter": expected a function, got undefined',
  );
});

test("a filter sends on what passes, and by another event what does not", async () => {
  const result = await tryRoutine(new Filter<Price>().use(isDear), prices, both);
  assertEquals(sent(result), [["rejected", { euros: 5 }], ["output", { euros: 12 }]]);
});

test("a filter's function may wait", async () => {
  const slow = async (price: Price) => (await Promise.resolve(), isDear(price));
  const result = await tryRoutine(new Filter<Price>().use(slow), prices, both);
  assertEquals(sent(result), [["rejected", { euros: 5 }], ["output", { euros: 12 }]]);
});

test("a filter's function moves with the flow: registered, or a method of a subclass", async () => {
  const options = { ...both, moved: true };
  const registered = await tryRoutine(new Filter<Price>().use(isDear), prices, { ...options, registry: { isDear } });
  assertEquals(sent(registered), [["rejected", { euros: 5 }], ["output", { euros: 12 }]]);
  const own = await tryRoutine(new Even(), prices, { ...options, registry: { Even } });
  assertEquals(sent(own), [["rejected", { euros: 5 }], ["output", { euros: 12 }]]);
});
