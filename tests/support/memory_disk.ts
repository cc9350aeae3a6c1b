import type { Files } from "../../src/stores/file_store.ts";
import type { Random } from "./seeded_random.ts";

/** A file or a folder: what the system shows, and what the device would have after a loss of power. */
interface Node {
  data: Uint8Array;
  stored: Uint8Array;
  names: Map<string, Node> | undefined;
  storedNames: Map<string, Node>;
}

/** A call that changes something, before it does. */
export interface DiskCall {
  /** The function's name. */
  readonly name: string;
  /** The path of the file or folder. */
  readonly path: string;
}

const SECTOR = 64;

/** Files in memory that know what has reached the device, so that the power can be lost at any call. */
export class MemoryDisk implements Files {
  /** Called before every call that changes or stores something; a number lets `writeSync` write so many bytes only. */
  onCall: (call: DiskCall) => number | void = () => {};
  readonly #root: Node;
  readonly #open = new Map<number, { readonly node: Node; readonly path: string }>();
  #lastFile = 2;

  /** Makes an empty disk. */
  constructor(root: Node = folderNode()) {
    this.#root = root;
  }

  /** How many files are open. */
  get openFiles(): number {
    return this.#open.size;
  }

  /** Whether there is something at a path. */
  has(path: string): boolean {
    const [folder, name] = this.#parentOf(path);
    return folder.names?.has(name) ?? false;
  }

  /** Replaces what a file holds, as from outside. */
  edit(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const node = this.#find(path);
    node.data = node.stored = change(node.data);
  }

