/**
 * Routines that every flow needs: routers, mappers, joins, and nodes that deal with time. All their data belongs to the job,
 * so that a pause at any moment loses nothing. Routines for texts are in `@routilux/routilux/routines/text`.
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
import { DataTransformer } from "./data_transformer.ts";
import { DataValidator } from "./data_validator.ts";
import { Debouncer } from "./debouncer.ts";
import { Filter } from "./filter.ts";
import { Join } from "./join.ts";
import { Mapper } from "./mapper.ts";
import { Splitter } from "./splitter.ts";
import { Throttle } from "./throttle.ts";

export { Aggregator, type AggregatorOptions, type Group, type GroupPlace } from "./aggregator.ts";
export { type Batch, Batcher, type BatcherOptions } from "./batcher.ts";
export type { AtEnd } from "./collecting.ts";
export type { GroupKey } from "./group_names.ts";
export {
  ConditionalRouter,
  type ConditionalRouterConfig,
  type RouteCondition,
  type RouteConfig,
} from "./conditional_router.ts";
export {
  DataTransformer,
  type DataTransformerConfig,
  type TransformedData,
  type TransformStep,
} from "./data_transformer.ts";
export { DataValidator, type DataValidatorConfig, type InvalidData, type ValidationError } from "./data_validator.ts";
export { Debouncer, type DebouncerOptions } from "./debouncer.ts";
export { compileExpression, type ExpressionScope } from "./expression.ts";
export { Filter, type FilterFunction } from "./filter.ts";
export { Join, type JoinArrival, type JoinConfig, type JoinInput, type JoinOptions, type OpenInputs } from "./join.ts";
export { type MapFunction, Mapper } from "./mapper.ts";
export { type OpenGroup, OpenGroupsError } from "./open_groups_error.ts";
export { type SplitItem, type SplitList, type SplitProgress, Splitter } from "./splitter.ts";
export { Throttle, type ThrottleOptions } from "./throttle.ts";

/** All routines of this module by their names, for a registry. */
export const routines: {
  readonly Aggregator: typeof Aggregator;
  readonly Batcher: typeof Batcher;
  readonly ConditionalRouter: typeof ConditionalRouter;
  readonly DataTransformer: typeof DataTransformer;
  readonly DataValidator: typeof DataValidator;
  readonly Debouncer: typeof Debouncer;
  readonly Filter: typeof Filter;
  readonly Join: typeof Join;
  readonly Mapper: typeof Mapper;
  readonly Splitter: typeof Splitter;
  readonly Throttle: typeof Throttle;
} = {
  Aggregator,
  Batcher,
  ConditionalRouter,
  DataTransformer,
  DataValidator,
  Debouncer,
  Filter,
  Join,
  Mapper,
  Splitter,
  Throttle,
};
