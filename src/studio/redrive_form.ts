import { SerializationError } from "../base/errors.ts";
import type { FailureDocument } from "../documents/records.ts";
import { equalsJson } from "../inspect/json_difference.ts";
import { type Fields, NO_JSON } from "./body.ts";
import { RequestError } from "./failure.ts";

/** The field that says that failures were chosen: without it, all are meant that are not handled. */
export const CHOICE_FIELD = "choice";
/** The field with the number of retries. */
export const RETRIES_FIELD = "maxRetries";
/** What is meant by that field when it is left empty. */
export const RETRIES_HINT = "as its error handler says";

/** The field that chooses the failure of a task. */
export function taskField(taskId: number): string {
  return `task/${taskId}`;
}

/** The field with the data of a task. */
export function taskDataField(taskId: number): string {
  return `data/${taskId}`;
}

/** What a form of a redrive says: the parts of the act, or what is wrong with its fields, by their names. */
export type RedriveForm = { readonly fields: Fields } | { readonly problems: ReadonlyMap<string, string> };

/** Reads the form of a redrive. Data that was not changed stays what it is: JSON cannot say all of what data may be. */
export function readRedrive(fields: Fields, failures: readonly FailureDocument[]): RedriveForm {
  const problems = new Map<string, string>();
  const retries = fields[RETRIES_FIELD];
  if (retries !== undefined && !/^\d{1,9}$/.test(String(retries))) {
    problems.set(RETRIES_FIELD, "must be a whole number of at least 0");
  }
  const data = new Map(failures.map(({ task }) => [task.id, task.data ?? {}]));
  const chosen = Object.keys(fields).flatMap((name) => /^task\/(\d{1,15})$/.exec(name)?.[1] ?? []).map(Number);
  if (fields[CHOICE_FIELD] !== undefined && chosen.length === 0) {
    problems.set(CHOICE_FIELD, "Choose at least one failure");
  }
  const choices = chosen.map((taskId) => {
    const text = fields[taskDataField(taskId)];
    if (typeof text !== "string") return taskId;
    try {
      const given: unknown = JSON.parse(text);
      return equalsJson(given, data.get(taskId)) ? taskId : { taskId, data: given };
    } catch {
      problems.set(taskDataField(taskId), NO_JSON);
      return taskId;
    }
  });
  if (problems.size > 0) return { problems };
  return {
    fields: {
      ...(fields["key"] === undefined ? {} : { key: fields["key"] }),
      ...(retries === undefined ? {} : { maxRetries: Number(retries) }),
      ...(fields[CHOICE_FIELD] === undefined ? {} : { failures: choices }),
    },
  };
}

/** What a refused redrive says of the fields of its form; nothing where it is about none of them. */
export function problemsOfRedrive(error: unknown): ReadonlyMap<string, string> {
  const { cause, message } = error instanceof RequestError ? error : { cause: undefined, message: "" };
  const taskId = cause instanceof SerializationError ? /^[^:]* with data for task (\d+): /.exec(message) : null;
  if (taskId === null) return new Map();
  return new Map([[taskDataField(Number(taskId[1])), message.slice(taskId[0].length)]]);
}
