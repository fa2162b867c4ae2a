import type { Metrics } from "@wick/sdk/metrics"

/** What tells an operator that a backup is not being made: alert on the first growing older than a minute or two. */
export interface BackupMetrics {
  archived(nowMs: number, revision: number): void
  snapshotTaken(nowMs: number): void
  uploaded(bytes: number): void
  failed(): void
}

export function measureBackup(metrics: Metrics | undefined): BackupMetrics {
  if (metrics === undefined)
    return { archived: () => {}, snapshotTaken: () => {}, uploaded: () => {}, failed: () => {} }
  const archivedAt = metrics
    .gauge(
      "wick_backup_last_success_seconds",
      "When all that was written was last known to be in the backup, since 1970",
    )
    .with()
  const revisionCell = metrics.gauge("wick_backup_archived_revision", "Revision up to which the backup goes").with()
  const snapshotAt = metrics
    .gauge("wick_backup_snapshot_last_success_seconds", "When the last snapshot was finished, since 1970")
    .with()
  const bytesCell = metrics.counter("wick_backup_uploaded_bytes_total", "Bytes put into the backup").with()
  const failures = metrics
    .counter("wick_backup_failures_total", "Attempts to back up that failed, and were repeated")
    .with()
  return {
    archived: (nowMs, revision) => {
      archivedAt.set(nowMs / 1000)
      revisionCell.set(revision)
    },
    snapshotTaken: (nowMs) => snapshotAt.set(nowMs / 1000),
    uploaded: (bytes) => bytesCell.add(bytes),
    failed: () => failures.add(1),
  }
}
