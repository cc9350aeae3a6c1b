import type { KvClient, KvKey } from "./kv.ts";

/**
 * Calls back whenever the bell has a new value: a key that all processes set when they do something that others should know. Its value
 * says who did; what a process has rung itself is passed over. Deno KV may leave out values that were replaced quickly.
 */
export function watchBell(
  kv: Required<Pick<KvClient, "watch">>,
  bell: KvKey,
  own: string,
  onNews: () => void,
): () => void {
  const reader = kv.watch<[string]>([bell]).getReader();
  const follow = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const by = value[0].value;
      if (by !== null && by !== own) onNews();
    }
  };
  // The client was closed, or has lost its connection: the engine asks at intervals anyway.
  follow().catch(() => {});
  return () => void reader.cancel().catch(() => {});
}
