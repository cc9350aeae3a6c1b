import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { exportedNames } from "./rules.ts";
import { readText } from "./source.ts";

const entries: Readonly<Record<string, string>> = JSON.parse(readText("deno.json")).exports;

/** The public names of each entry, by what they are for. A name that is missing here has leaked. */
const SURFACE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ".": {
    "made by users": "Flow Routine Engine Registry JobState ErrorHandler",
    "options of flows": "FlowOptions FlowSettings FlowLimits ExecutionStrategy",
    "options of calls":
      "AdoptOptions AdoptionChoice CreateOptions ExecuteOptions StartOptions StartItem ListenOptions ResumeOptions PauseOptions ShutdownOptions " +
      "FailureChoice RedriveChoice RedriveData CompletionOptions RunOptions UntilOptions WaitOptions EntryPoint EntryArguments EntryParams",
    "options of engines": "EngineOptions DurabilityOptions Services",
    "the structure of a flow": "FlowGraph Connection ConnectionTarget ConnectOptions KeyMapping MappedData " +
      "FailureConnection FailureOptions FailureSource Failure FailureOf",
    "slots and events": "Slot SlotOptions CheckedSlotOptions SlotInput MergeStrategy MergeFunction Event EventOptions",
    "handlers":
      "Handler HandlerInput HandlerReturn Collected CollectedLists Context EmitOptions ExpectOptions ExpectTimeout " +
      "ResultContext JobValues ReadonlyValue ReadOnly ReadList ReadMap ReadSet ReadDate ReadBytes Priority ChildOptions ChildLabels ChildEnd ResultOf FlowJson",
    "error handling": "ErrorHandlerOptions ErrorStrategy CriticalOptions RetryIf RetryErrorOptions",
    "jobs": "JobStatus RoutineStatus PendingTask ExecutionRecord ExecutionRecordType JobOutput RoutineProgress " +
      "JobError JobFailure FailurePlace DroppedCounts JobReadOptions JobProgress SettleResult AwaitedDelivery ChildJob",
    "jobs in a store": "StoredFlowJob Recovery JobRevision PurgeOptions",
    "handles": "JobHandle StartedJob AskOptions OutputsOptions CommandOutcome",
    "workers": "Worker WorkOptions WorkSummary QueueOptions QueueRate",
    "ports": "IdSource Timers CancelTimer Observer",
    "around handlers": "Around HandlerInfo Propagate PropagateInfo",
    "what an observer sees":
      "EngineEvent StatusEvent StartEvent TaskEvent UnconnectedEvent ReportEvent CallbackErrorEvent " +
      "StoreErrorEvent LostEvent TakenEvent ReleasedEvent StalledEvent RefusedEvent CommandErrorEvent EngineErrorEvent ReplacedEvent",
    "values": "JsonObject JsonValue ErrorData ValueLimits Registrable SerializableClass",
    "schemas": "StandardSchema SchemaIssue SchemaResult",
    "errors":
      "RoutiluxError CancelledError FencedError PausedError JobFailedError NonRetryableError PoisonError PreflightError PreflightFinding RetryError " +
      "SchemaError SerializationError StateError StateReason StepLimitError StoreError " +
      "TimeoutError UnknownOutcomeError",
  },
  "./store": {
    "the port": "Store MaybePromise StoreEvent StoreTransaction",
    "jobs": "NewJob CreateAnswer StoredJob JobLife JobLabels JobHead JobRecord",
    "writes": "JobClaim AppendHead ReplacedFlow",
    "owners":
      "Incarnation EnterQuery EnterAnswer RenewAnswer TakeQuery ClaimQuery DueQuery NextDueQuery TakenJob TakeAnswer",
    "inboxes": "NewCommand SendAnswer CommandOutcome Refusal StoredCommand InboxAnswer CommandsAnswer",
    "queues with limits": "QueueLimits QueueState QueueHolder PermitQuery PermitAnswer Permitted permit isPermitted",
    "lists": "JobFilter ListQuery JobPage PurgeQuery",
    "helpers about leases":
      "OwnerState RenewedOwner hasLease enterOwner renewOwner endLease leaveOwner leaseEndOf addSurvivor forgottenBy mayForget",
    "helpers about records":
      "KeptRecord recordOf checkAppend checkClaim appendTo endsUnread refusalsIn outcomeOf claimFor holdersOf isHeld isOwnedBy isFreeFor isAskedFor isMeant isPurged dueSince dueOfAll " +
      "nextDueOfAll hashText",
    "helpers about pages": "compareByAge pageOf pageOfAll positionOf PAGE_LENGTH ListPosition",
    "helpers about calls": "StoreWatchers PendingCalls",
    "errors": "FencedError",
  },
  "./documents": {
    "flows":
      "FlowDocument ConnectionDocument FailureConnectionDocument FailureSource ConnectionSource ConnectionTarget TaskSource RoutineDocument SlotDocument " +
      "EventDocument FunctionReference",
    "jobs":
      "JobDocument FormerNamesDocument TaskDocument AwaitingDocument MergedDocument RecordDocument OutputDocument LogDocument FailureDocument " +
      "ChildrenDocument ChildDocument ChildEntryDocument ParentDocument DeferredDocument PausePointDocument RoutineStateDocument SlotDataDocument ListDocument DroppedCounts " +
      "ErrorDocument",
    "journals": "JournalEntryDocument CommitDocument ClaimDocument FirstAttemptDocument",
    "kinds of commits":
      "StepCommitDocument MergeCommitDocument FailureCommitDocument DeliverCommitDocument ExpireCommitDocument " +
      "DeferredCommitDocument ChildrenCommitDocument StatusCommitDocument",
    "parts of commits": "CommitBase EffectsDocument KeyChangeDocument SlotChangeDocument FailureOutcomeDocument " +
      "MigratedDocument NewChildDocument NewChildrenDocument",
  },
  "./routines": {
    "all of them": "routines",
    "aggregator": "Aggregator AggregatorOptions Group GroupKey GroupPlace",
    "ends": "AtEnd OpenGroup OpenGroupsError",
    "join": "Join JoinConfig JoinInput JoinOptions JoinArrival OpenInputs",
    "batcher": "Batcher BatcherOptions Batch",
    "debouncer and throttle": "Debouncer DebouncerOptions Throttle ThrottleOptions",
    "mapper and filter": "Mapper MapFunction Filter FilterFunction",
    "router": "ConditionalRouter ConditionalRouterConfig RouteConfig RouteCondition",
    "splitter": "Splitter SplitItem SplitList SplitProgress",
    "transformer": "DataTransformer DataTransformerConfig TransformStep TransformedData",
    "validator": "DataValidator DataValidatorConfig InvalidData ValidationError",
    "expressions": "compileExpression ExpressionScope",
  },
  "./routines/text": {
    "all of them": "textRoutines",
    "flattener": "DataFlattener DataFlattenerConfig FlatData",
    "extractor": "ResultExtractor ResultExtractorConfig ExtractedResult Extraction Extractor",
    "clipper": "TextClipper TextClipperConfig ClippedText",
    "renderer": "TextRenderer TextRendererConfig",
    "time": "TimeProvider TimeProviderConfig TimeInfo",
  },
  "./schedules": { "all": "schedule ScheduleOptions Schedule Timetable Times" },
  "./signing": { "all": "sign verify SigningKey SubtleKey SignatureError SignatureProblem" },
  "./opentelemetry": { "all": "openTelemetry OpenTelemetryOptions Telemetry TracerLike MeterLike PropagatorLike" },
  "./inspect": {
    "what a job does":
      "summarize JobSummary RoutineSummary TaskSummary TaskState FailedTask ChildSummary ChildState CollectedSummary",
    "two documents": "diffJobs JobDifference",
    "what happened when": "timeline TimelineOptions JobTimeline ChildTimeline TimelineRow TimelineSpan",
  },
  "./diagram": { "all": "toMermaid toDot toSvg DiagramOptions" },
  "./studio": {
    "the studio": "studio StudioOptions StudioAccess",
    "for Node": "nodeListener NodeRequest NodeResponse",
  },
  "./cli": { "all": "run CommandHost CommandOutput" },
  "./testing": {
    "one routine": "runRoutine RunRoutineOptions RoutineRun",
    "time and ids": "manualTimers ManualTimers manualIds",
    "simulations": "simulate SimulateOptions SimulatedJobOptions EntryParams Simulation SimulationError Faults Fault " +
      "FaultKind SimulatedHost IdleJob TraceStep SeededRandom",
    "fleets":
      "simulateFleet FleetOptions FleetResult FleetError FleetInvariant FleetCut FleetJob FleetDelivery FleetCommand " +
      "FleetFaults ProcessFault",
    "pauses": "pauseAnywhere PauseAnywhereOptions PauseAnywhereResult JobComparison",
    "stores": "storeContract StoreContractOptions StorePlace",
  },
  "./stores/memory": { "all": "memoryStore" },
  "./stores/durable_object": {
    "all": "durableObjectStore DurableObjectStore DurableObjectStorage SqlStorage SqlStorageValue",
  },
  "./stores/postgres": {
    "the store": "postgresStore PostgresStoreOptions postgresMigrations",
    "clients":
      "pgClient PgClientOptions postgresJsClient PostgresJsClientOptions bunSqlClient BunSqlClientOptions pgliteClient",
    "what clients are made of":
      "PgPool PgConnection PgStatement PostgresJs ReservedSql ListenSql BunSql PGliteDatabase PGliteTransaction",
    "clients of your own": "PostgresClient PostgresTransaction PostgresQuery PostgresRow PostgresValue",
  },
  "./stores/redis": {
    "all": "redisStore RedisStoreOptions RedisClient NodeRedis NodeRedisConnection IoRedis IoRedisConnection",
  },
  "./stores/sealed": { "all": "sealedStore SealedStoreOptions SealingKey SealedTextError SealProblem" },
  "./stores/file": { "all": "fileStore FileStoreOptions Files LockOwner" },
  "./stores/sqlite": { "all": "sqliteStore SqliteStoreOptions SqliteDatabase SqliteStatement SqliteValue SqliteSync" },
  "./stores/indexed_db": { "all": "indexedDbStore IndexedDbStoreOptions IndexedDbFactory IndexedDbRanges" },
  "./stores/key_value": { "all": "keyValueStore KeyValueStoreOptions KeyValueStorage KeyValueEntry" },
  "./stores/deno_kv": {
    "all": "denoKvStore DenoKvStoreOptions KvClient KvAtomic KvCommit KvEntry KvKey KvKeyPart KvSelector",
  },
};

/** The names that each entry begins with, for those who read the file. */
const FIRST_NAMES: readonly string[] = ["Flow", "Routine", "Engine", "Registry", "JobState"];

test("the surface lists every entry", () => {
  assertEquals(Object.keys(SURFACE).sort(), Object.keys(entries).sort());
});

for (const [entry, path] of Object.entries(entries)) {
  test(`${entry} exports the names that it is to export, and no others`, () => {
    const wanted = Object.values(SURFACE[entry] ?? {}).flatMap((names) => names.split(" "));
    assertEquals(exportedNames({ path, text: readText(path) }), wanted.sort());
  });
}

test("mod.ts begins with what users meet first", () => {
  const text = readText("mod.ts");
  const places = FIRST_NAMES.map((name) => text.search(new RegExp(`^export \\{[^}]*\\b${name}\\b[^}]*\\} from`, "m")));
  assertEquals(places, [...places].sort((a, b) => a - b));
  assertEquals(text.indexOf("\nexport ") + 1, places[0]);
});
