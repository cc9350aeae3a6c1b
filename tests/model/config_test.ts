import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Flow, Registry, Routine, SerializationError } from "../../mod.ts";

interface Settings {
  count: number;
  label: string | null;
  nested: { list: number[] };
  since: Date;
}
class Configured extends Routine<Settings> {}
class Loose extends Routine {}

test("C006 config is empty at first, and contains what was set", () => {
  const routine = new Loose();
  assertEquals(routine.getConfig(), {});
  routine.setConfig({ count: 1, result: "success" });
  assertEquals(routine.getConfig(), { count: 1, result: "success" });
  assertEquals([routine.getConfig("count"), routine.getConfig("result"), routine.getConfig("none")], [
    1,
    "success",
    undefined,
  ]);
});

test("C007 the config without a key is a copy", () => {
  const routine = new Loose().setConfig({ a: 1 });
  const copy = routine.getConfig();
  copy["b"] = 2;
  copy["a"] = 3;
  assertEquals(routine.getConfig(), { a: 1 });
});

test("set values are copied: later changes at the caller's are not seen", () => {
  const nested = { list: [1] };
  const since = new Date(0);
  const routine = new Configured().setConfig({ nested, since });
  nested.list.push(2);
  since.setTime(99);
  assertEquals(routine.getConfig(), { nested: { list: [1] }, since: new Date(0) });
  assertEquals([Object.isFrozen(nested), Object.isFrozen(nested.list)], [false, false]);
});

test("a value that had to be encoded is read anew each time, and refuses to be changed", () => {
  const routine = new Configured().setConfig({ since: new Date(0) });
  assertThrows(() => routine.getConfig("since", new Date(5)).setTime(99), TypeError, "Cannot change a Date in place");
  assertEquals(routine.getConfig("since") === routine.getConfig("since"), false);
  assertEquals(routine.getConfig("since"), new Date(0));
});

test("the default is given where a value is not set, and only there", () => {
  const routine = new Configured().setConfig({ count: 0, label: null });
  assertEquals([routine.getConfig("count", 7), routine.getConfig("label", "x")], [0, null]);
  assertEquals(new Configured().getConfig("count", 7), 7);
});

test("values are added to those that were set, and undefined removes one", () => {
  const routine = new Loose().setConfig({ a: 1, b: 2 }).setConfig({ b: 3, c: 4 }).setConfig({ a: undefined });
  assertEquals(routine.getConfig(), { b: 3, c: 4 });
  assertEquals(Object.keys(routine.getConfig()), ["b", "c"]);
});

test("a config key like a method of objects is only a key", () => {
  const routine = new Loose();
  assertEquals([routine.getConfig("toString"), routine.getConfig("valueOf", 1)], [undefined, 1]);
  assertEquals(routine.setConfig({ toString: 1 }).getConfig("toString"), 1);
});

test("a config value that cannot travel is refused with its path, and none is set", () => {
  const routine = new Loose().setConfig({ a: 1 });
  const error = assertThrows(
    () => routine.setConfig({ a: 2, "odd key": { list: [() => 1] } }),
    SerializationError,
  );
  assertStrictEquals(
    error.message,
    'Cannot set config: config["odd key"].list[0] is a function; send what it stands for instead',
  );
  assertEquals(routine.getConfig(), { a: 1 });
});

test("config keys that JSON tools stumble over are refused", () => {
  for (const key of ["", "__proto__", "constructor", "prototype"]) {
    assertThrows(
      () => new Loose().setConfig({ [key]: 1 }),
      TypeError,
      `Cannot set config: the key must be a non-empty string (and none of __proto__, constructor, prototype), ` +
        `not "${key}"`,
    );
  }
});

class Rate {
  percent = 0;
  static fromJSON(json: unknown): Rate {
    return Object.assign(new Rate(), { percent: json });
  }
  toJSON(): unknown {
    return this.percent;
  }
}

test("an instance of a class is kept as one, and travels once its class is registered", () => {
  const rate = Object.assign(new Rate(), { percent: 7 });
  const routine = new Loose().setConfig({ rate });
  const kept = routine.getConfig("rate");
  assertInstanceOf(kept, Rate);
  assertNotEquals(kept === rate, true);
  const registry = new Registry({ Loose, Rate });
  const flow = new Flow({ id: "flow", registry });
  flow.addRoutine(routine, "r");
  const read = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry);
  assertEquals(read.routine("r", Loose).getConfig("rate"), rate);
});

test("instances of several classes of one name, or without a name, are told apart", () => {
  const newClass = (factor: number) =>
    class Rate {
      value = 0;
      static fromJSON(json: unknown): object {
        return Object.assign(new this(), { value: json });
      }
      toJSON(): unknown {
        return this.value;
      }
      times(): number {
        return this.value * factor;
      }
    };
  const [One, Two] = [newClass(10), newClass(100)];
  const Nameless = (() => class extends Rate {})();
  const routine = new Loose().setConfig({
    one: Object.assign(new One(), { value: 1 }),
    two: Object.assign(new Two(), { value: 1 }),
    nameless: Object.assign(new Nameless(), { percent: 3 }),
  });
  const { one, two, nameless } = routine.getConfig();
  assertInstanceOf(one, One);
  assertInstanceOf(two, Two);
  assertInstanceOf(nameless, Rate);
  assertEquals([one.times(), two.times(), nameless.percent], [10, 100, 3]);
});

test("an instance of a class without toJSON is refused by its own name", () => {
  class Mute {
    static fromJSON(): Mute {
      return new Mute();
    }
  }
  const error = assertThrows(() => new Loose().setConfig({ mute: new Mute() }), SerializationError);
  assertStrictEquals(
    error.message,
    "Cannot set config: config.mute is an instance of 'Mute', which has no toJSON method",
  );
});

test("an instance of a class without fromJSON is refused when it is set", () => {
  class Handle {}
  assertThrows(
    () => new Loose().setConfig({ handle: new Handle() }),
    SerializationError,
    "Cannot set config: config.handle is a Handle instance; register its class",
  );
});
