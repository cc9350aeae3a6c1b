/** What changes a built-in instance in place: `Object.freeze` does not reach what such an instance holds. */
const SETTERS = /^(?:set|add|delete|clear|getOrInsert)/;

/**
 * Makes a map, set or date refuse to be changed in place: who reads a value from a job holds a copy, and a change of it would be
 * lost. It stays an instance of its class: it is cloned, compared and sent like any other.
 */
export function guard<T extends Map<unknown, unknown> | Set<unknown> | Date>(instance: T): T {
  return Object.freeze(Object.defineProperties(instance, guardsOf(instance)));
}

let mapGuards: PropertyDescriptorMap | undefined;
let setGuards: PropertyDescriptorMap | undefined;
let dateGuards: PropertyDescriptorMap | undefined;

/** Made when the first is asked for, and shared by all instances. */
function guardsOf(instance: Map<unknown, unknown> | Set<unknown> | Date): PropertyDescriptorMap {
  if (instance instanceof Map) return mapGuards ??= createGuards("Map", Map.prototype);
  if (instance instanceof Set) return setGuards ??= createGuards("Set", Set.prototype);
  return dateGuards ??= createGuards("Date", Date.prototype);
}

function createGuards(name: string, prototype: object): PropertyDescriptorMap {
  const refuse = (): never => {
    throw new TypeError(`Cannot change a ${name} in place: it is a copy; set another one, or change it in update()`);
  };
  const names = Object.getOwnPropertyNames(prototype).filter((method) => SETTERS.test(method));
  return Object.fromEntries(names.map((method) => [method, { value: refuse, enumerable: false }]));
}
