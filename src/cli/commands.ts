import type { Command } from "./command.ts";
import { check } from "./commands/check.ts";
import { diagram } from "./commands/diagram.ts";
import { diff } from "./commands/diff.ts";
import { exportCommand } from "./commands/export.ts";
import { fork } from "./commands/fork.ts";
import { history } from "./commands/history.ts";
import { importCommand } from "./commands/import.ts";
import { inspect } from "./commands/inspect.ts";
import { jobsCancel, jobsDeliver, jobsDiscard, jobsPause, jobsRedrive, jobsResume } from "./commands/jobs_ask.ts";
import { jobsDelete, jobsPurge } from "./commands/jobs_delete.ts";
import { count, jobsList } from "./commands/jobs_list.ts";
import { jobsShow } from "./commands/jobs_show.ts";
import { jobsWatch } from "./commands/jobs_watch.ts";
import { report } from "./commands/report.ts";
import { studioCommand } from "./commands/studio.ts";

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  ...[inspect, check, diff, diagram, report],
  ...[
    jobsList,
    jobsShow,
    jobsWatch,
    jobsDeliver,
    jobsPause,
    jobsResume,
    jobsCancel,
    jobsRedrive,
    jobsDiscard,
    jobsDelete,
    jobsPurge,
  ],
  ...[count, history, fork, exportCommand, importCommand, studioCommand],
];
