import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { type Registrable, Registry, Routine } from "../../mod.ts";

class Source extends Routine {}
class Sink extends Routine {}
class Point {
  x = 0;
  static fromJSON(json: unknown): Point {
    return Object.assign(new Point(), { x: json });
  }
  toJSON(): unknown {
    return this.x;
  }
}
class Bare {}

const double = (n: number): number => n * 2;
const triple = (n: number): number => n * 3;
const foreign = (value: unknown): Registrable => value as Registrable;

test("a new registry is empty", () => {
  assertEquals(new Registry().names, []);
});

test("a registry knows classes and functions by the keys it was given", () => {
  const registry = new Registry({ Source, "geo/point": Point, double });
  assertEquals(registry.names, ["Source", "geo/point", "double"]);
  assertStrictEquals(registry.classOf("geo/point"), Point);
  assertStrictEquals(registry.functionOf("double"), double);
  assertEquals([registry.nameOf(Point), registry.nameOf(double), registry.nameOf(Sink)], [
    "geo/point",
    "double",
    undefined,
  ]);
});

test("classes and functions are told apart", () => {
  const registry = new Registry({ Source, double });
  assertEquals([registry.hasClass("Source"), registry.hasFunction("Source")], [true, false]);
  assertEquals([registry.hasClass("double"), registry.hasFunction("double")], [false, true]);
  assertEquals([registry.hasClass("toString"), registry.hasFunction("toString")], [false, false]);
});

test("the class of an instance is the one that made it", () => {
  const registry = new Registry({ Point, Source });
  class Pixel extends Point {}
  assertEquals([registry.classNameOf(new Point()), registry.classNameOf(new Source())], ["Point", "Source"]);
  assertEquals(
    [registry.classNameOf(new Pixel()), registry.classNameOf({}), registry.classNameOf(Object.create(null))],
    [
      undefined,
      undefined,
      undefined,
    ],
  );
});

test("register adds, and answers with the registry", () => {
  const registry = new Registry({ Source });
  assertStrictEquals(registry.register({ Sink, double }), registry);
  assertEquals(registry.names, ["Source", "Sink", "double"]);
});

test("C357 the same class or function again under its name is fine", () => {
  const registry = new Registry({ Source, double });
  registry.register({ Source, double });
  assertEquals(registry.names, ["Source", "double"]);
});

test("C357 another class of a name that is taken is refused, and the error names both", () => {
  const registry = new Registry({ Source });
  const error = assertThrows(() => registry.register({ Source: Point }), TypeError);
  assertStrictEquals(
    error.message,
    "Cannot register 'Source' as class 'Point': the name is taken by class 'Source'; choose another key",
  );
});

test("C357 a name is taken for functions and classes alike", () => {
  const registry = new Registry({ Source, double });
  assertThrows(
    () => registry.register({ double: triple }),
    TypeError,
    "Cannot register 'double' as function 'triple': the name is taken by function 'double'; choose another key",
  );
  assertThrows(
    () => registry.register({ Source: double }),
    TypeError,
    "Cannot register 'Source' as function 'double': the name is taken by class 'Source'; choose another key",
  );
  assertThrows(
    () => registry.register({ double: Point }),
    TypeError,
    "Cannot register 'double' as class 'Point': the name is taken by function 'double'; choose another key",
  );
});

test("C357 two classes of one name, but without a name of their own, are told apart as well", () => {
  const registry = new Registry({ Thing: class extends Point {} });
  const error = assertThrows(() => registry.register({ Thing: (() => class extends Point {})() }), TypeError);
  assertStrictEquals(
    error.message,
    "Cannot register 'Thing' as class (anonymous): the name is taken by class 'Thing'; choose another key",
  );
});

test("a class under several names is read by each and written by its first", () => {
  const registry = new Registry({ Point }).register({ OldPoint: Point });
  assertEquals([registry.nameOf(Point), registry.classOf("OldPoint") === Point], ["Point", true]);
  assertInstanceOf(registry.revive("OldPoint", 5), Point);
});

test("C360 an unknown class is refused, and the error lists the known ones", () => {
  assertThrows(
    () => new Registry({ Source, Sink, double }).classOf("Sorce"),
    TypeError,
    'Class \'Sorce\' not found in registry; it knows "Source", "Sink"',
  );
  assertThrows(() => new Registry().classOf("X"), TypeError, "Class 'X' not found in registry; it knows nothing");
});

test("an unknown function is refused, and the error lists the known ones", () => {
  assertThrows(
    () => new Registry({ Source, double }).functionOf("dubble"),
    TypeError,
    "Function 'dubble' not found in registry; it knows \"double\"",
  );
});

