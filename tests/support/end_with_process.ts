import { spawn } from "node:child_process";

/** A server that goes on by itself when whoever has started it has ended. */
export interface DetachedServer {
  /** The folder with its data. */
  readonly folder: string;
  /** The file whose first line is the id of its first process; it is gone when the server has ended. */
  readonly pidFile: string;
  /** What ends it. */
  readonly signal: "QUIT" | "TERM";
}

/** Waits until its standard input is closed: then ends the server and removes its folder. */
const WATCH = `cat > /dev/null
pid=$(head -n 1 "$2" 2> /dev/null) && kill -s "$3" "$pid" 2> /dev/null && while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
rm -rf "$1"`;

/**
 * Ends a server when this process ends, whatever way it does: a shell waits for the end of a pipe that this process alone keeps open. One that
 * was stopped before is left alone.
 */
export function endWithProcess({ folder, pidFile, signal }: DetachedServer): void {
  const shell = spawn("sh", ["-c", WATCH, "sh", folder, pidFile, signal], {
    // What interrupts this process and all others of its terminal must not end the shell before.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => {});
  shell.unref();
  // The pipe must not keep this process from its end.
  if (shell.stdin !== null && "unref" in shell.stdin && typeof shell.stdin.unref === "function") shell.stdin.unref();
}
