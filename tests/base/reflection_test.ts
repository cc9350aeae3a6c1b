import { test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Registrable, Registry, Routine } from "../../mod.ts";
import { type AnyClass, constructorNeeds, functionName } from "../../src/base/reflection.ts";
import { className } from "../../src/base/path.ts";

const REMEDY = "Give it a default, or use setConfig({ … }). " +
  "An optional parameter needs a default too: write `name = undefined`.";

class Plain extends Routine {}
class Needy extends Routine {
  constructor(max: number) {
    super();
    this.setConfig({ max });
  }
}
class TwoNeeds extends Routine {
  constructor(first: string, second: number, _third = 3) {
    super();
    this.setConfig({ first, second });
  }
}

const needsOf = (Class: AnyClass): string | undefined => constructorNeeds(Class);

test("C359 a class without constructor arguments needs nothing", () => {
  class Empty {
    constructor() {}
  }
  assertEquals([Plain, Empty, class {}, class extends Empty {}].map(needsOf), Array(4).fill(undefined));
});

test("C358 C359 required parameters are counted and named", () => {
  assertEquals([needsOf(Needy), needsOf(TwoNeeds)], ["1 parameter: max", "2 parameters: first, second"]);
});

test("C358 parameters with defaults are fine", () => {
  class Defaulted extends Routine {
    constructor(max = 1, _options: object = {}) {
      super();
      this.setConfig({ max });
    }
  }
  assertStrictEquals(needsOf(Defaulted), undefined);
  assertEquals(new Registry({ Defaulted }).names, ["Defaulted"]);
});

test("an optional parameter without a default is refused: it counts as required", () => {
  class Optional extends Routine {
    constructor(max?: number) {
      super();
      this.setConfig({ max });
    }
  }
  assertThrows(
    () => new Registry({ Optional }),
    TypeError,
    `Class 'Optional' cannot be registered: its constructor requires 1 parameter: max. ${REMEDY}`,
  );
});

test("C358 C364 registering a class that needs arguments is refused with what it needs and what to do", () => {
  const error = assertThrows(() => new Registry({ Worker: Needy as unknown as Registrable }), TypeError);
  assertStrictEquals(
    error.message,
    `Class 'Worker' cannot be registered: its constructor requires 1 parameter: max. ${REMEDY}`,
  );
});

test("names that the source does not show are only counted", () => {
  class Picky extends Routine {
    constructor({ a }: { a: number }, [b]: number[]) {
      super();
      this.setConfig({ a, b });
    }
  }
  assertStrictEquals(needsOf(Picky), "2 parameters");
});

test("a class that inherits a constructor with required parameters needs them", () => {
  class Heir extends Needy {}
  class Grandheir extends Heir {
    readonly extra = 1;
  }
  assertEquals([needsOf(Heir), needsOf(Grandheir)], ["1 parameter: max", "1 parameter: max"]);
});

test("a class that passes its arguments on needs what its parent needs", () => {
  class Forwarder extends Needy {
    constructor(...args: [number]) {
      super(...args);
    }
  }
  class Middle extends Forwarder {}
  assertEquals([needsOf(Forwarder), needsOf(Middle)], ["1 parameter: max", "1 parameter: max"]);
});

test("a class that gives its parent all it needs, needs nothing", () => {
  class Settled extends Needy {
    constructor() {
      super(5);
    }
  }
  class Heir extends Settled {}
  assertEquals([needsOf(Settled), needsOf(Heir)], [undefined, undefined]);
});

test("a class that passes a default on to its parent needs nothing", () => {
  class Eased extends Needy {
    constructor(max = 5) {
      super(max);
    }
  }
  class Heir extends Eased {}
  assertEquals([needsOf(Eased), needsOf(Heir)], [undefined, undefined]);
});

test("a class that gives its parent too little needs the rest", () => {
  class Half extends TwoNeeds {
    constructor() {
      super(...(["a"] as unknown as [string, number]));
    }
  }
  assertStrictEquals(needsOf(Half), "2 parameters: first, second");
});

test("a built-in parent asks for nothing, whatever its length says", () => {
  class PaymentError extends Error {}
  class Tags extends Set<string> {}
  class Rows extends Array<number> {}
  class Moment extends Date {}
  const classes = { PaymentError, Tags, Rows, Moment };
  for (const [name, Class] of Object.entries(classes)) assertStrictEquals(needsOf(Class), undefined, name);
});

test("a mixin needs what the class below it needs", () => {
  const Mixed = (Base: new (...args: never[]) => object): AnyClass =>
    class extends Base {
      readonly mixed = true;
    };
  assertEquals([needsOf(Mixed(Plain)), needsOf(Mixed(Needy as never))], [undefined, "1 parameter: max"]);
});

test("looking for needs constructs nothing and leaves the class as it was", () => {
  const ran: string[] = [];
  class Parent {
    constructor() {
      ran.push("parent");
    }
  }
  class Child extends Parent {
    readonly field = ran.push("field");
  }
  assertStrictEquals(needsOf(Child), undefined);
  assertEquals(ran, []);
  assertStrictEquals(Object.getPrototypeOf(Child), Parent);
  new Child();
  assertEquals(ran, ["parent", "field"]);
});

test("a constructor that throws before it calls its parent is left alone", () => {
  class Moody extends Needy {
    constructor() {
      if (ready === false) throw new Error("not yet");
      super(1);
    }
  }
  const ready = false;
  assertStrictEquals(needsOf(Moody), undefined);
  assertStrictEquals(Object.getPrototypeOf(Moody), Needy);
});

test("registering constructs nothing", () => {
  let made = 0;
  class Loud extends Routine {
    constructor() {
      super();
      made++;
    }
  }
  new Registry({ Loud });
  assertStrictEquals(made, 0);
});

test("a class that cannot be changed is taken for one that gives its parent enough", () => {
  assertStrictEquals(needsOf(Object.freeze(class extends Needy {})), undefined);
});

test("a class without a written constructor says how many arguments it takes", () => {
  function Old(this: object, _first: number, _second: number): void {}
  assertThrows(
    () => new Registry({ Old: Object.assign(Old, { fromJSON: () => ({}) }) as unknown as Registrable }),
    TypeError,
    "its constructor requires 2 parameters. ",
  );
});

class Named extends Routine {}
class Odd extends Routine {
  static override get name(): string {
    throw new Error("not for you");
  }
}

test("functionName() is the name of a function or class, and empty where there is none that is a text", () => {
  const renamed = (name: unknown) => Object.defineProperty(() => {}, "name", { value: name });
  assertEquals([Named, function one() {}, () => {}, class {}].map(functionName), ["Named", "one", "", ""]);
  assertEquals(["two", 5, undefined, Symbol("x")].map((name) => functionName(renamed(name))), ["two", "", "", ""]);
  assertEquals([functionName(Odd), className(new Odd()), className(new Named())], ["", undefined, "Named"]);
});

test("a class whose name cannot be read is registered under its key, and refused like one without a name", () => {
  assertEquals(new Registry({ Odd }).nameOf(Odd), "Odd");
  assertThrows(
    () => new Registry({ Taken: Odd }).register({ Taken: Named }),
    TypeError,
    "Cannot register 'Taken' as class 'Named': the name is taken by class (anonymous); choose another key",
  );
});
