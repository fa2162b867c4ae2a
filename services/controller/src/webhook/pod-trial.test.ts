import type { AnyObject } from "@wick/sdk/api/kind"
import { describe, expect, it } from "vitest"
import { type Asked, defaulted, meta, refusal, serviceOf } from "../testing/review.ts"

const key = "features.knative.dev/podspec-dryrun"
const flag = (state: string) => ({ "config-features": { "kubernetes.podspec-dryrun": state } })

/** The pods that are tried out when an object is judged. */
async function tried(asked: Asked, kind = "Service"): Promise<AnyObject[]> {
  const pods: AnyObject[] = []
  const tryPod = async (pod: AnyObject) => {
    pods.push(pod)
    return undefined
  }
  await refusal(kind, { ...asked, tryPod })
  return pods
}
const asking = async () => {
  const object = await defaulted("Service", { object: serviceOf({}) })
  return { ...object, metadata: { ...(object.metadata as object), annotations: { [key]: "enabled" } } }
}

describe("a pod is tried out", () => {
  it.each([
    ["for a dry run", "Allowed", { dryRun: true }, 1],
    ["for nobody who does not ask", "Allowed", {}, 0],
    ["for everybody, where the operators say so", "Enabled", {}, 1],
    ["for nobody, where they say so", "Disabled", { dryRun: true }, 0],
  ])("%s", async (_, state, more, count) => {
    const object = await defaulted("Service", { object: serviceOf({}) })
    expect(await tried({ object, config: flag(state), ...more })).toHaveLength(count)
  })

  it("for who asks by annotation, as it would run", async () => {
    const [pod] = await tried({ object: await asking() })
    expect(pod).toMatchObject({
      kind: "Pod",
      metadata: { generateName: "dry-run-validation-", namespace: "default" },
      spec: {
        terminationGracePeriodSeconds: 300,
        containers: [{ name: "user-container", image: "registry.test/hello" }],
      },
    })
  })

  it("not again for what is made of a service, nor while a template stays as it is, nor when it is going", async () => {
    const object = await asking()
    const ownerReferences = [{ apiVersion: "serving.knative.dev/v1", kind: "Service", name: "hello", uid: "1" }]
    const owned = { ...object, metadata: { ...meta, ownerReferences } }
    expect(await tried({ object: owned, dryRun: true }, "Configuration")).toEqual([])
    expect(await tried({ object, before: object })).toEqual([])
    expect(await tried({ object, before: object, operation: "DELETE" })).toEqual([])
  })

  it("not when the service is refused anyway", async () => {
    expect(await tried({ object: serviceOf({ image: "" }), dryRun: true })).toEqual([])
  })
})

it("a service whose pod is refused is refused, with what was said of the pod", async () => {
  const tryPod = async () => 'pods "x" is forbidden: violates PodSecurity'
  expect(await refusal("Service", { object: await asking(), tryPod })).toBe(
    'validation callback failed: dry run failed with pods "x" is forbidden: violates PodSecurity: spec.template',
  )
})
