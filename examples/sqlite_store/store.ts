import { DatabaseSync } from "node:sqlite";
import { Flow, JobState, type Registry } from "@routilux/routilux";

/** A flow and a job of it. */
export interface Work {
  readonly flow: Flow;
  readonly job: JobState;
}

/** Opens a database, a new one if there is none. */
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

/** Keeps both documents under the job's id: one statement, so both or none. */
export function save(database: DatabaseSync, { flow, job }: Work): void {
  database.prepare(`INSERT INTO executions (execution_id, flow_data, job_state_data) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET flow_data = excluded.flow_data, job_state_data = excluded.job_state_data`)
    .run(job.jobId, JSON.stringify(flow), job.toText());
}

/** What is kept under an id, if there is anything. */
export function load(database: DatabaseSync, id: string, registry: Registry): Work | undefined {
  const row = database.prepare("SELECT flow_data, job_state_data FROM executions WHERE execution_id = ?").get(id);
  if (row === undefined) return undefined;
  const flow = Flow.fromJSON(JSON.parse(String(row["flow_data"])), registry);
  return { flow, job: JobState.fromText(String(row["job_state_data"]), registry) };
}

/** Forgets what is kept under an id. */
export function remove(database: DatabaseSync, id: string): void {
  database.prepare("DELETE FROM executions WHERE execution_id = ?").run(id);
}
