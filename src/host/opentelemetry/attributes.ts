import type { Attributes } from "@opentelemetry/api";
import type { HandlerInfo } from "../../ports/around.ts";

/** Where something happens: a slot of a routine, as the destination of the message that a delivery is. */
export function destinationOf(flowId: string, routine: string, slot: string): Attributes {
  return {
    "messaging.system": "routilux",
    "messaging.destination.name": `${routine}.${slot}`,
    "routilux.flow.id": flowId,
  };
}

/** What a span says of a handler. All messages of a job are one conversation. */
export function handlerAttributes(info: HandlerInfo): Attributes {
  return {
    ...destinationOf(info.flowId, info.routineId, info.slotName),
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.message.conversation_id": info.jobId,
    "messaging.message.id": info.idempotencyKey,
    "routilux.routine.id": info.routineId,
    "routilux.slot.name": info.slotName,
    "routilux.task.attempt": info.attempt,
  };
}

/** What the semantic conventions call the kind of an error. */
export function errorType(error: unknown): string {
  return error instanceof Error ? error.name : "_OTHER";
}
