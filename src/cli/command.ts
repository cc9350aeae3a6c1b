import { parseArgs } from "node:util";
import { parseInstant } from "../base/instant.ts";
import { checkName, listNames } from "../base/options.ts";
import { CommandError, EXIT, type ExitCode, reasonOf } from "./failure.ts";
import type { CommandHost } from "./host.ts";
import { Printer } from "./printer.ts";
import { described, WIDTH, wrapped } from "./wrapped.ts";

/** An option of a command. */
export interface CommandOption {
  /** The word that stands for its value in the usage; an option without one is a flag. */
  readonly value?: string;
  /** Its letter. */
  readonly short?: string;
  /** Whether it may be given several times. */
  readonly isList?: true;
  /** What it is for. */
  readonly about: string;
}

/** A command. */
export interface Command {
  /** Its words: `jobs list`. */
  readonly name: string;
  /** What it does, in a line. */
  readonly about: string;
  /** Its arguments as the usage shows them, such as `JOB [FILE]`: those in brackets may be missing. */
  readonly args: readonly string[];
  /** Its options, beside those that all commands have. */
  readonly options: Readonly<Record<string, CommandOption>>;
  /** Further sentences of the help. */
  readonly notes?: readonly string[];
  /** Carries the command out, and returns the exit code. */
  readonly run: (call: Call) => Promise<ExitCode>;
}

/** The options that all commands have. */
const COMMON: Readonly<Record<string, CommandOption>> = {
  json: { about: "answer in JSON" },
  help: { about: "say what the command does, and its options" },
};

/** One call of a command: its arguments and options, and its access to the process. */
export class Call {
  /** The process. */
  readonly host: CommandHost;
  /** Prints the answer. */
  readonly print: Printer;
  readonly #command: Command;
  readonly #args: readonly string[];
  readonly #values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

  /**
   * Reads the arguments after the command's name.
   *
   * @throws {CommandError} for an option or a number of arguments that the command does not have
   */
  constructor(host: CommandHost, command: Command, args: readonly string[]) {
    const options = Object.entries({ ...command.options, ...COMMON }).map(([name, { isList, short, value }]) => {
      const type: "boolean" | "string" = value === undefined ? "boolean" : "string";
      return [name, { type, multiple: isList === true, ...(short === undefined ? {} : { short }) }] as const;
    });
    this.host = host;
    this.#command = command;
    try {
      const parsed = parseArgs({ args: [...args], options: Object.fromEntries(options), allowPositionals: true });
      [this.#args, this.#values] = [parsed.positionals, parsed.values];
    } catch (error) {
      const why = reasonOf(error).replace(/[.\n].*$/s, "");
      throw this.misuse(why + (REMEDIES.find(([fault]) => fault.test(why))?.[1] ?? ""));
    }
    this.print = new Printer(host, this.flag("json"));
    if (this.flag("help")) return;
    const missing = command.args.find((name, index) => !name.startsWith("[") && this.#args[index] === undefined);
    if (missing !== undefined) throw this.misuse(`${missing} is missing`);
    const extra = this.#args[command.args.length];
    if (extra !== undefined) throw this.misuse(`nothing is known of the argument ${JSON.stringify(extra)}`);
  }

  /** An argument that the command must have. */
  arg(index: number): string {
    // Unreachable default: a missing argument has been refused.
    return this.#args[index] ?? "";
  }

  /** An argument that may be missing. */
  optionalArg(index: number): string | undefined {
    return this.#args[index];
  }

  /** Whether a flag was given. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** The value of an option, if it was given. */
  value(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  /**
   * The value of an option that is a name, such as an id.
   *
   * @throws {CommandError} for an empty one, one that is reserved or too long
   */
  name(name: string): string | undefined {
    const value = this.value(name);
    try {
      return value === undefined ? undefined : checkName(`routilux ${this.#command.name}`, `--${name}`, value);
    } catch (error) {
      throw new CommandError(EXIT.usage, reasonOf(error));
    }
  }

  /** All values of an option. */
  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /**
   * The value of an option that is one of several words.
   *
   * @throws {CommandError} for another word
   */
  word<const W extends string>(name: string, words: readonly W[]): W | undefined {
    const value = this.value(name);
    const found = words.find((it) => it === value);
    if (value !== undefined && found === undefined) {
      throw this.misuse(`--${name} is ${JSON.stringify(value)}, and must be one of ${listNames(new Set(words))}`);
    }
    return found;
  }

  /**
   * The value of an option that is a whole number.
   *
   * @throws {CommandError} for another one
   */
  whole(name: string, least: number): number | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : this.wholeOf(`--${name}`, value, least);
  }

  /** An argument that is a whole number. */
  wholeArg(index: number, least: number): number {
    return this.wholeOf(`the ${this.#command.args[index]}`, this.arg(index), least);
  }

  /**
   * The value of an option that is an instant, or as long ago as a duration such as `90s`, `15m`, `12h` and `30d`: in milliseconds
   * since 1970.
   *
   * @throws {CommandError} for another one
   */
  instant(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const [, count, unit] = /^(\d+)([smhd])$/.exec(value) ?? [];
    const unitMs = UNITS.get(unit);
    const begin = unitMs === undefined ? -1 : this.host.timers.now() - Number(count) * unitMs;
    if (begin >= 0) return begin;
    const at = /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00.000Z` : value.replace(/(:\d\d)Z$/, "$1.000Z");
    const instant = parseInstant(at);
    if (instant !== undefined) return instant;
    throw this.misuse(
      `--${name} is ${
        JSON.stringify(value)
      }, and must be an instant like 2026-01-31 or 2026-01-31T12:00:00Z, or an age like 12h or 30d`,
    );
  }

  /**
   * A text that must be a whole number.
   *
   * @param what what it is called
   * @throws {CommandError} for another one
   */
  wholeOf(what: string, text: string, least: number): number {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw this.misuse(`${what} is ${JSON.stringify(text)}, and must be a whole number of at least ${least}`);
  }

  /** A failure of the call itself. */
  misuse(message: string): CommandError {
    const { name } = this.#command;
    return new CommandError(EXIT.usage, `routilux ${name}: ${message}; see routilux ${name} --help`);
  }
}

/** What to do where a text begins with a dash, by what the parser says of it. */
const REMEDIES: readonly (readonly [fault: RegExp, remedy: string])[] = [
  [/ambiguous$/, "; a value that begins with a dash is written as in --reason=-5"],
  [/^Unknown option '-\d/, "; an argument that begins with a dash stands after --"],
];

const UNITS: ReadonlyMap<string | undefined, number> = new Map([["s", 1_000], ["m", 60_000], ["h", 3_600_000], [
  "d",
  86_400_000,
]]);

/** What the help of a command says: lines of at most 80 characters. */
export function helpOf({ about, args, name, notes = [], options }: Command): string[] {
  const entries = Object.entries({ ...options, ...COMMON }).map(([option, { about, short, value }]) => {
    const names = short === undefined ? `--${option}` : `-${short}, --${option}`;
    return [value === undefined ? names : `${names} ${value}`, about] as const;
  });
  const paragraph = (text: string) => wrapped(text, WIDTH - 2).map((line) => `  ${line}`);
  return [
    `routilux ${[name, ...args].join(" ")}`,
    "",
    ...paragraph(about),
    ...notes.length === 0 ? [] : ["", ...paragraph(notes.join(" "))],
    "",
    ...described(entries, MOST_OPTION),
  ];
}

/** The longest option, in characters, whose description stands beside it; with longer ones the descriptions stand below. */
const MOST_OPTION = 24;
