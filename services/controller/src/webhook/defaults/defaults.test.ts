import { describe, expect, it } from "vitest"
import { container, defaulted, meta, service, serviceOf } from "../../testing/review.ts"

type Fields = Record<string, unknown>
type Maps = Record<string, Record<string, string>>
interface Spec extends Fields {
  containers: Fields[]
  initContainers?: Fields[]
}

async function specOf(object: object, config: Maps = {}): Promise<Spec> {
  const { spec } = (await defaulted("Service", { object, config })) as { spec: { template: { spec: Spec } } }
  return spec.template.spec
}
const firstOf = async (object: object, config: Maps = {}): Promise<Fields> =>
  (await specOf(object, config)).containers[0] ?? {}

describe("what a service leaves open", () => {
  it("is filled in as Knative does", async () => {
    const object = { metadata: meta, spec: { template: { spec: { containers: [container] } } } }
    const { spec, metadata } = await defaulted("Service", { object })
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
    const config = {
      "config-features": { "secure-pod-defaults": "enabled", "kubernetes.podspec-init-containers": "enabled" },
      "config-defaults": { "revision-cpu-request": "100m", "revision-idle-timeout-seconds": "10" },
    }
    const object = service({ spec: { containers: [container], initContainers: [container] } })
    const once = await defaulted("Service", { object, config })
    expect(await defaulted("Service", { object: once, config })).toEqual(once)
  })

  it("is what the operators say", async () => {
    const config = {
      "config-defaults": {
        "revision-timeout-seconds": "100",
        "revision-response-start-timeout-seconds": "50",
        "revision-idle-timeout-seconds": "20",
        "container-concurrency": "7",
        "enable-service-links": "true",
        "container-name-template": "{{.Name}}-main",
      },
    }
    const spec = await specOf(serviceOf({}), config)
    expect(spec).toMatchObject({
      timeoutSeconds: 100,
      responseStartTimeoutSeconds: 50,
      idleTimeoutSeconds: 20,
      containerConcurrency: 7,
      enableServiceLinks: true,
    })
    expect(spec.containers[0]?.name).toBe("hello-main")
  })

  it("says nothing of limits that are not shorter than the whole", async () => {
    const config = { "config-defaults": { "revision-idle-timeout-seconds": "20" } }
    const spec = await specOf(serviceOf({}, { timeoutSeconds: 20 }), config)
    expect(spec).not.toHaveProperty("idleTimeoutSeconds")
    expect(spec).not.toHaveProperty("responseStartTimeoutSeconds")
  })

  it("is left to Kubernetes where the operators say so", async () => {
    const config = { "config-defaults": { "enable-service-links": "default" } }
    expect(await specOf(serviceOf({}), config)).not.toHaveProperty("enableServiceLinks")
  })
})

describe("containers get", () => {
  it("names that do not clash", async () => {
    const containers = [
      { image: "a", ports: [{ containerPort: 8080 }] },
      { image: "b", name: "user-container-0" },
      { image: "c" },
    ]
    const { containers: named } = await specOf(service({ spec: { containers } }))
    expect(named.map(({ name }) => name)).toEqual(["user-container-1", "user-container-0", "user-container-2"])
  })

  it("names in order of their own, before and beside", async () => {
    const spec = await specOf(
      service({ spec: { containers: [container], initContainers: [{ image: "a" }, { image: "b" }] } }),
    )
    expect(spec.initContainers?.map(({ name }) => name)).toEqual(["init-container-0", "init-container-1"])
    const one = await specOf(service({ spec: { containers: [container], initContainers: [{ image: "a" }] } }))
    expect(one.initContainers?.map(({ name }) => name)).toEqual(["init-container"])
  })

  it("resources of the operators where they say nothing", async () => {
    const config = {
      "config-defaults": {
        "revision-cpu-request": "100m",
        "revision-memory-limit": "200M",
        "revision-ephemeral-storage-request": "1G",
      },
    }
    const { resources } = await firstOf(serviceOf({ resources: { requests: { cpu: "1" } } }), config)
    expect(resources).toEqual({ requests: { cpu: "1", "ephemeral-storage": "1G" }, limits: { memory: "200M" } })
  })

  it("mounts that cannot be written to, but for what is a pod's own", async () => {
    const volumes = [
      { name: "secret", secret: {} },
      { name: "scratch", emptyDir: {} },
      { name: "claim", persistentVolumeClaim: { claimName: "c" } },
    ]
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }))
    const mounts = (await firstOf(serviceOf({ volumeMounts }, { volumes }))).volumeMounts as Fields[]
    expect(mounts.map(({ readOnly }) => readOnly)).toEqual([true, undefined, undefined])
  })
})

