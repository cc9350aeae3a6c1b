import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { valueOf } from "../../src/values/payload.ts";
import { SerializationError } from "../../src/base/errors.ts";
import { Registry } from "../../src/values/registry.ts";
import { encode, refusalOf, throughWire, wireText } from "../support/encode_values.ts";
import { NO_CLASSES } from "../support/no_classes.ts";

class Money {
  amount = 0n;
  currency = "EUR";

  static of(amount: bigint, currency = "EUR"): Money {
    return Object.assign(new this(), { amount, currency });
  }
  static fromJSON(json: unknown): Money {
    const { amount, currency } = json as { amount: bigint; currency: string };
    return this.of(amount, currency);
  }
  toJSON(): unknown {
    return { amount: this.amount, currency: this.currency };
  }
  plus(amount: bigint): Money {
    return Money.of(this.amount + amount, this.currency);
  }
}

class Invoice {
  lines: unknown = [];
  static fromJSON(json: unknown): Invoice {
    return Object.assign(new Invoice(), { lines: json });
  }
  toJSON(): unknown {
    return this.lines;
  }
}

class Mute {
  static fromJSON(): Mute {
    return new Mute();
  }
}

const registry = new Registry({ Money, Invoice });
const invoice = (lines: unknown): Invoice => Object.assign(new Invoice(), { lines });

test("an instance of a registered class is tagged with the class's name", () => {
  assertStrictEquals(
    wireText({ price: Money.of(5n) }, registry),
    '{"price":{"$type":"Money","value":{"amount":{"$type":"bigint","value":"5"},"currency":"EUR"}}}',
  );
});

test("C352 an instance comes back as an instance of its class", () => {
  const read = throughWire(Money.of(7n, "SEK"), registry);
  assertInstanceOf(read, Money);
  assertEquals([read.amount, read.currency], [7n, "SEK"]);
});

test("C361 methods of restored nested objects work on the restored object", () => {
  const { list } = throughWire({ list: [Money.of(1n), Money.of(2n)] }, registry) as { list: Money[] };
  assertEquals(list.map((money) => money.plus(10n).amount), [11n, 12n]);
});

test("C353 instances in lists, objects, maps and sets come back as instances", () => {
  const value = {
    list: [Money.of(1n)],
    object: { a: Money.of(2n) },
    map: new Map([["k", Money.of(3n)]]),
    set: new Set([Money.of(4n)]),
  };
  assertEquals(throughWire(value, registry), value);
});

test("C354 instances inside deep and mixed containers come back, and empty containers stay empty", () => {
  const value = {
    a: { b: [{ c: [{ d: { e: Money.of(1n) } }] }] },
    list: [[{ x: [Money.of(2n)] }], []],
    none: {},
    emptyMap: new Map(),
    emptySet: new Set(),
  };
  assertEquals(throughWire(value, registry), value);
});

test("an instance within another comes back within it, built from the inside out", () => {
  const read = throughWire(invoice([{ price: Money.of(3n), for: invoice([]) }]), registry);
  assertEquals(read, invoice([{ price: Money.of(3n), for: invoice([]) }]));
  assertInstanceOf(((read as Invoice).lines as { price: unknown }[])[0]?.price, Money);
});

test("each receiver gets an instance of its own", () => {
  const stored = encode(Money.of(1n), registry);
  const first = valueOf(stored, registry) as Money;
  first.amount = 99n;
  assertEquals((valueOf(stored, registry) as Money).amount, 1n);
});

test("a class is written under the name in the registry, not its own", () => {
  assertStrictEquals(
    wireText(invoice(1), new Registry({ "billing/invoice": Invoice })),
    '{"$type":"billing/invoice","value":1}',
  );
});

test("toJSON runs once per encoding, and what it returns is checked and copied", () => {
  let calls = 0;
  const shared = { a: 1 };
  class Counted extends Invoice {
    override toJSON(): unknown {
      calls++;
      return shared;
    }
  }
  const stored = encode({ c: new Counted() }, new Registry({ Counted }));
  assertStrictEquals(calls, 1);
  shared.a = 2;
  const { c } = valueOf(stored, new Registry({ Counted })) as { c: Counted };
  assertEquals(c.lines, { a: 1 });
  assertEquals(Object.isFrozen(shared), false);
});

