import { readFileSync } from "node:fs";
import process from "node:process";

/** The servers that tests use, by name, with their addresses. */
export type Services = Readonly<Partial<Record<"postgres" | "redis" | "nats", string>>>;

/** The environment variable with the path of a file that names the servers; `scripts/services.ts` starts them. */
export const SERVICES = "ROUTILUX_SERVICES";

/** The address of a server, if it was started. */
export function addressOf(name: keyof Services): string | undefined {
  const path = process.env[SERVICES];
  if (path === undefined) return undefined;
  const services: Services = JSON.parse(readFileSync(path, "utf8"));
  return services[name];
}

/** Why tests are skipped that need a server. */
export function missing(name: keyof Services): string {
  return `there is no ${name} server: scripts/services.ts starts one where it is installed`;
}
