import { Registry } from "../../mod.ts";
import type { ClassTable } from "../../src/values/class_table.ts";

/** A table without classes: built-in types only. */
export const NO_CLASSES: ClassTable = new Registry();