describe("a probe gets", () => {
  const http = { httpGet: { path: "/", port: 8080 } }
  it.each([
    ["the port's, when there is none", undefined, { tcpSocket: { port: 0 }, successThreshold: 1 }],
    [
      "the container's own port, where it names none",
      { httpGet: { path: "/" } },
      { httpGet: { path: "/", port: 0 }, successThreshold: 1 },
    ],
    ["a count of successes", http, { ...http, successThreshold: 1 }],
    [
      "Kubernetes' limits with a period",
      { ...http, periodSeconds: 3 },
      { ...http, periodSeconds: 3, successThreshold: 1, failureThreshold: 3, timeoutSeconds: 1 },
    ],
    [
      "the port's, where only times are given",
      { periodSeconds: 3 },
      { tcpSocket: { port: 0 }, periodSeconds: 3, successThreshold: 1, failureThreshold: 3, timeoutSeconds: 1 },
    ],
    ["the whole of a gRPC server", { grpc: { port: 1 } }, { grpc: { port: 1, service: "" }, successThreshold: 1 }],
  ])("%s", async (_, given, wanted) => {
    expect((await firstOf(serviceOf({ ...(given && { readinessProbe: given }) }))).readinessProbe).toEqual(wanted)
  })

  it("nothing beside the container with the port, but what it needs", async () => {
    const beside = { image: "b", name: "b" }
    const containers = [{ ...container, name: "a", ports: [{ containerPort: 80 }] }, beside]
    expect((await specOf(service({ spec: { containers } }))).containers[1]).toEqual({ ...beside, resources: {} })
    const liveness = { ...container, name: "a", livenessProbe: { grpc: { port: 1 } } }
    expect((await firstOf(service({ spec: { containers: [liveness] } }))).livenessProbe).toEqual({
      grpc: { port: 1, service: "" },
    })
  })
})

describe("a securityContext that is left open", () => {
  const secured = async (degree: string, fields: object = {}, spec: object = {}): Promise<unknown> =>
    (await firstOf(serviceOf(fields, spec), { "config-features": { "secure-pod-defaults": degree } })).securityContext
  const bounded = {
    allowPrivilegeEscalation: false,
    seccompProfile: { type: "RuntimeDefault" },
    capabilities: { drop: ["ALL"] },
  }

  it("stays open as the platform comes", async () => expect(await secured("Disabled")).toBeUndefined())
  it("is bounded", async () => expect(await secured("AllowRootBounded")).toEqual(bounded))
  it("is bounded without root", async () =>
    expect(await secured("Enabled")).toEqual({ ...bounded, runAsNonRoot: true }))

  it("lets a container have a low port", async () => {
    expect(await secured("AllowRootBounded", { ports: [{ containerPort: 80 }] })).toMatchObject({
      capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
    })
  })

  it("is what is said, of the container or of the pod", async () => {
    const own = { allowPrivilegeEscalation: true, capabilities: { drop: [] }, seccompProfile: { type: "Unconfined" } }
    expect(await secured("Enabled", { securityContext: { ...own, runAsNonRoot: false } })).toEqual({
      ...own,
      runAsNonRoot: false,
    })
    const pod = { runAsNonRoot: false, seccompProfile: { type: "Unconfined" } }
    expect(await secured("Enabled", {}, { securityContext: pod })).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    })
  })
})

describe("a change", () => {
  const of = (name: string | undefined, spec: object = {}) =>
    service({ ...(name && { metadata: { name } }), spec: { containers: [container], ...spec } })
  const config = { "config-defaults": { "revision-timeout-seconds": "100" } }

  it("of defaults does not reach a template whose revision has a chosen name", async () => {
    const before = await defaulted("Service", { object: of("hello-first") })
    const again = await defaulted("Service", { object: before, before, config })
    expect(again.spec).toEqual(before.spec)
    const next = (await defaulted("Service", { object: of("hello-second"), before, config })) as Fields
    expect(next.spec).toMatchObject({ template: { spec: { timeoutSeconds: 100 } } })
  })

  it("of a revision fills nothing in", async () => {
    const object = { metadata: meta, spec: { containers: [container] } }
    expect((await defaulted("Revision", { object, before: object, config })).spec).toEqual(object.spec)
    expect((await defaulted("Revision", { object, config })).spec).toMatchObject({ timeoutSeconds: 100 })
  })

  it("is its user's, and what it leaves out of who made the object stays", async () => {
    const before = await defaulted("Service", { object: of(undefined) })
    const object = of(undefined, { containerConcurrency: 3 })
    const { metadata } = await defaulted("Service", { object, before, user: "bob" })
    expect(metadata).toMatchObject({
      annotations: { "serving.knative.dev/creator": "ada", "serving.knative.dev/lastModifier": "bob" },
    })
    const same = await defaulted("Service", { object: { ...before, metadata: meta }, before, user: "bob" })
    expect(same.metadata).toMatchObject({ annotations: { "serving.knative.dev/lastModifier": "ada" } })
  })
})

it("a mapping of a domain leads into its own namespace", async () => {
  const object = { metadata: meta, spec: { ref: { kind: "Service", name: "hello" } } }
  const { spec } = (await defaulted("DomainMapping", { object })) as { spec: { ref: object } }
  expect(spec.ref).toEqual({ kind: "Service", name: "hello", namespace: "default" })
})
