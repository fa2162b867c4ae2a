import type { AnyObject } from "../kind.ts"
import { formatQuantity, parseQuantity, type Quantity, type QuantityFormat, readQuantity } from "../meta/quantity.ts"
import type { Pod } from "./pod.ts"
import { podAmounts } from "./pod-resources.ts"
import { isInScope } from "./quota-scope.ts"
import type { ResourceQuota } from "./resource-quota.ts"
import type { ResourceList } from "./resources.ts"

/** What quotas count: pure, so that admission (which charges) and the controller (which counts anew) agree. */
export interface CountedResource {
  readonly group: string
  readonly plural: string
}

/** Amounts in billionths, by name as a quota names them. */
export type Usage = Map<string, { readonly nanos: bigint; readonly format: QuantityFormat }>

const one = { nanos: 1_000_000_000n, format: "decimal" as const }
/** Resources that a quota may name without `count/`. */
const plainlyCounted = ["services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"]
const claims = "persistentvolumeclaims"

export function isPlainlyCounted(name: string): boolean {
  return plainlyCounted.includes(name)
}

/** What one object uses. */
export function usageOf({ group, plural }: CountedResource, object: AnyObject): Usage {
  const usage: Usage = new Map([[`count/${plural}${group === "" ? "" : `.${group}`}`, one]])
  if (group !== "") return usage
  if (plainlyCounted.includes(plural)) usage.set(plural, one)
  if (plural === "pods") podUsage(usage, object as unknown as Pod)
  if (plural === "services") serviceUsage(usage, object)
  if (plural === claims) claimUsage(usage, object)
  return usage
}

function podUsage(usage: Usage, pod: Pod): void {
  // What has ended uses nothing, though it is still an object.
  if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return
  usage.set("pods", one)
  for (const [name, amount] of podAmounts(pod, "requests")) {
    if (isCompute(name)) usage.set(name, amount)
    usage.set(`requests.${name}`, amount)
  }
  for (const [name, amount] of podAmounts(pod, "limits")) usage.set(`limits.${name}`, amount)
}

function isCompute(name: string): boolean {
  return name === "cpu" || name === "memory" || name === "ephemeral-storage" || name.startsWith("hugepages-")
}

interface ServiceView {
  readonly type?: string
  readonly ports?: readonly { readonly nodePort?: number }[]
  readonly allocateLoadBalancerNodePorts?: boolean
}

function serviceUsage(usage: Usage, object: AnyObject): void {
  const { type, ports = [], allocateLoadBalancerNodePorts } = (object.spec ?? {}) as ServiceView
  const balanced = type === "LoadBalancer"
  const taken =
    balanced && allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => Boolean(nodePort)) : ports
  const nodePorts = balanced || type === "NodePort" ? BigInt(taken.length) : 0n
  usage.set("services.nodeports", { ...one, nanos: nodePorts * one.nanos })
  usage.set("services.loadbalancers", { ...one, nanos: balanced ? one.nanos : 0n })
}

function claimUsage(usage: Usage, object: AnyObject): void {
  const { storageClassName, resources } = (object.spec ?? {}) as {
    storageClassName?: string
    resources?: { requests?: ResourceList }
  }
  const annotated = object.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"]
  const ofClass = `${annotated ?? storageClassName ?? ""}.storageclass.storage.k8s.io/`
  const storage = resources?.requests?.storage
  usage.set(claims, one)
  usage.set(ofClass + claims, one)
  if (storage === undefined) return
  const amount = { nanos: parseQuantity(storage), format: formatOf(storage) }
  usage.set("requests.storage", amount)
  usage.set(`${ofClass}requests.storage`, amount)
}

/** What a quota counts of these objects: `used`, with every name that it bounds. */
export function usedOf(
  quota: ResourceQuota,
  objects: Iterable<{ readonly resource: CountedResource; readonly object: AnyObject }>,
): Record<string, string> {
  const hard = quota.spec?.hard ?? {}
  const total = new Map<string, { nanos: bigint; format: QuantityFormat }>()
  for (const { resource, object } of objects) {
    if (!isInScope(quota, resource.plural, object)) continue
    for (const [name, { nanos, format }] of usageOf(resource, object)) {
      if (!Object.hasOwn(hard, name)) continue
      const before = total.get(name)
      total.set(name, { nanos: (before?.nanos ?? 0n) + nanos, format: before?.format ?? format })
    }
  }
  return Object.fromEntries(
    Object.entries(hard).map(([name, bound]) => {
      const amount = total.get(name)
      return [name, formatQuantity(amount?.nanos ?? 0n, amount?.format ?? formatOf(bound))]
    }),
  )
}

function formatOf(quantity: Quantity): QuantityFormat {
  return readQuantity(quantity)?.format ?? "decimal"
}
