import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { Pod } from "@wick/sdk/api/core/pod"
import { readConfig } from "@wick/sdk/api/serving/config"
import { describe, expect, it } from "vitest"
import { nowMs, readyOf, revision } from "../../testing/objects.ts"
import { decide, type Observed } from "./decide.ts"
import { newsOf } from "./news.ts"

const image = `registry.test/hello@sha256:${"0".repeat(64)}`
const resolution = { kind: "resolved", images: { "user-container": image } } as const
const config = readConfig({ "config-wick": { "drain-host": "10.0.0.1", "drain-port": "9080" } })

const deployment = {
  metadata: { name: "hello-00001-deployment", ownerReferences: [{ uid: "uid-hello-00001", controller: true }] },
  status: {},
} as unknown as Deployment

function pod(state: object, more: object = {}): Pod {
  return {
    metadata: { name: "p" },
    status: { containerStatuses: [{ name: "user-container", ready: false, state, ...more }] },
  } as unknown as Pod
}

const readyPod = {
  metadata: { name: "p" },
  status: { conditions: [{ type: "Ready", status: "True" }] },
} as unknown as Pod

function observed(overrides: Partial<Observed> = {}): Observed {
  const base = {
    revision: revision("hello-00001"),
    deployment,
    podAutoscaler: undefined,
    pods: [],
    warning: undefined,
  }
  return { ...base, resolution, config, ...overrides }
}

describe("a revision", () => {
  it("runs its image by digest, with the runtime contract's environment and a drain hook, and no sidecar", () => {
    const spec = decide(observed(), nowMs).deployment?.spec?.template.spec
    expect(spec?.containers).toHaveLength(1)
    expect(spec?.containers[0]).toMatchObject({
      image,
      ports: [{ containerPort: 8080 }],
      env: [
        { name: "PORT", value: "8080" },
        { name: "K_REVISION", value: "hello-00001" },
        { name: "K_CONFIGURATION", value: "hello" },
        { name: "K_SERVICE", value: "hello" },
      ],
      lifecycle: {
        preStop: {
          httpGet: {
            host: "10.0.0.1",
            port: 9080,
            path: `/drain/default/hello-00001/${revision("hello-00001").metadata.uid}`,
          },
        },
      },
    })
    expect(spec?.terminationGracePeriodSeconds).toBe(300)
  })

  it("makes nothing before its image is known", () => {
    const waiting = decide(observed({ resolution: { kind: "resolving" } }), nowMs)
    expect([waiting.deployment, waiting.podAutoscaler]).toEqual([undefined, undefined])
    expect(readyOf(waiting.status)).toMatchObject({ status: "Unknown", reason: "ResolvingDigests" })
  })

  it("is ready as soon as its first pod is", () => {
    expect(readyOf(decide(observed({ pods: [readyPod] }), nowMs).status)).toMatchObject({ status: "True" })
  })

  it("tells once that it has become ready", () => {
    const reasons = (before: Parameters<typeof newsOf>[0]) =>
      newsOf(before, decide(observed({ revision: before, pods: [readyPod] }), nowMs).status).map(({ reason }) => reason)
    expect(reasons(revision("hello-00001"))).toEqual(["RevisionReady"])
    expect(reasons(revision("hello-00001", "True"))).toEqual([])
  })

  it("names where its logs are, and each of its images for those who fetch them beforehand", () => {
    const template = { "logging.revision-url-template": `https://logs.test/?uid=$${"{REVISION_UID}"}` }
    const decision = decide(observed({ config: readConfig({ "config-observability": template }) }), nowMs)
    expect(decision.status.logUrl).toBe("https://logs.test/?uid=uid-hello-00001")
    expect(decision.images).toMatchObject([
      {
        metadata: { name: "hello-00001-cache-user-container", ownerReferences: [{ uid: "uid-hello-00001" }] },
        spec: { image },
      },
    ])
  })

  it("stays ready while nothing of it runs", () => {
    expect(readyOf(decide(observed({ revision: revision("hello-00001", "True") }), nowMs).status)).toMatchObject({
      status: "True",
    })
  })

  it("waits for as many pods as it is to start with", () => {
    const scaled = revision("hello-00001")
    const annotations = { "autoscaling.knative.dev/min-scale": "2" }
    const two = { ...scaled, metadata: { ...scaled.metadata, annotations } }
    expect(readyOf(decide(observed({ revision: two, pods: [readyPod] }), nowMs).status)).toMatchObject({
      status: "Unknown",
    })
    expect(readyOf(decide(observed({ revision: two, pods: [readyPod, readyPod] }), nowMs).status)).toMatchObject({
      status: "True",
    })
  })
})

