/**
 * Routines that every flow needs: routers, mappers, joins, and nodes that deal with time. All of what they keep belongs to
 * the job: a pause anywhere loses nothing.
 *
 * @example Register all of them at once
 * ```ts
 * import { Registry } from "@routilux/routilux";
 * import { routines } from "@routilux/routilux/routines";
 *
 * const registry = new Registry(routines);
 * ```
 *
 * @module
 */
import { Aggregator } from "./aggregator.ts";
import { Batcher } from "./batcher.ts";
import { ConditionalRouter } from "./conditional_router.ts";
import { DataFlattener } from "./text/data_flattener.ts";
import { DataTransformer } from "./data_transformer.ts";
import { DataValidator } from "./data_validator.ts";
import { Debouncer } from "./debouncer.ts";
import { Filter } from "./filter.ts";
import { Mapper } from "./mapper.ts";
import { ResultExtractor } from "./text/result_extractor.ts";
import { Splitter } from "./splitter.ts";
import { TextClipper } from "./text/text_clipper.ts";
import { TextRenderer } from "./text/text_renderer.ts";
import { Throttle } from "./throttle.ts";
import { TimeProvider } from "./text/time_provider.ts";

export { Aggregator, type AggregatorOptions, type Deadline, type Group } from "./aggregator.ts";
export { type Batch, Batcher, type BatcherOptions } from "./batcher.ts";
export {
  ConditionalRouter,
  type ConditionalRouterConfig,
  type Route,
  type RouteCondition,
} from "./conditional_router.ts";
export { DataFlattener, type DataFlattenerConfig, type FlatData } from "./text/data_flattener.ts";
export { DataTransformer, type DataTransformerConfig, type Step, type Transformed } from "./data_transformer.ts";
export { DataValidator, type DataValidatorConfig, type InvalidData, type ValidationError } from "./data_validator.ts";
export { Debouncer, type DebouncerOptions } from "./debouncer.ts";
export { compileExpression, type Scope } from "./expression.ts";
export { Filter, type FilterFunction } from "./filter.ts";
export { type MapFunction, Mapper } from "./mapper.ts";
export type { Extraction, Extractor } from "./text/extractors.ts";
export { type ExtractedResult, ResultExtractor, type ResultExtractorConfig } from "./text/result_extractor.ts";
export { type SplitItem, Splitter } from "./splitter.ts";
export { type ClippedText, TextClipper, type TextClipperConfig } from "./text/text_clipper.ts";
export { TextRenderer, type TextRendererConfig } from "./text/text_renderer.ts";
export { Throttle, type ThrottleOptions } from "./throttle.ts";
export { type TimeInfo, TimeProvider, type TimeProviderConfig } from "./text/time_provider.ts";

/** All routines of this module by their names, for a registry. */
export const routines: {
  readonly Aggregator: typeof Aggregator;
  readonly Batcher: typeof Batcher;
  readonly ConditionalRouter: typeof ConditionalRouter;
  readonly DataFlattener: typeof DataFlattener;
  readonly DataTransformer: typeof DataTransformer;
  readonly DataValidator: typeof DataValidator;
  readonly Debouncer: typeof Debouncer;
  readonly Filter: typeof Filter;
  readonly Mapper: typeof Mapper;
  readonly ResultExtractor: typeof ResultExtractor;
  readonly Splitter: typeof Splitter;
  readonly TextClipper: typeof TextClipper;
  readonly TextRenderer: typeof TextRenderer;
  readonly Throttle: typeof Throttle;
  readonly TimeProvider: typeof TimeProvider;
} = {
  Aggregator,
  Batcher,
  ConditionalRouter,
  DataFlattener,
  DataTransformer,
  DataValidator,
  Debouncer,
  Filter,
  Mapper,
  ResultExtractor,
  Splitter,
  TextClipper,
  TextRenderer,
  Throttle,
  TimeProvider,
};
