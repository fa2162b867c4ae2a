import { readConfig } from "@wick/sdk/api/serving/config"
import { describe, expect, it } from "vitest"
import { createApp } from "./index.ts"

const app = createApp(() => readConfig({}))
const meta = { name: "hello", namespace: "default" }
const container = { image: "registry.test/hello" }

interface Answer {
  allowed: boolean
  status?: { message: string; details: { causes: { field: string }[] } }
  patch?: { op: string; path: string; value: unknown }[]
}

async function review(path: string, kind: string, object: object, oldObject?: object): Promise<Answer> {
  const group = { group: "serving.knative.dev", version: "v1", kind }
  const operation = oldObject ? "UPDATE" : "CREATE"
  const request = { uid: "1", operation, kind: group, object, oldObject, userInfo: { username: "ada" } }
  const response = await app.request(path, { method: "POST", body: JSON.stringify({ request }) })
  const { response: answer } = (await response.json()) as { response: Answer & { patch?: string } }
  const patch = answer.patch && JSON.parse(Buffer.from(answer.patch as unknown as string, "base64").toString())
  return { ...answer, ...(patch && { patch }) }
}

function service(spec: object = {}, metadata: object = meta): Record<string, unknown> {
  return { metadata, spec: { template: { spec: { containers: [container] } }, ...spec } }
}

async function defaulted(object: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { patch = [] } = await review("/defaulting", "Service", object)
  return { ...object, ...Object.fromEntries(patch.map(({ path, value }) => [path.slice(1), value])) }
}

describe("what a service leaves open", () => {
  it("is filled in as Knative does", async () => {
    const { spec, metadata } = (await defaulted(service())) as { spec: object; metadata: object }
    expect(spec).toEqual({
      template: {
        spec: {
          timeoutSeconds: 300,
          containerConcurrency: 0,
          enableServiceLinks: false,
          containers: [
            {
              ...container,
              name: "user-container",
              resources: {},
              readinessProbe: { tcpSocket: { port: 0 }, successThreshold: 1 },
            },
          ],
        },
      },
      traffic: [{ latestRevision: true, percent: 100 }],
    })
    expect(metadata).toMatchObject({
      annotations: { "serving.knative.dev/creator": "ada", "serving.knative.dev/lastModifier": "ada" },
    })
  })

  it("is filled in once: a second time changes nothing", async () => {
    const once = await defaulted(service())
    expect(await defaulted(once)).toEqual(once)
  })

  it("gives several containers names that do not clash", async () => {
    const containers = [
      { image: "a", ports: [{ containerPort: 8080 }] },
      { image: "b", name: "user-container-0" },
      { image: "c" },
    ]
    const after = (await defaulted(service({ template: { spec: { containers } } }))) as {
      spec: { template: { spec: { containers: { name: string }[] } } }
    }
    expect(after.spec.template.spec.containers.map(({ name }) => name)).toEqual([
      "user-container-1",
      "user-container-0",
      "user-container-2",
    ])
  })
})

describe("what is wrong with a service", () => {
  interface Row {
    name: string
    object: object
    message: string
  }
  const inContainer = (more: object) => service({ template: { spec: { containers: [{ ...container, ...more }] } } })
  const annotated = (annotations: object) =>
    service({ template: { metadata: { annotations }, spec: { containers: [container] } } })
  const spec = (more: object) => service({ template: { spec: { containers: [container], ...more } } })
  it.each<Row>([
    {
      name: "an image that is none",
      object: inContainer({ image: "Not An Image" }),
      message: "Failed to parse image reference",
    },
    {
      name: "a reserved port",
      object: inContainer({ ports: [{ containerPort: 8012 }] }),
      message: "8012 is a reserved port: spec.template.spec.containers[0].ports[0].containerPort",
    },
    {
      name: "a port's name",
      object: inContainer({ ports: [{ containerPort: 80, name: "web" }] }),
      message: "Port name web is not allowed",
    },
    {
      name: "a reserved variable",
      object: inContainer({ env: [{ name: "PORT" }] }),
      message: '"PORT" is a reserved environment variable',
    },
    {
      name: "a lifecycle of its own",
      object: inContainer({ lifecycle: {} }),
      message: "must not set the field(s): spec.template.spec.containers[0].lifecycle",
    },
    {
      name: "a timeout that is too long",
      object: spec({ timeoutSeconds: 601 }),
      message: "expected 0 <= 601 <= 600: spec.template.spec.timeoutSeconds",
    },
    { name: "a negative concurrency", object: spec({ containerConcurrency: -1 }), message: "expected 0 <= -1 <= 1000" },
    {
      name: "a volume that is not used",
      object: spec({ volumes: [{ name: "v" }] }),
      message: 'volume with name "v" not mounted',
    },
    {
      name: "a bound that is no number",
      object: annotated({ "autoscaling.knative.dev/min-scale": "many" }),
      message: "invalid value: many",
    },
    {
      name: "bounds that cross",
      object: annotated({ "autoscaling.knative.dev/min-scale": "3", "autoscaling.knative.dev/max-scale": "1" }),
      message: "max-scale=1 is less than min-scale=3",
    },
    {
      name: "a window that is too short",
      object: annotated({ "autoscaling.knative.dev/window": "1s" }),
      message: "expected 6s <= value <= 3600s",
    },
    {
      name: "percentages",
      object: service({ traffic: [{ latestRevision: true, percent: 90 }] }),
      message: "Traffic targets sum to 90, want 100: spec.traffic",
    },
    {
      name: "a tag used twice",
      object: service({
        traffic: [
          { latestRevision: true, percent: 100, tag: "a" },
          { revisionName: "x", tag: "a" },
        ],
      }),
      message: "Multiple definitions for a",
    },
    {
      name: "a revision's name",
      object: service({ template: { metadata: { name: "other" }, spec: { containers: [container] } } }),
      message: '"other" must have prefix "hello-"',
    },
    {
      name: "an annotation in the wrong place",
      object: service({}, { ...meta, annotations: { "autoscaling.knative.dev/min-scale": "1" } }),
      message: "autoscaling annotations must be put under",
    },
  ])("is told: $name", async ({ object, message }) => {
    const { allowed, status } = await review("/resource-validation", "Service", object)
    expect(allowed).toBe(false)
    expect(status?.message).toContain(message)
  })

  it("is told all at once, each with its field", async () => {
    const object = service({
      template: { spec: { containerConcurrency: -1, timeoutSeconds: 9_999, containers: [{ image: "" }] } },
    })
    const { status } = await review("/resource-validation", "Service", object)
    expect(status?.details.causes.map(({ field }) => field)).toEqual([
      "spec.template.spec.timeoutSeconds",
      "spec.template.spec.containerConcurrency",
      "spec.template.spec.containers[0].image",
    ])
  })

  it("is nothing, when it is right", async () => {
    expect((await review("/resource-validation", "Service", await defaulted(service()))).allowed).toBe(true)
  })
})

it("a revision's spec never changes", async () => {
  const before = { metadata: meta, spec: { containers: [container] } }
  const after = { metadata: meta, spec: { containers: [{ image: "other" }] } }
  const { status } = await review("/resource-validation", "Revision", after, before)
  expect(status?.message).toContain("Immutable fields changed (-old +new)")
})