describe("the pods of a revision", () => {
  const two = revision("hello-00001")
  const sidecar = { name: "cache", image: "registry.test/cache", livenessProbe: { tcpSocket: { port: 6379 } } }
  const serving = { name: "web", image: "registry.test/hello", ports: [{ containerPort: 3000 }] }
  const images = { web: image, cache: image, first: image }
  const several = (spec: object, metadata: object = {}): Observed =>
    observed({
      revision: { ...two, metadata: { ...two.metadata, ...metadata }, spec: { ...two.spec, ...spec } } as never,
      resolution: { kind: "resolved", images },
    })
  const template = (given: Observed) => decide(given, nowMs).deployment?.spec?.template

  it("let no container end while another still answers", () => {
    const spec = template(several({ containers: [serving, sidecar] }))?.spec
    for (const { lifecycle } of spec?.containers ?? []) {
      expect(lifecycle?.preStop?.httpGet?.path).toBe(`/drain/default/hello-00001/${two.metadata.uid}`)
    }
    expect(spec?.containers).toHaveLength(2)
  })

  it("tell every container whose it is, and the one with the port its port; all run by digest", () => {
    const first = { name: "first", image: "registry.test/first" }
    const spec = template(several({ containers: [serving, sidecar], initContainers: [first] }))?.spec
    const named = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name, env = [], image }) => ({
      name,
      image,
      env: env.map((variable) => variable.name),
    }))
    const contract = ["K_REVISION", "K_CONFIGURATION", "K_SERVICE"]
    expect(named).toEqual([
      { name: "first", image, env: contract },
      { name: "web", image, env: ["PORT", ...contract] },
      { name: "cache", image, env: contract },
    ])
    const { status } = decide(several({ containers: [serving, sidecar], initContainers: [first] }), nowMs)
    expect(status.initContainerStatuses).toEqual([{ name: "first", imageDigest: image }])
    expect(status.containerStatuses?.map(({ name }) => name)).toEqual(["web", "cache"])
  })

  it("say which container is meant when none is named, and keep the app that the user has named", () => {
    const labels = { ...two.metadata.labels, app: "mine", "serving.knative.dev/routingState": "active" }
    const annotations = { "serving.knative.dev/routes": "hello", note: "kept" }
    const { metadata } = template(several({ containers: [sidecar, serving] }, { labels, annotations })) ?? {}
    expect(metadata?.annotations).toEqual({ "kubectl.kubernetes.io/default-container": "web", note: "kept" })
    expect(metadata?.labels).toMatchObject({ app: "mine", "serving.knative.dev/revision": "hello-00001" })
    expect(metadata?.labels).not.toHaveProperty("serving.knative.dev/routingState")
  })

  it("are probed where they serve, as often as a node probes when asked for more", () => {
    const probed = {
      ...serving,
      readinessProbe: { httpGet: { path: "/ready" }, periodSeconds: 0 },
      livenessProbe: { httpGet: { path: "/alive", port: 9999 } },
    }
    const [web, cache] = template(several({ containers: [probed, sidecar] }))?.spec?.containers ?? []
    expect(web?.readinessProbe).toMatchObject({ httpGet: { path: "/ready", port: 3000 }, periodSeconds: 1 })
    expect(web?.livenessProbe).toMatchObject({ httpGet: { path: "/alive", port: 3000 } })
    expect(cache?.livenessProbe).toMatchObject({ tcpSocket: { port: 6379 } })
    const loose = readConfig({ "config-features": { "multi-container-probing": "Enabled" } })
    const [own] = template({ ...several({ containers: [probed] }), config: loose })?.spec?.containers ?? []
    expect(own?.livenessProbe?.httpGet?.port).toBe(9999)
  })

  it("serve at the usual port where theirs has a name alone, and are probed with a scheme that is written small", () => {
    const probed = {
      ...serving,
      ports: [{ name: "h2c", containerPort: 0 }],
      readinessProbe: { httpGet: { path: "/ready", port: 0, scheme: "https" } },
    }
    const beside = { ...sidecar, livenessProbe: { httpGet: { path: "/", port: 6379, scheme: "http" } } }
    const given = several({ containers: [probed, beside] })
    const [web, cache] = template(given)?.spec?.containers ?? []
    expect(web?.ports).toEqual([{ name: "user-port", containerPort: 8080, protocol: "TCP" }])
    expect(web?.readinessProbe?.httpGet).toEqual({ path: "/ready", port: 8080, scheme: "HTTPS" })
    expect(cache?.livenessProbe?.httpGet?.scheme).toBe("HTTP")
  })

  it("are asked by gRPC where they serve, though the usual port is written, and elsewhere if that is written", () => {
    const probed = (port: number) =>
      template(
        several({ containers: [{ ...serving, ports: [{ containerPort: 3000 }], readinessProbe: { grpc: { port } } }] }),
      )?.spec?.containers?.[0]?.readinessProbe?.grpc?.port
    expect([probed(8080), probed(50_051)]).toEqual([3000, 50_051])
  })

  it.each([
    ["progress-deadline", "90s", 90],
    ["progress-deadline", "5m", 300],
    ["progressDeadline", "1m30s", 90],
    ["progress-deadline", "soon", 600],
  ])("are given up after as long as %s says: %s", (name, value, seconds) => {
    const given = several({ containers: [serving] }, { annotations: { [`serving.knative.dev/${name}`]: value } })
    expect(decide(observed(given), nowMs).deployment?.spec?.progressDeadlineSeconds).toBe(seconds)
  })

  it("spread over nodes and run under the operator's runtime class, unless they say otherwise", () => {
    const data = { "default-affinity-type": "none", "runtime-class-name": "kata:\n  selector:\n    safe: very" }
    const operators = readConfig({ "config-deployment": data })
    const plain = template(several({ containers: [serving] }))?.spec
    expect(plain?.affinity?.podAntiAffinity).toBeDefined()
    expect(plain?.runtimeClassName).toBeUndefined()
    const labelled = several({ containers: [serving] }, { labels: { safe: "very" } })
    const spec = template({ ...labelled, config: operators })?.spec
    expect([spec?.affinity, spec?.runtimeClassName]).toEqual([undefined, "kata"])
  })
})

