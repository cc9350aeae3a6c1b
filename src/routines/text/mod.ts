/**
 * Routines that turn data into texts and texts into data: for flows around language models, logs and reports.
 *
 * @example Register all of them at once
 * ```ts
 * import { Registry } from "@routilux/routilux";
 * import { routines } from "@routilux/routilux/routines";
 * import { textRoutines } from "@routilux/routilux/routines/text";
 *
 * const registry = new Registry({ ...routines, ...textRoutines });
 * ```
 *
 * @module
 */
import { DataFlattener } from "./data_flattener.ts";
import { ResultExtractor } from "./result_extractor.ts";
import { TextClipper } from "./text_clipper.ts";
import { TextRenderer } from "./text_renderer.ts";
import { TimeProvider } from "./time_provider.ts";

export { DataFlattener, type DataFlattenerConfig, type FlatData } from "./data_flattener.ts";
export type { Extraction, Extractor } from "./extractors.ts";
export { type ExtractedResult, ResultExtractor, type ResultExtractorConfig } from "./result_extractor.ts";
export { type ClippedText, TextClipper, type TextClipperConfig } from "./text_clipper.ts";
export { TextRenderer, type TextRendererConfig } from "./text_renderer.ts";
export { type TimeInfo, TimeProvider, type TimeProviderConfig } from "./time_provider.ts";

/** All routines of this module by their names, for a registry. */
export const textRoutines: {
  readonly DataFlattener: typeof DataFlattener;
  readonly ResultExtractor: typeof ResultExtractor;
  readonly TextClipper: typeof TextClipper;
  readonly TextRenderer: typeof TextRenderer;
  readonly TimeProvider: typeof TimeProvider;
} = { DataFlattener, ResultExtractor, TextClipper, TextRenderer, TimeProvider };
