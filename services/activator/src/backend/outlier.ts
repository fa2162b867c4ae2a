/**
 * A pod that answers while its neighbours do, but badly, is left out for a while (outlier ejection). Counted are failures
 * in a row that speak of the pod and not of the request: no connection, an answer that breaks off before it begins, and
 * 502, 503 and 504, the application's own too.
 */
export const failuresInRow = 5
/** Left out for so long the first time, twice as long each further time. */
export const ejectedMsMin = 10_000
export const ejectedMsMax = 120_000
/** No more than this part of the ready pods is left out at once (one, where that is less), and never the last. */
export const ejectedShareMax = 1 / 3

export interface PodRecord {
  /** In a row. */
  failures: number
  /** Ejections since it last served as many in a row as would have ejected it. */
  ejections: number
  /** Served in a row since the last ejection; counted only as far as it matters. */
  served: number
}

/** Call for each end of a request in the pod. */
export function noteOutcome(record: PodRecord, failed: boolean): void {
  if (failed) {
    record.failures++
    record.served = 0
    return
  }
  record.failures = 0
  if (record.ejections > 0 && ++record.served >= failuresInRow) record.ejections = 0
}

/** For how long the pod is to be left out now, 0 if not. `ready` counts the ejected ones too. */
export function ejectionMs(record: PodRecord, ready: number, ejected: number): number {
  if (record.failures < failuresInRow) return 0
  const most = Math.min(ready - 1, Math.max(1, Math.floor(ready * ejectedShareMax)))
  if (ejected >= most) return 0
  return Math.min(ejectedMsMax, ejectedMsMin * 2 ** record.ejections)
}
