/**
 * ResourceQuota: what a namespace may use in all. A write is charged before it is stored, by a transaction that holds
 * only if no quota of the namespace has changed since it was read: of many writes at once no more than fit come through,
 * whichever member of the cluster they come in at. What is freed is counted anew by the quota controller.
 */
import type { ResourceQuota } from "@wick/sdk/api/core/resource-quota"
import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { type Operation, prefixEnd, type Storage } from "#store"
import { decodeJson } from "../../mirror.ts"
import { encodeStored } from "../../object-bytes.ts"
import { forbidden } from "../forbidden.ts"
import type { NamespaceIndex } from "../namespace-index.ts"
import type { AdmissionAttributes, AdmissionStep } from "../step.ts"
import { type Counted, charge } from "./charge.ts"

/** Other members of the cluster may charge the same quotas; writes of this one take turns. */
const triesMax = 10

export function createQuotaAdmission(storage: Storage, quotas: NamespaceIndex<ResourceQuota>): AdmissionStep {
  const turns = new Turns()
  return {
    name: "ResourceQuota",
    validate: async (attributes) => {
      const counted = countedOf(attributes)
      const { namespace } = attributes
      if (counted === undefined || quotas.of(namespace).length === 0) return
      await turns.take(namespace, () => chargeAll(storage, attributes, counted))
    },
  }
}

/** What is deleted frees; of the parts of an object only the size of a pod's containers takes anything by itself. */
function countedOf(attributes: AdmissionAttributes): Counted | undefined {
  const { operation, group, resource, subresource, namespace, object, oldObject } = attributes
  const isResize = resource === "pods" && subresource === "resize"
  if (namespace === "" || (subresource !== "" && !isResize) || object === undefined) return undefined
  if (operation !== "CREATE" && operation !== "UPDATE") return undefined
  if (resource === "namespaces" && group === "") return undefined
  return { resource: { group, plural: resource }, object, oldObject: operation === "UPDATE" ? oldObject : undefined }
}

async function chargeAll(storage: Storage, attributes: AdmissionAttributes, counted: Counted): Promise<void> {
  const prefix = `/registry/core/resourcequotas/${attributes.namespace}/`
  for (let attempt = 1; attempt <= triesMax; attempt++) {
    const { kvs } = await storage.range({ key: prefix, end: prefixEnd(prefix) })
    const success: Operation[] = []
    const charged = kvs.filter(({ key, value }) => {
      const judgement = charge(decodeJson<ResourceQuota>(value), counted)
      if (judgement.kind === "refused") throw forbidden(attributes, judgement.why)
      if (judgement.kind === "charged")
        success.push({ kind: "put", key, value: encodeStored(judgement.quota as unknown as AnyObject) })
      return judgement.kind === "charged"
    })
    if (success.length === 0 || attributes.dryRun) return
    const compare = charged.map(
      ({ key, modRevision }) => ({ key, target: "mod", op: "=", value: modRevision }) as const,
    )
    if ((await storage.txn({ compare, success, failure: [] })).succeeded) return
  }
  const message = `the quotas of namespace "${attributes.namespace}" change too fast to be charged; please try again`
  throw new StatusError("Conflict", message, { causes: [{ message }] })
}

/** One after the other per namespace: they would only make each other read again. */
class Turns {
  readonly #last = new Map<string, Promise<void>>()

  async take(namespace: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#last.get(namespace) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => {})
    this.#last.set(namespace, settled)
    try {
      await turn
    } finally {
      if (this.#last.get(namespace) === settled) this.#last.delete(namespace)
    }
  }
}