  /** The disk as another process finds it, after this one was killed. */
  afterKill(): MemoryDisk {
    return new MemoryDisk(copy(this.#root, ({ data }) => data.slice(), ({ names }) => names ?? new Map()));
  }

  /** The disk after a loss of power: of what was not stored any part may be there. */
  afterPowerLoss(random: Random): MemoryDisk {
    return new MemoryDisk(copy(this.#root, (node) => mixData(node, random), (node) => mixNames(node, random)));
  }

  openSync(path: string, flags: string): number {
    const [folder, name] = this.#parentOf(path);
    let node = name === "" ? folder : folder.names?.get(name);
    if (flags === "wx" && node !== undefined) throw systemError("EEXIST", path);
    if (flags !== "r") this.onCall({ name: "openSync", path });
    if (node === undefined) {
      if (flags === "r" || flags === "r+") throw systemError("ENOENT", path);
      node = { data: new Uint8Array(), stored: new Uint8Array(), names: undefined, storedNames: new Map() };
      folder.names?.set(name, node);
    }
    if (flags.startsWith("w")) node.data = new Uint8Array();
    this.#open.set(++this.#lastFile, { node, path });
    return this.#lastFile;
  }

  closeSync(file: number): void {
    if (!this.#open.delete(file)) throw systemError("EBADF", String(file));
  }

  readSync(file: number, into: Uint8Array, offset: number, length: number, position: number): number {
    const part = this.#at(file).node.data.subarray(position, position + length);
    into.set(part, offset);
    return part.length;
  }

  readFileSync(path: string): Uint8Array {
    return this.#find(path).data.slice();
  }

  writeSync(file: number, from: Uint8Array, offset: number, length: number, position: number): number {
    const { node, path } = this.#at(file);
    const allowed = this.onCall({ name: "writeSync", path });
    const bytes = from.subarray(offset, offset + Math.min(length, allowed ?? length));
    const data = new Uint8Array(Math.max(node.data.length, position + bytes.length));
    data.set(node.data);
    data.set(bytes, position);
    node.data = data;
    return bytes.length;
  }

  ftruncateSync(file: number, length: number): void {
    const { node, path } = this.#at(file);
    this.onCall({ name: "ftruncateSync", path });
    const data = new Uint8Array(length);
    data.set(node.data.subarray(0, length));
    node.data = data;
  }

  fstatSync(file: number): { readonly size: number } {
    return { size: this.#at(file).node.data.length };
  }

  fsyncSync(file: number): void {
    const { node, path } = this.#at(file);
    this.onCall({ name: "fsync", path });
    node.stored = node.data;
    node.storedNames = new Map(node.names);
  }

  fsync(file: number, done: (error: Error | null) => void): void {
    this.#store("fsync", file, done);
  }

  fdatasync(file: number, done: (error: Error | null) => void): void {
    this.#store("fdatasync", file, done);
  }

  mkdirSync(path: string, { recursive }: { readonly recursive: boolean }): void {
    const [folder, name] = this.#parentOf(path);
    if (folder.names?.has(name) && recursive) return;
    if (folder.names?.has(name)) throw systemError("EEXIST", path);
    this.onCall({ name: "mkdirSync", path });
    folder.names?.set(name, folderNode());
  }

  readdirSync(path: string): string[] {
    const { names } = this.#find(path);
    if (names === undefined) throw systemError("ENOTDIR", path);
    return [...names.keys()];
  }

  renameSync(from: string, to: string): void {
    const node = this.#find(from);
    const [folder, name] = this.#parentOf(from);
    const [other, newName] = this.#parentOf(to);
    if (other.names?.get(newName)?.names?.size) throw systemError("ENOTEMPTY", to);
    this.onCall({ name: "renameSync", path: to });
    folder.names?.delete(name);
    other.names?.set(newName, node);
  }

  linkSync(from: string, to: string): void {
    const [folder, name] = this.#parentOf(to);
    if (folder.names?.has(name)) throw systemError("EEXIST", to);
    this.onCall({ name: "linkSync", path: to });
    folder.names?.set(name, this.#find(from));
  }

  rmSync(path: string, { force }: { readonly recursive: boolean; readonly force: boolean }): void {
    const [folder, name] = this.#parentOf(path);
    if (!folder.names?.has(name)) {
      if (force) return;
      throw systemError("ENOENT", path);
    }
    this.onCall({ name: "rmSync", path });
    folder.names.delete(name);
  }

  /** What is written while the device is at work is not part of it. */
  #store(name: string, file: number, done: (error: Error | null) => void): void {
    const { node, path } = this.#at(file);
    const { data } = node;
    const names = new Map(node.names);
    queueMicrotask(() => {
      try {
        this.onCall({ name, path });
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      node.stored = data;
      node.storedNames = names;
      done(null);
    });
  }

  #at(file: number): { readonly node: Node; readonly path: string } {
    const open = this.#open.get(file);
    if (open === undefined) throw systemError("EBADF", String(file));
    return open;
  }

  #find(path: string): Node {
    const [folder, name] = this.#parentOf(path);
    const node = name === "" ? folder : folder.names?.get(name);
    if (node === undefined) throw systemError("ENOENT", path);
    return node;
  }

  #parentOf(path: string): [folder: Node, name: string] {
    const parts = path.split("/").filter((part) => part !== "");
    const name = parts.pop() ?? "";
    let folder = this.#root;
    for (const part of parts) {
      const next = folder.names?.get(part);
      if (next === undefined) throw systemError("ENOENT", path);
      if (next.names === undefined) throw systemError("ENOTDIR", path);
      folder = next;
    }
    if (folder.names === undefined) throw systemError("ENOTDIR", path);
    return [folder, name];
  }
}

/** An error as the system throws it. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function folderNode(): Node {
  return { data: new Uint8Array(), stored: new Uint8Array(), names: new Map(), storedNames: new Map() };
}

function copy(root: Node, dataOf: (node: Node) => Uint8Array, namesOf: (node: Node) => Map<string, Node>): Node {
  const copies = new Map<Node, Node>();
  const visit = (node: Node): Node => {
    const known = copies.get(node);
    if (known !== undefined) return known;
    const data = dataOf(node);
    const made: Node = { data, stored: data, names: node.names && new Map(), storedNames: new Map() };
    copies.set(node, made);
    if (made.names !== undefined) { for (const [name, child] of namesOf(node)) made.names.set(name, visit(child)); }
    made.storedNames = new Map(made.names);
    return made;
  };
  return visit(root);
}

function mixNames({ names, storedNames }: Node, random: Random): Map<string, Node> {
  const mixed = new Map<string, Node>();
  for (const name of new Set([...storedNames.keys(), ...names?.keys() ?? []])) {
    const node = random.chance(0.5) ? names?.get(name) : storedNames.get(name);
    if (node !== undefined) mixed.set(name, node);
  }
  return mixed;
}

/** Sectors reach the device in any order; what lies between them reads as zeros. */
function mixData({ data, stored }: Node, random: Random): Uint8Array {
  if (data === stored) return data;
  const mixed = new Uint8Array(random.chance(0.5) ? data.length : stored.length);
  for (let at = 0; at < mixed.length; at += SECTOR) {
    const source = random.chance(0.5) ? data : stored;
    mixed.set(source.subarray(at, Math.min(at + SECTOR, mixed.length)), at);
  }
  return mixed;
}