test("what toJSON returns is refused with the path below the instance", () => {
  assertStrictEquals(
    refusalOf({ i: invoice([1, () => 2]) }, registry),
    "data.i[1] is a function; send what it stands for instead",
  );
  assertStrictEquals(
    refusalOf([invoice({ at: new Date(NaN) })], registry),
    "data[0].at is an invalid date; null can stand for it",
  );
});

test("an instance whose toJSON returns itself is refused", () => {
  const me = invoice(undefined);
  me.lines = me;
  assertStrictEquals(
    refusalOf({ me }, registry),
    "data.me is part of a cycle: it contains itself; send its id instead",
  );
});

test("an instance whose toJSON returns undefined is refused, not lost", () => {
  assertStrictEquals(refusalOf({ i: invoice(undefined) }, registry).startsWith("data.i is undefined"), true);
});

test("what toJSON throws is the cause of the refusal", () => {
  class Broken extends Invoice {
    override toJSON(): never {
      throw new RangeError("no ink");
    }
  }
  const error = assertThrows(() => encode([new Broken()], new Registry({ Broken })), SerializationError);
  assertStrictEquals(
    error.message,
    'Cannot emit "output" of routine "source": data[0] cannot be written: toJSON of \'Broken\' threw no ink',
  );
  assertInstanceOf(error.cause, RangeError);
});

test("a registered class without toJSON is refused at emit", () => {
  assertStrictEquals(
    refusalOf({ m: new Mute() }, new Registry({ Mute })),
    "data.m is an instance of 'Mute', which has no toJSON method",
  );
});

test("a registered class whose toJSON is no method is refused at emit", () => {
  class Odd {
    readonly toJSON = "text";
    static fromJSON(): Odd {
      return new Odd();
    }
  }
  assertStrictEquals(
    refusalOf(new Odd(), new Registry({ Odd })),
    "data is an instance of 'Odd', which has no toJSON method",
  );
});

test("C360 a class that is not registered is refused at emit, with what to do", () => {
  assertStrictEquals(
    refusalOf({ m: Money.of(1n) }, NO_CLASSES),
    "data.m is a Money instance; register its class with a toJSON method and a static fromJSON, or send a plain object",
  );
});

test("a subclass of a registered class is another class", () => {
  class Tax extends Money {}
  assertStrictEquals(
    refusalOf(Tax.of(1n), registry),
    "data is a Tax instance; register its class with a toJSON method and a static fromJSON, or send a plain object",
  );
});

test("C360 a tag whose class is not registered cannot be decoded, and the error lists the known ones", () => {
  const stored = encode(Money.of(1n), registry);
  const error = assertThrows(() => valueOf(stored, new Registry({ Invoice })), TypeError);
  assertStrictEquals(error.message, "Class 'Money' not found in registry; it knows \"Invoice\"");
});

test("a registered subclass of a built-in type travels as its class, not as the built-in", () => {
  class Tags extends Set<string> {
    static fromJSON(json: unknown): Tags {
      return new Tags(json as string[]);
    }
    toJSON(): unknown {
      return [...this];
    }
  }
  const classes = new Registry({ Tags });
  assertStrictEquals(wireText(new Tags(["a"]), classes), '{"$type":"Tags","value":["a"]}');
  assertInstanceOf(throughWire(new Tags(["a"]), classes), Tags);
});

test("fromJSON gets the registry, so that it can read what it holds", () => {
  const seen: unknown[] = [];
  class Holder {
    static fromJSON(json: unknown, classes: Registry): Holder {
      seen.push(json, classes);
      return new Holder();
    }
    toJSON(): unknown {
      return { a: 1 };
    }
  }
  const classes = new Registry({ Holder });
  throughWire(new Holder(), classes);
  assertEquals(seen.length, 2);
  assertEquals(seen[0], { a: 1 });
  assertStrictEquals(seen[1], classes);
});
