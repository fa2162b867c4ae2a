import type { WatchEvent } from "../client/client.ts"
import type { Clock } from "../clock/index.ts"

/** Between a watch's end and the next one: a server that ends each at once is not to be asked without a pause. */
export const betweenWatchesMs = 500

/**
 * A watch that goes on until `signal` aborts. Servers, and what is between, end watches when they like; begun anew, one tells
 * first what is there by then. One that fails before it has told anything fails for good: nobody is there to be asked.
 */
export async function* watchOn<Item>(
  clock: Clock,
  begin: () => AsyncIterable<WatchEvent<Item>>,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<Item>, void> {
  while (!signal.aborted) {
    let hasTold = false
    try {
      for await (const event of begin()) {
        hasTold = true
        yield event
      }
    } catch (error) {
      if (!hasTold) throw error
    }
    await clock.sleep(betweenWatchesMs, signal)
  }
}
