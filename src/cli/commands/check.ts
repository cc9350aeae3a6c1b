import { readFlowDocument } from "../../documents/flow.ts";
import { decodeJob } from "../../documents/job.ts";
import { PreflightError, type PreflightFinding, SerializationError } from "../../base/errors.ts";
import { JobState } from "../../documents/job_state.ts";
import { Flow } from "../../flow.ts";
import { DEFAULT_VALUE_LIMITS, type ValueLimits } from "../../values/payload.ts";
import type { Registry } from "../../values/registry.ts";
import type { Call, Command } from "../command.ts";
import { DOCUMENT_NOTES, FLOW_OPTION, type RawDocuments, readRawDocuments } from "../documents.ts";
import { EXIT, type ExitCode, reasonOf } from "../failure.ts";
import { loadRegistry, REGISTRY_OPTION } from "../registry.ts";

/** `routilux check`: whether documents are right. */
export const check: Command = {
  name: "check",
  about: "check documents by their schemas and limits; with --registry, also whether the job can go on in the flow",
  args: ["FILE"],
  options: { ...FLOW_OPTION, ...REGISTRY_OPTION },
  notes: [...DOCUMENT_NOTES, "The exit code is 1 when there are findings."],
  run,
};

async function run(call: Call): Promise<ExitCode> {
  const documents = await readRawDocuments(call, call.arg(0));
  const findings = findingsOf(documents, await loadRegistry(call));
  const what = [documents.flow === undefined ? [] : ["flow"], documents.job === undefined ? [] : ["job"]].flat();
  await call.print.answer(
    { isRight: findings.length === 0, checked: what, findings },
    () =>
      findings.length === 0 ? [`${documents.source}: ${what.join(" and ")} without a fault`] : call.print.table(
        ["path", "code", "what is wrong"],
        findings.map(({ code, message, path }) => [path, code, message]),
      ),
  );
  return findings.length === 0 ? EXIT.done : EXIT.no;
}

function findingsOf({ flow, job }: RawDocuments, registry: Registry | undefined): readonly PreflightFinding[] {
  const findings: PreflightFinding[] = [];
  const attempt = <T>(part: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      findings.push(...findingsIn(error, part));
      return undefined;
    }
  };
  let limits: ValueLimits = DEFAULT_VALUE_LIMITS;
  if (flow !== undefined) {
    const document = attempt("flow", () => readFlowDocument(flow));
    limits = { ...limits, ...document?.limits };
  }
  if (job !== undefined) attempt("job", () => decodeJob(job, limits));
  if (registry === undefined || flow === undefined || findings.length > 0) return findings;
  const built = attempt("flow", () => Flow.fromJSON(flow, registry));
  if (built === undefined || job === undefined) return findings;
  attempt("job", () => findings.push(...built.check(JobState.fromJSON(job, registry, { limits }))));
  return findings;
}

function findingsIn(error: unknown, part: string): readonly PreflightFinding[] {
  if (error instanceof PreflightError) return error.findings;
  const path = error instanceof SerializationError ? error.path : ""; // Unreachable default: nothing else refuses documents.
  return [{ code: "invalid_document", path, message: `the ${part}: ${reasonOf(error)}` }];
}