describe("a revision's scaling", () => {
  const of = (annotations: Record<string, string>, map: Record<string, string> = {}, before?: object) => {
    const given = revision("hello-00001")
    const subject = { ...given, metadata: { ...given.metadata, annotations } }
    const podAutoscaler = before as Observed["podAutoscaler"]
    const settings = readConfig({ "config-autoscaler": map })
    return decide(observed({ revision: subject, podAutoscaler, config: settings }), nowMs)
  }
  const key = "autoscaling.knative.dev/"

  it("is whose the operators say, unless the revision says, and stays whose it was", () => {
    const named = { "pod-autoscaler-class": "hpa.autoscaling.knative.dev" }
    const classOf = (decision: ReturnType<typeof of>) => decision.podAutoscaler?.metadata.annotations?.[`${key}class`]
    expect(classOf(of({}))).toBe("kpa.autoscaling.knative.dev")
    expect(classOf(of({}, named))).toBe("hpa.autoscaling.knative.dev")
    expect(classOf(of({ [`${key}class`]: "other" }, named))).toBe("other")
    const before = { metadata: { annotations: { [`${key}class`]: "kpa.autoscaling.knative.dev" } } }
    expect(classOf(of({}, named, before))).toBe("kpa.autoscaling.knative.dev")
  })

  it("begins with what either spelling says, or the operators", () => {
    const replicas = (decision: ReturnType<typeof of>) => decision.deployment?.spec?.replicas
    expect(replicas(of({ [`${key}initialScale`]: "3" }))).toBe(3)
    expect(replicas(of({ [`${key}minScale`]: "4" }))).toBe(4)
    expect(replicas(of({}, { "min-scale": "2" }))).toBe(2)
  })
})

