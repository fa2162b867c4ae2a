import { builtinKinds } from "@wick/sdk/api"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"

let api: SecureTestApi

beforeAll(async () => {
  api = await startSecureTestApi()
  await send("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
})
afterAll(() => api[Symbol.asyncDispose]())

async function send(method: string, path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" }
  return api.fetch(new Request(`https://x${path}`, { method, headers, body: JSON.stringify(body) }))
}

/** Values in the place of fields that want something else. */
const wrong = fc.oneof(
  fc.constantFrom(null, "", "x", 0, -1, true, [], {}, [null], ["x"], [{}], { "": null }, [[[]]]),
  fc.jsonValue({ maxDepth: 3 }),
)

describe("an object that makes no sense", () => {
  it.each(builtinKinds.map((kind) => ({ kind, title: `${kind.apiVersion} ${kind.kind}` })))(
    "is refused or stored, and never breaks the server: $title",
    async ({ kind }) => {
      const root = kind.group === "" ? "/api/v1" : `/apis/${kind.apiVersion}`
      const path = `${root}/${kind.namespaced ? "namespaces/default/" : ""}${kind.plural}`
      const fields = Object.keys(kind.schema.shape)
      const body = fc.record({
        metadata: fc.oneof(fc.constant({ generateName: "x-" }), wrong),
        ...Object.fromEntries(fields.map((field) => [field, wrong])),
      })
      await fc.assert(
        fc.asyncProperty(body, async (object) => {
          const response = await send("POST", path, object)
          expect(response.status, await response.text()).toBeLessThan(500)
        }),
        { numRuns: 60 },
      )
    },
  )
})

const template = {
  metadata: { labels: { app: "a" } },
  spec: {
    restartPolicy: "Always",
    volumes: [{ name: "v", projected: { sources: [{ secret: { name: "s" } }] } }],
    containers: [
      {
        name: "a",
        image: "a:1",
        ports: [{ containerPort: 80, name: "http" }],
        env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        resources: { requests: { cpu: "1" }, limits: { cpu: "2" } },
        volumeMounts: [{ name: "v", mountPath: "/v" }],
        readinessProbe: { httpGet: { path: "/", port: "http", httpHeaders: [{ name: "A", value: "b" }] } },
        securityContext: { capabilities: { add: ["A"] }, seccompProfile: { type: "RuntimeDefault" } },
      },
    ],
    tolerations: [{ key: "a", operator: "Exists" }],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } } },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "z", whenUnsatisfiable: "DoNotSchedule" }],
    dnsConfig: { nameservers: ["1.2.3.4"], options: [{ name: "ndots" }] },
  },
}
const selector = { matchLabels: { app: "a" }, matchExpressions: [{ key: "app", operator: "In", values: ["a"] }] }
const ends = { ...template, spec: { ...template.spec, restartPolicy: "Never" } }
const policy = { rules: [{ action: "Ignore", onExitCodes: { operator: "In", values: [1] } }] }
const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, selector }
const metric = {
  type: "Pods",
  pods: { metric: { name: "m", selector }, target: { type: "AverageValue", averageValue: 1 } },
}
const scaling = { policies: [{ type: "Pods", value: 1, periodSeconds: 1 }] }

/** Right objects, each with many of the fields that rules look at. */
const right: readonly (readonly [path: string, fields: object])[] = [
  ["/api/v1/namespaces/default/pods", { spec: template.spec }],
  ["/apis/apps/v1/namespaces/default/deployments", { spec: { selector, template, strategy: { rollingUpdate: {} } } }],
  [
    "/apis/apps/v1/namespaces/default/statefulsets",
    { spec: { selector, template, volumeClaimTemplates: [{ metadata: { name: "d" }, spec: claim }] } },
  ],
  [
    "/apis/apps/v1/namespaces/default/daemonsets",
    { spec: { selector, template, updateStrategy: { rollingUpdate: {} } } },
  ],
  ["/api/v1/namespaces/default/replicationcontrollers", { spec: { selector: { app: "a" }, template } }],
  ["/apis/batch/v1/namespaces/default/jobs", { spec: { template: ends, podFailurePolicy: policy } }],
  [
    "/apis/batch/v1/namespaces/default/cronjobs",
    { spec: { schedule: "* * * * *", timeZone: "UTC", jobTemplate: { spec: { template: ends } } } },
  ],
  [
    "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
    {
      spec: {
        scaleTargetRef: { kind: "A", name: "a" },
        maxReplicas: 2,
        metrics: [metric],
        behavior: { scaleUp: scaling },
      },
    },
  ],
  ["/apis/policy/v1/namespaces/default/poddisruptionbudgets", { spec: { minAvailable: "1%", selector } }],
  ["/api/v1/namespaces/default/persistentvolumeclaims", { spec: claim }],
  [
    "/api/v1/persistentvolumes",
    { spec: { capacity: { storage: 1 }, accessModes: ["ReadWriteOnce"], csi: { driver: "d", volumeHandle: "h" } } },
  ],
  ["/api/v1/nodes", { spec: { taints: [{ key: "a", effect: "NoSchedule" }], podCIDRs: ["1.2.3.0/24"] } }],
  ["/api/v1/namespaces/default/endpoints", { subsets: [{ addresses: [{ ip: "1.2.3.4" }], ports: [{ port: 1 }] }] }],
  ["/api/v1/namespaces/default/services", { spec: { ports: [{ port: 80, name: "a" }], selector: { a: "b" } } }],
]

/** Every place in a value, as the keys that lead there. */
function places(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (value === null || typeof value !== "object") return [at]
  return [at, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...at, key]))]
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by
  if (Array.isArray(value)) return value.map((item, at) => (String(at) === key ? replaced(item, rest, by) : item))
  const object = value as Record<string, unknown>
  return { ...object, [key]: replaced(object[key], rest, by) }
}

describe("an object with one field that makes no sense", () => {
  it.each(right)("never breaks the server: %s", async (path, fields) => {
    expect((await send("POST", `${path}?dryRun=All`, { metadata: { name: "right" }, ...fields })).status).toBe(201)
    const place = fc.constantFrom(...places(fields).filter((at) => at.length > 0))
    await fc.assert(
      fc.asyncProperty(place, wrong, async (at, value) => {
        const object = { metadata: { generateName: "x-" }, ...(replaced(fields, at, value) as object) }
        const response = await send("POST", `${path}?dryRun=All`, object)
        expect(response.status, await response.text()).toBeLessThan(500)
      }),
      { numRuns: 100 },
    )
  })
})