test("names of built-in types are reserved", () => {
  for (const name of ["Date", "Map", "Set", "bigint", "Uint8Array", "Error"]) {
    assertThrows(
      () => new Registry({ [name]: Point }),
      TypeError,
      `Cannot register '${name}': the name is reserved for the built-in type`,
    );
  }
});

test("names that JSON tools stumble over are refused", () => {
  for (const name of ["", "__proto__", "constructor", "prototype"]) {
    assertThrows(
      () => new Registry({ [name]: Point }),
      TypeError,
      `Cannot register: the name must be a non-empty string (and none of __proto__, constructor, prototype), not "${name}"`,
    );
  }
});

test("a class without static fromJSON is refused with what it lacks", () => {
  assertThrows(
    () => new Registry({ Bare: foreign(Bare) }),
    TypeError,
    "Class 'Bare' cannot be registered: it has no static fromJSON(json) that builds an instance from its toJSON()",
  );
  class Odd {
    static readonly fromJSON = "text";
  }
  assertThrows(
    () => new Registry({ Odd: foreign(Odd) }),
    TypeError,
    "Class 'Odd' cannot be registered: it has no static",
  );
});

test("what is neither class nor function is refused", () => {
  for (const [value, text] of [[5, "5"], [null, "null"], [undefined, "undefined"], [{}, "an object"]] as const) {
    assertThrows(
      () => new Registry({ thing: foreign(value) }),
      TypeError,
      `Cannot register 'thing': expected a class, a function or a schema, got ${text}`,
    );
  }
});

test("a refused registration leaves nothing behind", () => {
  const registry = new Registry({ Source });
  assertThrows(() => registry.register({ Sink, double, Bare: foreign(Bare) }), TypeError);
  assertThrows(() => registry.register({ Sink, Source: Point }), TypeError);
  assertEquals(registry.names, ["Source"]);
  assertEquals([registry.nameOf(Sink), registry.nameOf(double), registry.nameOf(Point)], [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(registry.register({ Sink, double }).names, ["Source", "Sink", "double"]);
});

test("merge adds the entries of other registries", () => {
  const registry = new Registry({ Source }).merge(new Registry({ Sink }), new Registry({ double, Source }));
  assertEquals(registry.names, ["Source", "Sink", "double"]);
  assertEquals([registry.nameOf(Sink), registry.functionOf("double")], ["Sink", double]);
});

test("merge leaves the other registries as they were", () => {
  const other = new Registry({ Sink });
  new Registry({ Source }).merge(other).register({ double });
  assertEquals(other.names, ["Sink"]);
});

test("merge refuses two entries of one name, and the error names both", () => {
  assertThrows(
    () => new Registry({ Thing: Point }).merge(new Registry({ Thing: Source })),
    TypeError,
    "Cannot register 'Thing' as class 'Source': the name is taken by class 'Point'; choose another key",
  );
});

test("a refused merge leaves nothing behind, of none of the registries", () => {
  const registry = new Registry({ Source });
  assertThrows(() => registry.merge(new Registry({ Sink }), new Registry({ double, Source: Point })), TypeError);
  assertEquals(registry.names, ["Source"]);
});

test("revive builds an instance by the class's fromJSON", () => {
  const point = new Registry({ Point }).revive("Point", 7);
  assertInstanceOf(point, Point);
  assertStrictEquals(point.x, 7);
});

test("a class whose fromJSON was taken away after it was registered is refused", () => {
  class Fickle {
    static fromJSON(): Fickle {
      return new Fickle();
    }
  }
  const registry = new Registry({ Fickle });
  Reflect.deleteProperty(Fickle, "fromJSON");
  assertThrows(() => registry.revive("Fickle", {}), TypeError, "Class 'Fickle' has no static fromJSON any more");
});

test("registries share nothing", () => {
  new Registry({ Source });
  assertEquals(new Registry().hasClass("Source"), false);
});

test("C357 a name that a schema has is taken, and a schema does not take another's", () => {
  const schema = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;
  const registry = new Registry({ Order: schema, Source });
  assertEquals(registry.findSchema("Order"), schema);
  const taken = (entries: Record<string, Registrable>) =>
    assertThrows(() => registry.register(entries), TypeError).message;
  assertEquals(
    taken({ Order: Source }),
    "Cannot register 'Order' as class 'Source': the name is taken by schema; choose another key",
  );
  assertEquals(
    taken({ Source: { ...schema } }),
    "Cannot register 'Source' as schema: the name is taken by class 'Source'; choose another key",
  );
});
