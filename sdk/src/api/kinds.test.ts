import { describe, expect, it } from "vitest"
import { Deployment } from "./apps/deployment.ts"
import { builtinKinds, reviewKinds } from "./builtin-kinds.ts"
import { Pod } from "./core/pod.ts"
import { podReadyText, podRestartsText, podStatusText } from "./core/pod-summary.ts"
import { crd, openapiSchema } from "./index.ts"
import { Service as KnativeService } from "./serving/service.ts"
import { servingKinds } from "./serving-kinds.ts"
import { compileSchema, type JsonSchema } from "./structural/index.ts"

describe("openapi", () => {
  it.each([...builtinKinds, ...reviewKinds, ...servingKinds].map((kind) => ({ name: kind.openapiName, kind })))(
    "makes a schema of $name whose references all lead somewhere",
    ({ kind }) => {
      const { schema, components } = openapiSchema(kind)
      const targets = [...JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name)
      for (const target of targets) expect(components).toHaveProperty([target ?? ""])
    },
  )

  it("tells the type, the merge key and the description of a field", () => {
    const { components } = openapiSchema(Pod)
    const containers = components["io.k8s.api.core.v1.PodSpec"]?.properties?.containers
    expect(containers).toMatchObject({
      type: "array",
      items: { $ref: "#/components/schemas/io.k8s.api.core.v1.Container" },
      description: "The containers; at least one.",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      "x-kubernetes-patch-merge-key": "name",
    })
    expect(components["io.k8s.api.core.v1.PodSpec"]?.required).toEqual(["containers"])
    expect(components["io.k8s.api.core.v1.Probe"]?.properties?.timeoutSeconds).toEqual({
      type: "integer",
      format: "int32",
      default: 1,
      description: "Seconds after which a check has failed.",
    })
  })
})

describe("a deployment", () => {
  const written = () => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "web", ports: [{ containerPort: 80 }], colour: "red" }] },
      },
    },
  })
  const { schema, components } = openapiSchema(Deployment)
  const compiled = compileSchema(schema, components)

  it("loses unknown fields, gets Kubernetes' defaults and is judged", () => {
    const object = written()
    expect(compiled.prune(object)).toEqual(["spec.template.spec.containers[0].colour"])
    compiled.default(object)
    expect(compiled.validate(object)).toEqual([])
    expect(object.spec).toMatchObject({
      replicas: 1,
      strategy: { type: "RollingUpdate" },
      template: {
        spec: {
          restartPolicy: "Always",
          terminationGracePeriodSeconds: 30,
          containers: [{ terminationMessagePath: "/dev/termination-log", ports: [{ protocol: "TCP" }] }],
        },
      },
    })
  })

  it("refuses an amount that is none", () => {
    const object = written()
    Object.assign(object.spec.template.spec.containers[0] ?? {}, {
      resources: { limits: { cpu: "much", memory: "1Gi" } },
    })
    expect(compiled.validate(object).map(({ type, field }) => ({ type, field }))).toEqual([
      { type: "TypeInvalid", field: "spec.template.spec.containers[0].resources.limits.cpu" },
    ])
  })

  it("names every mistake", () => {
    const object = { ...written(), spec: { ...written().spec, replicas: "three", selector: undefined } }
    expect(compiled.validate(object).map(({ field }) => field)).toEqual(["spec.selector", "spec.replicas"])
  })
})

describe("a CRD", () => {
  const made = crd(KnativeService)
  const version = made.spec.versions[0]
  const schema = version?.schema?.openAPIV3Schema as JsonSchema

  it("has no reference, no default and no patch strategy", () => {
    expect(JSON.stringify(schema)).not.toMatch(/\$ref|"default"|x-kubernetes-patch/)
  })

  it("shows the columns that Knative's users know", () => {
    expect(version?.additionalPrinterColumns?.map(({ name }) => name)).toEqual([
      "URL",
      "LatestCreated",
      "LatestReady",
      "Ready",
      "Reason",
    ])
  })

  it("keeps what a user wrote and adds nothing", () => {
    const compiled = compileSchema(schema)
    const object = {
      apiVersion: "serving.knative.dev/v1",
      kind: "Service",
      metadata: { name: "hello" },
      spec: { template: { spec: { containers: [{ image: "hello", readinessProbe: { periodSeconds: 0 } }] } } },
    }
    const before = structuredClone(object)
    compiled.prune(object)
    compiled.default(object)
    expect(object).toEqual(before)
  })
})

describe("serving's kinds", () => {
  it.each([
    { resource: "domainmappings.serving.knative.dev", short: ["dm"], columns: ["URL", "Ready", "Reason"] },
    {
      resource: "ingresses.networking.internal.knative.dev",
      short: ["kingress", "king"],
      columns: ["Ready", "Reason"],
    },
    {
      resource: "serverlessservices.networking.internal.knative.dev",
      short: ["sks"],
      columns: ["Mode", "Activators", "ServiceName", "PrivateServiceName", "Ready", "Reason"],
    },
    { resource: "certificates.networking.internal.knative.dev", short: ["kcert"], columns: ["Ready", "Reason"] },
    { resource: "metrics.autoscaling.internal.knative.dev", short: [], columns: ["Ready", "Reason"] },
    { resource: "images.caching.internal.knative.dev", short: ["img"], columns: ["Image"] },
  ])("has $resource under the names and with the columns that tools know", ({ resource, short, columns }) => {
    const kind = servingKinds.find(({ plural, group }) => `${plural}.${group}` === resource)
    expect(kind?.shortNames).toEqual(short)
    expect(kind?.columns.map(({ name }) => name)).toEqual(columns)
    expect(kind?.subresources.status).toBe(true)
  })

  it("has claims of domains outside all namespaces", () => {
    const claim = servingKinds.find(({ kind }) => kind === "ClusterDomainClaim")
    expect(claim && crd(claim).spec).toMatchObject({ scope: "Cluster", names: { shortNames: ["cdc"] } })
  })
})

describe("the table of pods", () => {
  const pod = (status: object, metadata = {}) =>
    ({ metadata, spec: { containers: [{ name: "a" }] }, status }) as unknown as Pod
  const container = (state: object, more = {}) => ({ name: "a", ready: false, restartCount: 0, state, ...more })

  it.each([
    { name: "its phase", pod: pod({ phase: "Pending" }), word: "Pending" },
    {
      name: "why a container waits",
      pod: pod({ phase: "Pending", containerStatuses: [container({ waiting: { reason: "ImagePullBackOff" } })] }),
      word: "ImagePullBackOff",
    },
    {
      name: "the exit code without a reason",
      pod: pod({ phase: "Failed", containerStatuses: [container({ terminated: { exitCode: 3 } })] }),
      word: "ExitCode:3",
    },
    {
      name: "its end",
      pod: pod({ phase: "Running" }, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      word: "Terminating",
    },
    {
      name: "how far initialization is",
      pod: pod({ phase: "Pending", initContainerStatuses: [container({ running: {} })] }),
      word: "Init:0/1",
    },
  ])("says of a pod $name", ({ pod, word }) => expect(podStatusText(pod)).toBe(word))

  it("counts ready containers and tells when the last one ended", () => {
    const seen = pod({
      containerStatuses: [
        container(
          { running: {} },
          {
            ready: true,
            restartCount: 2,
            lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-01T00:00:00Z" } },
          },
        ),
      ],
    })
    expect(podReadyText(seen)).toBe("1/1")
    expect(podRestartsText(seen, Date.parse("2026-01-01T00:05:00Z"))).toBe("2 (5m ago)")
  })
})
