import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** Where Debian puts servers, which is not on the path of everybody. */
const MORE = ["/usr/bin", "/usr/sbin"];

/** The path of a command; `undefined` when it is not installed. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), ...MORE];
  return folders.map((it) => join(it, name)).find((it) => existsSync(it));
}
