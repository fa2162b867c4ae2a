import type { LimitRange, LimitRangeItem } from "@wick/sdk/api/core/limit-range"
import type { Pod } from "@wick/sdk/api/core/pod"
import { describe, expect, it } from "vitest"
import type { AdmissionAttributes } from "../step.ts"
import { createLimitRanger } from "./index.ts"

const range = (...limits: LimitRangeItem[]): LimitRange =>
  ({ metadata: { name: "r", namespace: "shop" }, spec: { limits } }) as unknown as LimitRange

function ranger(limits: LimitRange): ReturnType<typeof createLimitRanger> {
  const of = (namespace: string): LimitRange[] => (namespace === "shop" ? [limits] : [])
  return createLimitRanger({ ready: Promise.resolve(), of, close: () => {} })
}

function creation(spec: object, resource = "pods"): AdmissionAttributes {
  const object = { apiVersion: "v1", kind: "Pod", metadata: { name: "cart" }, spec }
  return {
    operation: "CREATE",
    group: "",
    version: "v1",
    kind: "Pod",
    resource,
    subresource: "",
    namespace: "shop",
    name: "cart",
    object,
    oldObject: undefined,
    user: { name: "jo", groups: [] },
    dryRun: false,
    warn: () => {},
  }
}
const pod = (...resources: object[]): object => ({
  containers: resources.map((each, at) => ({ name: `c${at}`, resources: each })),
})

describe("a limit range", () => {
  it("gives containers what they do not say, and notes it on the pod", () => {
    const step = ranger(
      range({ type: "Container", default: { cpu: "1", memory: "1Gi" }, defaultRequest: { cpu: "100m" } }),
    )
    const spec = pod({}, { limits: { cpu: "2", memory: "2Gi" }, requests: { cpu: "2" } })
    const mutated = step.mutate?.(creation(spec)) as unknown as Pod
    expect(mutated.spec.containers.map(({ resources }) => resources)).toEqual([
      { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "100m" } },
      { limits: { cpu: "2", memory: "2Gi" }, requests: { cpu: "2" } },
    ])
    expect(mutated.metadata.annotations).toEqual({
      "kubernetes.io/limit-ranger":
        "LimitRanger plugin set: cpu request for container c0; cpu, memory limit for container c0",
    })
  })

  it.each<{ text: string; item: LimitRangeItem; spec: object }>([
    {
      text: "maximum cpu usage per Container is 1, but limit is 2",
      item: { type: "Container", max: { cpu: "1" } },
      spec: pod({ limits: { cpu: "2" } }),
    },
    {
      text: "maximum cpu usage per Container is 1.  No limit is specified",
      item: { type: "Container", max: { cpu: "1" } },
      spec: pod({}),
    },
    {
      text: "minimum memory usage per Container is 64Mi, but request is 1Mi",
      item: { type: "Container", min: { memory: "64Mi" } },
      spec: pod({ requests: { memory: "1Mi" } }),
    },
    {
      text: "cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000.",
      item: { type: "Container", maxLimitRequestRatio: { cpu: "2" } },
      spec: pod({ requests: { cpu: "500m" }, limits: { cpu: "2" } }),
    },
    {
      text: "maximum cpu usage per Pod is 3, but limit is 4",
      item: { type: "Pod", max: { cpu: "3" } },
      spec: pod({ limits: { cpu: "2" } }, { limits: { cpu: "2" } }),
    },
  ])("refuses: $text", ({ text, item, spec }) => {
    expect(() => ranger(range(item)).validate?.(creation(spec))).toThrow(`pods "cart" is forbidden: ${text}`)
  })

  it("names every bound that is broken", () => {
    const step = ranger(range({ type: "Container", max: { cpu: "1", memory: "1Mi" } }))
    expect(() => step.validate?.(creation(pod({ limits: { cpu: "2", memory: "2Mi" } })))).toThrow(
      "[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Mi, but limit is 2Mi]",
    )
  })

  it("bounds the size of claims", async () => {
    const step = ranger(range({ type: "PersistentVolumeClaim", max: { storage: "1Gi" } }))
    const claim = (storage: string): AdmissionAttributes =>
      creation({ resources: { requests: { storage } } }, "persistentvolumeclaims")
    expect(() => step.validate?.(claim("2Gi"))).toThrow(
      'persistentvolumeclaims "cart" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi',
    )
    await step.validate?.(claim("1Gi"))
  })

  it("says nothing of other namespaces", async () => {
    const step = ranger(range({ type: "Container", max: { cpu: "1" } }))
    await step.validate?.({ ...creation(pod({ limits: { cpu: "2" } })), namespace: "other" })
  })
})
