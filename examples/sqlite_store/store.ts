import { DatabaseSync } from "node:sqlite";
import { Flow, JobState, type Registry } from "@routilux/routilux";

/** The documents of a flow and one of its jobs. */
export interface Work {
  readonly flow: Flow;
  readonly job: JobState;
}

/** Opens a database; creates it if it does not exist. */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE IF NOT EXISTS executions (
    execution_id TEXT PRIMARY KEY,
    flow_data TEXT NOT NULL,
    job_state_data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
  )`);
  return database;
}

/** Stores both documents under the job's id, with one statement, so atomically. */
export function save(database: DatabaseSync, { flow, job }: Work): void {
  database.prepare(`INSERT INTO executions (execution_id, flow_data, job_state_data) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET flow_data = excluded.flow_data, job_state_data = excluded.job_state_data`)
    .run(job.jobId, JSON.stringify(flow), job.toText());
}

/** Returns the documents of a job id, if there are any. */
export function load(database: DatabaseSync, id: string, registry: Registry): Work | undefined {
  const row = database.prepare("SELECT flow_data, job_state_data FROM executions WHERE execution_id = ?").get(id);
  if (row === undefined) return undefined;
  const flow = Flow.fromJSON(JSON.parse(String(row["flow_data"])), registry);
  return { flow, job: JobState.fromText(String(row["job_state_data"]), registry) };
}

/** Deletes the documents of a job id. */
export function remove(database: DatabaseSync, id: string): void {
  database.prepare("DELETE FROM executions WHERE execution_id = ?").run(id);
}
