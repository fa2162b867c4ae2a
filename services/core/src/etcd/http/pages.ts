import { createMetrics, type Metrics } from "@wick/sdk/metrics"
import { alarmType } from "#etcd-wire"
import { etcdVersion } from "../maintenance-service.ts"
import type { Parts } from "../service.ts"

export interface Page {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

const json = "application/json"
const plain = "text/plain; charset=utf-8"
const noSpace = "NOSPACE"
const corrupt = "CORRUPT"

/** What etcd answers over plain HTTP at the port of its API: whether it is well, which release it is, its figures. */
export class Pages {
  readonly #parts: Parts
  #metrics: Metrics | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `path` with its query. */
  async read(method: string, path: string): Promise<Page> {
    const { pathname, searchParams } = new URL(path, "http://etcd")
    if (!["/health", "/version", "/metrics"].includes(pathname)) {
      return { status: 404, contentType: plain, body: "404 page not found\n" }
    }
    if (method !== "GET" && method !== "HEAD") {
      return { status: 405, contentType: plain, body: "Method Not Allowed\n" }
    }
    if (pathname === "/version") {
      const etcdcluster = `${etcdVersion.split(".").slice(0, 2).join(".")}.0`
      return { status: 200, contentType: json, body: JSON.stringify({ etcdserver: etcdVersion, etcdcluster }) }
    }
    if (pathname === "/health") return this.#health(searchParams)
    this.#metrics ??= metricsOf(this.#parts)
    return { status: 200, contentType: this.#metrics.contentType, body: await this.#metrics.text() }
  }

  async #health(query: URLSearchParams): Promise<Page> {
    const reason = await this.#illness(query)
    const body = JSON.stringify({ health: String(reason === ""), reason })
    return { status: reason === "" ? 200 : 503, contentType: json, body }
  }

  /** Why it is not well; "" when it is. */
  async #illness(query: URLSearchParams): Promise<string> {
    const { alarms, storage } = this.#parts
    const excluded = query.getAll("exclude")
    for (const [alarm, name] of [
      [alarmType.noSpace, noSpace],
      [alarmType.corrupt, corrupt],
    ] as const) {
      if (alarms.raised().includes(alarm) && !excluded.includes(name)) return `ALARM ${name}`
    }
    if (query.get("serializable") === "true") return ""
    if (storage.cluster.leader() === undefined) return "RAFT NO LEADER"
    return storage.confirmRead().then(
      () => "",
      (error: Error) => `QGET ERROR:${error.message}`,
    )
  }
}

/** The figures by which dashboards and alerts made for etcd know a member, under etcd's names. */
function metricsOf({ storage }: Parts): Metrics {
  const metrics = createMetrics()
  const of = (name: string, help: string, read: () => number): (() => void) =>
    metrics.observed(`etcd_${name}`, help, read)
  const { cluster } = storage
  const status = () => storage.status()
  of("server_has_leader", "Whether a leader exists: 1 or 0", () => (cluster.leader() === undefined ? 0 : 1))
  of("server_is_leader", "Whether this member leads: 1 or 0", () => (cluster.leader() === cluster.self ? 1 : 0))
  of("server_is_learner", "Whether this member has no vote: 1 or 0", () =>
    cluster.members().some(({ id, learner }) => learner && id === cluster.self) ? 1 : 0,
  )
  of("server_proposals_committed_total", "Position of the log", () => status().index)
  of("server_proposals_applied_total", "Position up to which the log is applied", () => status().appliedIndex)
  of("mvcc_db_total_size_in_bytes", "Bytes of the state on disk", () => storage.sizes().size)
  of("mvcc_db_total_size_in_use_in_bytes", "Bytes of it that hold something", () => storage.sizes().sizeInUse)
  of("debugging_mvcc_keys_total", "Keys, with deleted ones not yet compacted", () => status().keys)
  of("debugging_mvcc_current_revision", "Revision of the store", () => storage.currentRevision())
  of("debugging_mvcc_compact_revision", "Oldest revision that can be read", () => status().compactRevision)
  const version = [{ labels: { server_version: etcdVersion }, value: 1 }]
  metrics.observed("etcd_server_version", "Release of etcd whose API this is", () => version)
  return metrics
}
