import type { Pod } from "@wick/sdk/api/core/pod"
import type { Toleration } from "@wick/sdk/api/core/scheduling"
import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Storage } from "#store"
import type { AdmissionStep } from "./step.ts"
import { readClass, readClasses } from "./stored-object.ts"

type PodSpec = Pod["spec"]

/** How important pods of a class are. */
export interface PriorityClass {
  readonly metadata?: { readonly name?: string }
  /** Whether pods that name no class are of this one. */
  readonly globalDefault?: boolean
  readonly value: number
  readonly preemptionPolicy?: PodSpec["preemptionPolicy"]
}

const classes = "scheduling.k8s.io/priorityclasses"
const ordinary: PriorityClass = { value: 0 }

/** How long a pod stays on a node that does not answer before it is made anew elsewhere. */
const absenceSeconds = 300
const absences = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]

/** Gives a new pod the number of its priority class, and patience with nodes that are away. */
export function createPodDefaults(storage: Storage): AdmissionStep {
  return {
    name: "PodDefaults",
    mutate: async ({ operation, group, resource, subresource, object, name }) => {
      if (operation !== "CREATE" || group !== "" || resource !== "pods" || subresource !== "") return object
      const pod = object as unknown as Pod
      const { priorityClassName } = pod.spec
      const found = priorityClassName
        ? await readClass<PriorityClass>(storage, classes, priorityClassName)
        : await defaultClass(storage)
      if (found === undefined) throw forbidden(name, `no PriorityClass with name ${priorityClassName} was found`)
      const { priority } = pod.spec
      if (priority !== undefined && priority !== found.value) {
        const why = `the integer value of priority (${priority}) must not be provided in pod spec; priority admission controller computed ${found.value} from the given PriorityClass name`
        throw forbidden(name, why)
      }
      return { ...pod, spec: withPatience(withPriority(pod.spec, found)) } as unknown as AnyObject
    },
  }
}

/** Of several defaults the least important counts. */
async function defaultClass(storage: Storage): Promise<PriorityClass> {
  const defaults = (await readClasses<PriorityClass>(storage, classes)).filter(({ globalDefault }) => globalDefault)
  return defaults.sort((one, other) => one.value - other.value)[0] ?? ordinary
}

function withPriority(spec: PodSpec, found: PriorityClass): PodSpec {
  const { value, preemptionPolicy = "PreemptLowerPriority", metadata } = found
  const named = spec.priorityClassName || metadata?.name
  return {
    ...spec,
    ...(named && { priorityClassName: named }),
    priority: value,
    preemptionPolicy: spec.preemptionPolicy ?? preemptionPolicy,
  }
}

/** Pure: tolerates for a while that its node is away, unless it says itself how it takes that. */
export function withPatience(spec: PodSpec): PodSpec {
  const tolerations = spec.tolerations ?? []
  const missing = absences.filter((key) => !tolerations.some((toleration) => speaksOf(toleration, key)))
  if (missing.length === 0) return spec
  const added = missing.map((key) => ({
    key,
    operator: "Exists" as const,
    effect: "NoExecute" as const,
    tolerationSeconds: absenceSeconds,
  }))
  return { ...spec, tolerations: [...tolerations, ...added] }
}

function speaksOf({ key, effect, operator }: Toleration, taint: string): boolean {
  const ofEffect = effect === undefined || effect === "NoExecute"
  return ofEffect && (key === taint || ((key === undefined || key === "") && operator === "Exists"))
}

function forbidden(name: string, why: string): StatusError {
  return new StatusError("Forbidden", `pods "${name}" is forbidden: ${why}`, { name, kind: "pods" })
}
