import type { Pod } from "@wick/sdk/api/core/pod"
import type { AnyObject } from "@wick/sdk/api/kind"
import { matches } from "@wick/sdk/api/meta/label-selector"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { PodDisruptionBudget } from "@wick/sdk/api/policy/pod-disruption-budget"
import { decodeBody } from "../decode-body.ts"
import { parseObject } from "../object-bytes.ts"
import { type RequestContext, timestamp } from "../request-context.ts"
import { jsonResponse } from "../respond.ts"
import { deleteObject, triedOnly } from "../verbs/delete.ts"
import { modify } from "../verbs/update.ts"

/** Evictions that may be under way at once: a controller forgets them when the pods have gone. */
const disruptedPodsMax = 2_000
/** Seconds after which a client asks again about a budget that nobody has counted yet. */
const retryAfterSeconds = 10

/** `pods/eviction`: a deletion that the pod's disruption budget may refuse. */
export async function evictPod(context: RequestContext): Promise<Response> {
  const { server, resource, info } = context
  const body = (await decodeBody(context.request)) as { deleteOptions?: { dryRun?: string[] } } | undefined
  const pod = parseObject((await server.store.get(resource, info.namespace, info.name)).bytes) as unknown as Pod
  if (!isOver(pod)) await spend(triedOnly(context, body?.deleteOptions ?? {}), pod)
  const request = new Request(context.request.url, {
    method: "DELETE",
    body: JSON.stringify(body?.deleteOptions ?? {}),
    headers: { "content-type": "application/json" },
  })
  await deleteObject({ ...context, request, info: { ...info, subresource: "" } })
  return jsonResponse({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }, 201)
}

/** A pod that serves nobody, or goes already, costs no budget. */
function isOver({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined || ["Succeeded", "Failed", "Pending"].includes(status?.phase ?? "")
}

/** Takes one disruption from the pod's budget; throws when there is none left. */
async function spend(context: RequestContext, pod: Pod): Promise<void> {
  const budgets = await budgetsOf(context, pod)
  const [budget] = budgets
  if (!budget) return
  if (budgets.length > 1) {
    const text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    throw new StatusError("InternalError", text)
  }
  if (isUnguarded(budget, pod)) return
  const { server, info } = context
  const { group, version, plural } = PodDisruptionBudget
  const resource = server.registry.find(group, version, plural)
  if (!resource) return
  const { name } = budget.metadata
  const own = { ...info, group, version, resource: plural, subresource: "status", name }
  await modify({ ...context, resource, info: own, door: "eviction" }, (live) => {
    const left = live as unknown as PodDisruptionBudget
    refuseSpent(left)
    const { disruptionsAllowed = 0, disruptedPods } = left.status ?? {}
    const status = {
      ...left.status,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disruptedPods, [pod.metadata.name]: timestamp(server) },
    }
    return { ...live, status } as AnyObject
  })
}

async function budgetsOf({ server, info }: RequestContext, pod: Pod): Promise<PodDisruptionBudget[]> {
  const { group, version, plural } = PodDisruptionBudget
  const resource = server.registry.find(group, version, plural)
  if (!resource) return []
  const cache = server.store.cache(resource)
  await cache.fresh()
  const budgets = cache.list(info.namespace).map(({ bytes }) => parseObject(bytes) as unknown as PodDisruptionBudget)
  const labels = pod.metadata.labels ?? {}
  return budgets.filter(({ spec }) => spec.selector !== undefined && matches(spec.selector, labels))
}

/** A pod that runs and is not ready is no loss: always where the budget says so, else while the others suffice. */
function isUnguarded({ spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  const ready = pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True")
  if (ready) return false
  if (spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

function refuseSpent({ metadata, status }: PodDisruptionBudget): void {
  const { name, generation = 0 } = metadata
  if ((status?.observedGeneration ?? 0) < generation) {
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`, retryAfterSeconds)
  }
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, disruptedPods = {} } = status ?? {}
  if (Object.keys(disruptedPods).length > disruptedPodsMax) {
    const text = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
    throw new StatusError("Forbidden", `poddisruptionbudgets.policy "${name}" is forbidden: ${text}`)
  }
  if (disruptionsAllowed > 0) return
  throw tooMany(
    `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
  )
}

function tooMany(message: string, seconds?: number): StatusError {
  return new StatusError("TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: "DisruptionBudget", message }],
    ...(seconds !== undefined && { retryAfterSeconds: seconds }),
  })
}
