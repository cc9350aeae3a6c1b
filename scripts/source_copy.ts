import { existsSync } from "node:fs";

const COPIED = ["bench", "deno.json", "examples", "mod.ts", "offline.json", "scripts", "schemas", "src", "tests"];

/** Copies the sources and their tests to a new folder, to be changed there. Returns its path. */
export async function copySources(): Promise<string> {
  const folder = await Deno.makeTempDir();
  for (const name of COPIED) await copy(name, `${folder}/${name}`);
  if (existsSync("node_modules")) await Deno.symlink(`${Deno.cwd()}/node_modules`, `${folder}/node_modules`);
  return folder;
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    if (name !== "node_modules") await copy(`${from}/${name}`, `${to}/${name}`);
  }
}
