import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import type { Strategy } from "./strategy.ts"

interface PodView {
  spec: {
    nodeName?: string
    terminationGracePeriodSeconds?: number
    containers: { name: string; image?: string; resources?: Resources; volumeMounts?: { name: string }[] }[]
    initContainers?: { name: string; image?: string; resources?: Resources; volumeMounts?: { name: string }[] }[]
    volumes?: { name: string }[]
    tolerations?: object[]
  }
  status?: { phase?: string; qosClass?: string }
}

interface Resources {
  requests?: Record<string, unknown>
  limits?: Record<string, unknown>
}

const graceSecondsDefault = 30

export const pods: Strategy = {
  prepareCreate(object) {
    const pod = object as unknown as PodView
    for (const container of containersOf(pod)) requestLimits(container)
    pod.status = { phase: "Pending", qosClass: qosClass(pod) }
  },
  validate(object, old) {
    const pod = object as unknown as PodView
    return [...nameMistakes(pod), ...mountMistakes(pod), ...(old ? immutable(pod, old as unknown as PodView) : [])]
  },
  graceSeconds(object, asked) {
    const { spec, status } = object as unknown as PodView
    const ended = status?.phase === "Succeeded" || status?.phase === "Failed"
    if (!spec.nodeName || ended) return 0
    return asked ?? spec.terminationGracePeriodSeconds ?? graceSecondsDefault
  },
}

function containersOf({ spec }: PodView): PodView["spec"]["containers"] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
}

/** A limit without a request is a request of the same. */
function requestLimits({ resources }: { resources?: Resources }): void {
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests }
}

function qosClass(pod: PodView): string {
  const all = containersOf(pod).map(({ resources }) => resources ?? {})
  const some = all.some(({ requests, limits }) => Object.keys({ ...requests, ...limits }).length > 0)
  if (!some) return "BestEffort"
  const guaranteed = all.every(({ requests = {}, limits = {} }) =>
    ["cpu", "memory"].every((name) => limits[name] !== undefined && String(limits[name]) === String(requests[name])),
  )
  return guaranteed ? "Guaranteed" : "Burstable"
}

function nameMistakes(pod: PodView): FieldError[] {
  const seen = new Set<string>()
  return (pod.spec.containers ?? []).flatMap(({ name }, index): FieldError[] => {
    const field = `spec.containers[${index}].name`
    if (seen.has(name)) return [{ type: "Duplicate", field, value: name, detail: "" }]
    seen.add(name)
    return []
  })
}

function mountMistakes(pod: PodView): FieldError[] {
  const volumes = new Set((pod.spec.volumes ?? []).map(({ name }) => name))
  return (pod.spec.containers ?? []).flatMap(({ volumeMounts = [] }, at) =>
    volumeMounts.flatMap(({ name }, index): FieldError[] => {
      const field = `spec.containers[${at}].volumeMounts[${index}].name`
      return volumes.has(name) ? [] : [{ type: "NotFound", field, value: name, detail: "" }]
    }),
  )
}

/** What of a pod's spec may change: images, added tolerations, a shorter grace, its node once (through binding). */
function immutable(pod: PodView, old: PodView): FieldError[] {
  const bare = ({ spec }: PodView): object => {
    const { nodeName: _n, tolerations: _t, terminationGracePeriodSeconds: _g, ...rest } = spec
    const images = (list: PodView["spec"]["containers"] = []): object[] =>
      list.map(({ image: _i, ...container }) => container)
    return { ...rest, containers: images(spec.containers), initContainers: images(spec.initContainers) }
  }
  const moved = old.spec.nodeName !== undefined && pod.spec.nodeName !== old.spec.nodeName
  if (!moved && jsonEqual(normal(bare(pod)), normal(bare(old)))) return []
  const detail =
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
  return [{ type: "Forbidden", field: "spec", detail }]
}

/** Without absent fields, which JSON does not know. */
function normal(value: object): unknown {
  return JSON.parse(JSON.stringify(value))
}
