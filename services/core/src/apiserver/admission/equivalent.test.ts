import { setImmediate } from "node:timers/promises"
import type { AnyObject } from "@wick/sdk/api/kind"
import { systemClock } from "@wick/sdk/clock"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { audited } from "../audit/audited.ts"
import { type SecureTestApi, startSecureTestApi } from "../testing/start-secure.ts"

type Answer = AnyObject & { message?: string }
interface Noted {
  readonly verb: string
  readonly annotations?: Readonly<Record<string, string>>
}

let api: SecureTestApi
const events: Noted[] = []

beforeAll(async () => {
  api = await startSecureTestApi()
  const group = "shapes.test"
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }
  await send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: { name: `boxes.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "boxes", singular: "box", kind: "Box" },
      versions: ["v1", "v2"].map((name) => ({ name, served: true, storage: name === "v1", schema })),
    },
  })
})
afterAll(() => api[Symbol.asyncDispose]())

const policies = "/apis/admissionregistration.k8s.io/v1"

async function send(method: string, path: string, body?: unknown): Promise<Answer> {
  const init = { method, ...(body !== undefined && { body: JSON.stringify(body) }) }
  const request = new Request(`http://x${path}`, { ...init, headers: { "content-type": "application/json" } })
  const options = {
    policy: {
      apiVersion: "audit.k8s.io/v1",
      kind: "Policy",
      rules: [{ level: "Metadata" }],
      omitStages: ["RequestReceived"],
    },
    clock: systemClock,
    id: () => "1",
    write: (event: object) => events.push(event as Noted),
  } as const
  const response = await audited(api.server, options).handle(request, { name: "admin", groups: ["system:masters"] })
  return (await response.json()) as Answer
}

async function enforce(kind: string, resource: [group: string, version: string, plural: string], spec: object) {
  const [group, version, plural] = resource
  const rule = { apiGroups: [group], apiVersions: [version], operations: ["CREATE"], resources: [plural] }
  const { matchPolicy, actions = ["Deny"], ...rest } = spec as { matchPolicy?: string; actions?: string[] }
  const matchConstraints = { resourceRules: [rule], ...(matchPolicy && { matchPolicy }) }
  const at = `${policies}/${kind}admissionpolic`
  const made = await send("POST", `${at}ies`, { metadata: { name: "demo" }, spec: { matchConstraints, ...rest } })
  expect(made.message).toBeUndefined()
  const binding = { policyName: "demo", ...(kind === "validating" && { validationActions: actions }) }
  await send("POST", `${at}ybindings`, { metadata: { name: "demo" }, spec: binding })
  await setImmediate()
}

afterEach(async () => {
  for (const kind of ["validating", "mutating"]) {
    await send("DELETE", `${policies}/${kind}admissionpolicybindings/demo`)
    await send("DELETE", `${policies}/${kind}admissionpolicies/demo`)
  }
  await setImmediate()
})

const autoscaler = (version: string, spec: object): Promise<Answer> =>
  send("POST", `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers?dryRun=All`, {
    metadata: { name: "web" },
    spec: { scaleTargetRef: { kind: "Deployment", name: "web" }, maxReplicas: 3, ...spec },
  })
const byMemory = {
  metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 95 } } }],
}
const box = (version: string): Promise<Answer> =>
  send("POST", `/apis/shapes.test/${version}/namespaces/default/boxes?dryRun=All`, { metadata: { name: "b" } })
const v1Autoscalers: [string, string, string] = ["autoscaling", "v1", "horizontalpodautoscalers"]

describe("a policy that names one version of a resource", () => {
  it("sees what somebody writes in another as that version, and what was asked for beside it", async () => {
    const validations = [
      {
        expression: "object.spec.targetCPUUtilizationPercentage < 90",
        messageExpression: "request.requestKind.version",
      },
    ]
    await enforce("validating", v1Autoscalers, { validations })
    expect((await autoscaler("v2", byMemory)).message).toMatch(/denied request: v2$/)
    expect((await autoscaler("v1", { targetCPUUtilizationPercentage: 95 })).message).toMatch(/denied request: v1$/)
    expect((await autoscaler("v1", { targetCPUUtilizationPercentage: 50 })).message).toBeUndefined()
  })

  it("is not asked of others when it wants to be exact", async () => {
    const validations = [{ expression: "false" }]
    await enforce("validating", v1Autoscalers, { validations, matchPolicy: "Exact" })
    expect((await autoscaler("v2", byMemory)).message).toBeUndefined()
    expect((await autoscaler("v1", {})).message).toContain("failed expression: false")
  })

  it("changes what somebody writes in another, which comes out in the version that was asked for", async () => {
    const expression = "Object{spec: Object.spec{targetCPUUtilizationPercentage: 40}}"
    const mutations = [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }]
    await enforce("mutating", v1Autoscalers, { mutations, reinvocationPolicy: "Never" })
    expect(await autoscaler("v2", byMemory)).toMatchObject({
      apiVersion: "autoscaling/v2",
      spec: { metrics: [{ resource: { target: { averageUtilization: 40 } } }] },
    })
  })

  it("is asked of every version of a custom resource", async () => {
    const validations = [{ expression: "object.apiVersion == 'shapes.test/v2' && request.requestKind.version == 'v2'" }]
    await enforce("validating", ["shapes.test", "v2", "boxes"], { validations })
    expect((await box("v2")).message).toBeUndefined()
    expect((await box("v1")).message).toContain("denied request")
  })
})

describe("the record of a request", () => {
  it("says why it was allowed, and what policies note of it", async () => {
    const spec = {
      validations: [{ expression: "false", message: "not today" }],
      auditAnnotations: [{ key: "box", valueExpression: "'is ' + object.metadata.name" }],
    }
    await enforce("validating", ["shapes.test", "v1", "boxes"], { ...spec, actions: ["Audit"] })
    expect((await box("v1")).message).toBeUndefined()
    const annotations = events.at(-1)?.annotations
    expect(annotations).toMatchObject({ "authorization.k8s.io/decision": "allow", "demo/box": "is b" })
    expect(JSON.parse(annotations?.["validation.policy.admission.k8s.io/validation_failure"] ?? "")).toEqual([
      { message: "not today", policy: "demo", binding: "demo", expressionIndex: 0, validationActions: ["Audit"] },
    ])
  })
})