describe("a revision that cannot run says", () => {
  interface Row {
    name: string
    given: Partial<Observed>
    reason: string
    message: string
    status?: string
  }
  const progressing = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }
  const late = {
    ...deployment,
    status: { conditions: [{ ...progressing, message: 'ReplicaSet "x" has timed out progressing.' }] },
  } as unknown as Deployment
  const empty = { ...deployment, spec: { replicas: 0 } } as unknown as Deployment
  const givenUp = {
    metadata: { ownerReferences: deployment.metadata.ownerReferences },
    status: { conditions: [{ type: "Active", status: "False", reason: "TimedOut" }] },
  } as never
  const placing = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes are available" }
  const unplaced = { metadata: { name: "p" }, status: { conditions: [placing] } } as unknown as Pod
  const starting = {
    metadata: { name: "p" },
    status: {
      initContainerStatuses: [{ name: "first", state: { terminated: { exitCode: 0, reason: "Completed" } } }],
      containerStatuses: [{ name: "user-container", state: { waiting: { reason: "PodInitializing" } } }],
    },
  } as unknown as Pod
  const terminated = { terminated: { exitCode: 3, reason: "Error", message: "boom" } }
  const refused = { reason: "Unhealthy", message: "Readiness probe failed: connection refused" }
  const unset = pod({ waiting: { reason: "CreateContainerConfigError", message: 'secret "keys" not found' } })
  const unmounted = { reason: "FailedMount", message: 'MountVolume.SetUp failed for volume "keys"' }
  it.each<Row>([
    {
      name: "that its registry has no such image",
      given: { resolution: { kind: "failed", message: 'Unable to fetch image "x"' } },
      reason: "ContainerMissing",
      message: 'Unable to fetch image "x"',
    },
    {
      name: "what its container said before it exited",
      given: { pods: [pod(terminated)] },
      reason: "ExitCode3",
      message: "Container failed with: boom",
    },
    {
      name: "the same while the container waits to be started again",
      given: { pods: [pod({ waiting: { reason: "CrashLoopBackOff" } }, { lastState: terminated })] },
      reason: "ExitCode3",
      message: "Container failed with: boom",
    },
    {
      name: "that its image cannot be pulled",
      given: { pods: [pod({ waiting: { reason: "ImagePullBackOff", message: "not found" } })] },
      status: "False",
      reason: "ImagePullBackOff",
      message: "not found",
    },
    {
      name: "which Secret is not there, while it may still come",
      given: { pods: [unset] },
      status: "Unknown",
      reason: "CreateContainerConfigError",
      message: 'secret "keys" not found',
    },
    {
      name: "that a Secret did not come in time",
      given: { pods: [unset], deployment: late },
      status: "False",
      reason: "CreateContainerConfigError",
      message: 'secret "keys" not found',
    },
    {
      name: "that the API takes no such pods",
      given: { deployment: undefined, refusal: "Deployment.apps is invalid" },
      reason: "FailedCreate",
      message: "Deployment.apps is invalid",
    },
    {
      name: "that its autoscaler's name is taken",
      given: { podAutoscaler: { kind: "PodAutoscaler", metadata: { name: "hello-00001" } } as never },
      reason: "NotOwned",
      message: 'There is an existing PodAutoscaler "hello-00001" that we do not own.',
    },
    {
      name: "that its deployment came no further in time",
      given: { deployment: late },
      reason: "ProgressDeadlineExceeded",
      message: 'ReplicaSet "x" has timed out progressing.',
    },
    {
      name: "that the autoscaler has given it up",
      given: { deployment: empty, podAutoscaler: givenUp },
      reason: "ProgressDeadlineExceeded",
      message: "Initial scale was never achieved",
    },
    {
      name: "that no node takes its pods",
      given: { pods: [unplaced] },
      reason: "Unschedulable",
      message: "0/1 nodes are available",
    },
    {
      name: "what no node gives it, where nodes are added by themselves",
      given: {
        pods: [unplaced],
        config: readConfig({ "config-deployment": { "pod-is-always-schedulable": "true" } }),
      },
      status: "Unknown",
      reason: "Unschedulable",
      message: "0/1 nodes are available",
    },
    {
      name: "nothing of an init container that has done its work",
      given: { pods: [starting] },
      reason: "Deploying",
      message: "",
    },
    {
      name: "what its readiness probe meets",
      given: { pods: [pod({ running: {} })], warning: refused },
      reason: "ContainerNotReady",
      message: "Readiness probe failed: connection refused",
      status: "Unknown",
    },
    {
      name: "which of its pod's volumes cannot be mounted, while it may still come",
      given: { pods: [pod({ waiting: { reason: "ContainerCreating" } })], warning: unmounted },
      reason: "FailedMount",
      message: 'MountVolume.SetUp failed for volume "keys"',
      status: "Unknown",
    },
    {
      name: "what else its container waits for",
      given: { pods: [pod({ waiting: { reason: "Held", message: "somebody has said so" } })], warning: unmounted },
      reason: "Held",
      message: "somebody has said so",
      status: "Unknown",
    },
  ])("$name", ({ given, reason, message, status }) => {
    const ready = readyOf(decide(observed(given), nowMs).status)
    expect(ready).toMatchObject({ reason, message, ...(status && { status }) })
  })
})
