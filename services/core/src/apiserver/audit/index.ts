/**
 * The audit log: who asked for what over the network, when, and with what answer, by a policy of Kubernetes' form. Off
 * the path of requests: an event is put into a bounded queue, and the disk is nobody's to wait for.
 */
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { readSecretFile } from "#pki"
import type { Guarded } from "../security.ts"
import { audited } from "./audited.ts"
import { openAuditLogFile } from "./log-file.ts"
import { type AuditPolicy, checkPolicy, defaultPolicy, type Level, levels as levelNames } from "./policy.ts"

export interface Audit extends AsyncDisposable {
  /** `server`, with its requests written down. */
  over(server: Guarded): Guarded
}

export interface AuditLogOptions {
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** Keeps the log in `directory`, by the policy in `policy.json` or `policy.yaml` there, or else by the default one. */
export async function openAudit(options: AuditLogOptions): Promise<Audit> {
  const { directory, clock, metrics } = options
  const policy = await readPolicy(directory)
  const events = metrics.counter("apiserver_audit_event_total", "Audit events that were made.").with({})
  const levels = metrics.counter("apiserver_audit_level_total", "Requests, by how much of them is written down.")
  const levelCells = new Map(levelNames.map((level) => [level, levels.with({ level })]))
  const errors = metrics.counter("apiserver_audit_error_total", "Audit events that were lost, by what lost them.")
  const lost = errors.with({ plugin: "log" })
  const file = await openAuditLogFile({ ...options, onLost: (count) => lost.add(count) })
  const write = (event: object): void => {
    events.add()
    file.write(event)
  }
  const judged = (level: Level): void => levelCells.get(level)?.add()
  return {
    over: (server) => audited(server, { policy, clock, id: randomUUID, write, judged }),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  }
}

async function readPolicy(directory: string): Promise<AuditPolicy> {
  const json = await readSecretFile(join(directory, "policy.json"))
  const text = json ?? (await readSecretFile(join(directory, "policy.yaml")))
  if (text === undefined) return defaultPolicy
  const policy = (await import("yaml")).parse(text) as AuditPolicy
  checkPolicy(policy)
  return policy
}
