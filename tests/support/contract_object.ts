import { type DurableObjectStorage, durableObjectStore } from "../../src/stores/durable_object_store.ts";
import { storeContract } from "../../src/testing/store_contract.ts";
import { exclusivePlace } from "./durable_object.ts";

/** A Durable Object that runs the contract of stores on its own storage. */
export class ContractObject {
  readonly #storage: DurableObjectStorage & { deleteAll(): Promise<void> };

  constructor({ storage }: { readonly storage: DurableObjectStorage & { deleteAll(): Promise<void> } }) {
    this.#storage = storage;
  }

  /** Nothing: the cases do not wait for it. */
  alarm(): void {}

  /** Answers with the number of cases, and what has failed. */
  async fetch(): Promise<Response> {
    const storage = this.#storage;
    const tests = new Map<string, () => Promise<void>>();
    storeContract({
      test: (name, run) => tests.set(name, run),
      isExclusive: true,
      createPlace: async () => {
        await storage.deleteAll();
        return exclusivePlace(() => durableObjectStore(storage));
      },
    });
    const failed: string[] = [];
    for (const [name, run] of tests) {
      try {
        await run();
      } catch (error) {
        failed.push(`${name}: ${error}`);
      }
    }
    return Response.json({ count: tests.size, failed });
  }
}

export default {
  fetch(request: Request, { CONTRACT }: {
    readonly CONTRACT: {
      idFromName(name: string): unknown;
      get(id: unknown): { fetch(request: Request): Promise<Response> };
    };
  }): Promise<Response> {
    return CONTRACT.get(CONTRACT.idFromName("contract")).fetch(request);
  },
};
