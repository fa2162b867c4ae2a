/**
 * The audit log: who asked for what over the network, when, and with what answer, by a policy of Kubernetes' form. Off
 * the path of requests: an event is put into a bounded queue, and the disk is nobody's to wait for.
 */
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { readSecretFile } from "#pki"
import type { Guarded } from "../security.ts"
import { audited } from "./audited.ts"
import { openAuditLogFile } from "./log-file.ts"
import { type AuditPolicy, checkPolicy, defaultPolicy } from "./policy.ts"

export interface Audit extends AsyncDisposable {
  /** `server`, with its requests written down. */
  over(server: Guarded): Guarded
}

/** Keeps the log in `directory`, by the policy in `policy.json` or `policy.yaml` there, or else by the default one. */
export async function openAudit(options: { directory: string; clock: Clock; log: Log }): Promise<Audit> {
  const { directory, clock } = options
  const policy = await readPolicy(directory)
  const file = await openAuditLogFile(options)
  return {
    over: (server) => audited(server, { policy, clock, id: randomUUID, write: (event) => file.write(event) }),
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
