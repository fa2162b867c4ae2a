import type { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { describe, expect, it } from "vitest"
import { decide, type OwnVersion } from "./local-services.ts"

const apps: OwnVersion = { group: "apps", version: "v1", custom: false }
const metrics: OwnVersion = { group: "metrics.k8s.io", version: "v1beta1", custom: false }

function registered(own: OwnVersion, spec: object = {}, labels?: object): APIService {
  const [step] = decide([own], [])
  if (step?.kind !== "create") throw new Error("nothing to create")
  const { metadata } = step.object
  return {
    ...step.object,
    metadata: { ...metadata, ...(labels && { labels }) },
    spec: { ...step.object.spec, ...spec },
  } as APIService
}
const service = { service: { namespace: "kube-system", name: "metrics-server" } }

describe("a version that this server answers for itself", () => {
  it.each([
    ["is registered once", [apps], [], ["create"]],
    ["is left as it is", [apps], [registered(apps)], []],
    ["gets its place back", [apps], [registered(apps, { versionPriority: 3 })], ["update"]],
    ["cannot be taken away", [apps], [registered(apps, service)], ["update"]],
    ["is its owner's when the label is gone", [apps], [registered(apps, service, {})], []],
    ["is registered no more when it is gone", [], [registered({ ...apps, custom: true })], ["delete"]],
    ["that another may bring is left to whoever does", [metrics], [registered(metrics, service)], []],
    ["is back when that one goes", [metrics], [], ["create"]],
  ] as const)("%s", (_, own, found, kinds) => {
    expect(decide(own, found).map(({ kind }) => kind)).toEqual(kinds)
  })
})
