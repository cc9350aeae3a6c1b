import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Flow, JobState, type Registry } from "@routilux/routilux";

/** The documents of a flow and one of its jobs. */
export interface Work {
  readonly flow: Flow;
  readonly job: JobState;
}

/** Reads the documents that an earlier run has left in a folder, if there are any. */
export async function readState(folder: string, registry: Registry): Promise<Work | undefined> {
  const job = await readJson(join(folder, "job.json"));
  if (job === undefined) return undefined;
  const flow = await readJson(join(folder, "flow.json"));
  return { flow: Flow.fromJSON(flow, registry), job: JobState.fromJSON(job, registry) };
}

/** Writes both documents. The job is written last, and atomically. */
export async function writeState(folder: string, { flow, job }: Work): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, document] of Object.entries({ "flow.json": flow, "job.json": job })) {
    const path = join(folder, name);
    await writeFile(`${path}.new`, JSON.stringify(document, null, 2));
    await rename(`${path}.new`, path);
  }
}

/** Removes the files of `writeState`. */
export async function removeState(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
