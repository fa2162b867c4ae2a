import type { Metrics } from "@wick/sdk/metrics"
import type { Mvcc, WatchHub } from "#store"

/** What an operator asks first: how long the disk takes, how much there is, and whether anything piles up. */
export interface StorageMetrics {
  /** A durable write to the log has taken so long. */
  logWritten(seconds: number, commands: number): void
}

export const noMetrics: StorageMetrics = { logWritten: () => {} }

export function measureStorage(
  metrics: Metrics,
  parts: { readonly mvcc: Mvcc; readonly hub: WatchHub; readonly unsavedSize: () => number },
): StorageMetrics {
  const { mvcc, hub, unsavedSize } = parts
  const written = metrics.histogram("wick_store_log_write_seconds", "Time of one durable write to the log").with()
  const commands = metrics.counter("wick_store_commands_total", "Commands made durable").with()
  metrics.observed("wick_store_revision", "Revision of the store", () => mvcc.revision)
  metrics.observed("wick_store_compact_revision", "Oldest revision that can be read", () => mvcc.compactRevision)
  metrics.observed("wick_store_keys", "Keys remembered, with deleted ones not yet compacted", () => mvcc.keys)
  metrics.observed("wick_store_leases", "Leases that live", () => mvcc.leases)
  metrics.observed("wick_store_watchers", "Watches that are open", () => hub.watchers)
  metrics.observed("wick_store_unsaved_bytes", "Applied but not yet in the state's table", unsavedSize)
  return {
    logWritten: (seconds, count) => {
      written.observe(seconds)
      commands.add(count)
    },
  }
}
