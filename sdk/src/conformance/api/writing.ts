import { Deployment } from "../../api/apps/deployment.ts"
import { equal, holds, includes, isRefusal, says } from "../expectation.ts"
import { configMap, deployment, pod, service } from "../samples.ts"
import type { Statement } from "../topic.ts"

export const writing: Statement = (it) => {
  it("a new object is given a uid, a version and a time, and is answered with 201", async ({
    wire,
    path,
    namespace,
  }) => {
    const { code, body } = await wire("POST", path("configmaps"), configMap("a"))
    equal(code, 201)
    includes(body, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace }, data: { a: "1" } })
    says(body.metadata.uid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    says(body.metadata.resourceVersion, /^[1-9]\d*$/)
    says(body.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    equal(body.metadata.generation, undefined)
  })

  it("a name that is taken is refused with AlreadyExists", async ({ wire, path }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    const { code, body } = await wire("POST", path("configmaps"), configMap("a"))
    equal(code, 409)
    isRefusal(body, { reason: "AlreadyExists", code: 409, message: 'configmaps "a" already exists' })
    equal(body.details, { name: "a", kind: "configmaps" })
  })

  it("generateName is completed with five characters", async ({ wire, path }) => {
    const object = { ...configMap(""), metadata: { generateName: "made-" } }
    const one = await wire("POST", path("configmaps"), object)
    const other = await wire("POST", path("configmaps"), object)
    says(one.body.metadata.name, /^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    equal(one.body.metadata.generateName, "made-")
    holds(one.body.metadata.name !== other.body.metadata.name, "two names differ")
  })

  it("a namespace that does not exist takes nothing", async ({ wire, unique }) => {
    const nowhere = unique("nowhere")
    const { body } = await wire("POST", `/api/v1/namespaces/${nowhere}/configmaps`, configMap("a"))
    isRefusal(body, { reason: "NotFound", code: 404, message: `namespaces "${nowhere}" not found` })
  })

  it("an object says no other namespace than its path", async ({ wire, path }) => {
    const { body } = await wire("POST", path("configmaps"), configMap("a", {}, { namespace: "other" }))
    const message = "the namespace of the provided object does not match the namespace sent on the request"
    isRefusal(body, { reason: "BadRequest", code: 400, message })
  })

  it("an object says no other name than its path", async ({ wire, path }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    const { body } = await wire("PUT", path("configmaps", "/a"), configMap("b"))
    const message = "the name of the object (b) does not match the name on the URL (a)"
    isRefusal(body, { reason: "BadRequest", code: 400, message })
  })

  it("a stale version is refused with Conflict, and changes nothing", async ({ wire, path }) => {
    const { body: first } = await wire("POST", path("configmaps"), configMap("a"))
    await wire("PUT", path("configmaps", "/a"), { ...first, data: { a: "2" } })
    const { body } = await wire("PUT", path("configmaps", "/a"), { ...first, data: { a: "3" } })
    const message =
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again'
    isRefusal(body, { reason: "Conflict", code: 409, message })
    equal((await wire("GET", path("configmaps", "/a"))).body.data, { a: "2" })
  })

  it("an update without a version overwrites what there is", async ({ wire, path }) => {
    const { body: first } = await wire("POST", path("configmaps"), configMap("a"))
    const { code, body } = await wire("PUT", path("configmaps", "/a"), configMap("a", { b: "2" }))
    equal(code, 200)
    equal(body.data, { b: "2" })
    equal(body.metadata.uid, first.metadata.uid)
    equal(body.metadata.creationTimestamp, first.metadata.creationTimestamp)
    holds(body.metadata.resourceVersion !== first.metadata.resourceVersion, "the version has moved")
  })

  it("an update that changes nothing leaves the version as it is", async ({ wire, path }) => {
    const { body: first } = await wire("POST", path("configmaps"), configMap("a"))
    const { body } = await wire("PUT", path("configmaps", "/a"), first)
    equal(body.metadata.resourceVersion, first.metadata.resourceVersion)
  })

  it("an update of another object of the same name is refused", async ({ wire, path }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    const other = configMap("a", {}, { uid: "00000000-0000-4000-8000-000000000000" })
    const { body } = await wire("PUT", path("configmaps", "/a"), other)
    isRefusal(body, { reason: "Conflict", code: 409, message: /UID in precondition: 00000000-0000-4000/ })
  })

  it("an update makes no object, but of a lease", async ({ wire, path }) => {
    const { body } = await wire("PUT", path("configmaps", "/a"), configMap("a"))
    isRefusal(body, { reason: "NotFound", code: 404, message: 'configmaps "a" not found' })
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "a" }, spec: {} }
    equal((await wire("PUT", path("coordination.k8s.io/v1 leases", "/a"), lease)).code, 201)
  })

  it("the generation grows with the wanted state alone", async ({ wire, path, client, namespace }) => {
    const generation = async (): Promise<number | undefined> =>
      (await client.get(Deployment, { name: "web", namespace })).metadata.generation
    const merge = (rest: string, body: object) =>
      wire("PATCH", path("apps/v1 deployments", rest), body, {
        headers: { "content-type": "application/merge-patch+json" },
      })
    await wire("POST", path("apps/v1 deployments"), deployment("web"))
    equal(await generation(), 1)
    await merge("/web", { metadata: { labels: { more: "yes" } } })
    await merge("/web/status", { status: { observedGeneration: 1 } })
    equal(await generation(), 1)
    await merge("/web", { spec: { minReadySeconds: 5 } })
    equal(await generation(), 2)
  })

  it("what a client says of uid, generation and creation is not taken", async ({ wire, path }) => {
    const claim = { generation: 7, creationTimestamp: "2001-01-01T00:00:00Z" }
    const object = deployment("web")
    const { body } = await wire("POST", path("apps/v1 deployments"), {
      ...object,
      metadata: { ...object.metadata, ...claim },
    })
    equal(body.metadata.generation, 1)
    holds(body.metadata.creationTimestamp !== claim.creationTimestamp, "the server's own time")
  })

  it("a new object with a version is refused", async ({ wire, path }) => {
    const { code, body } = await wire("POST", path("configmaps"), configMap("a", {}, { resourceVersion: "1" }))
    holds(code >= 400, "refused")
    says(body.message, /resourceVersion should not be set on objects to be created/)
  })

  it("a deployment is filled in with defaults, its pods too", async ({ wire, path }) => {
    const { replicas: _, ...spec } = deployment("web").spec
    const template = { ...spec.template, spec: { containers: [{ name: "app", image: "registry.example/app" }] } }
    const query = "?dryRun=All"
    const { body } = await wire("POST", path("apps/v1 deployments", query), {
      ...deployment("web"),
      spec: { ...spec, template },
    })
    includes(body.spec, {
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
    })
    includes(body.spec.template.spec, {
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      schedulerName: "default-scheduler",
      terminationGracePeriodSeconds: 30,
      securityContext: {},
      containers: [
        {
          imagePullPolicy: "Always",
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          resources: {},
        },
      ],
    })
  })

  it("an image with a tag is pulled where it is absent, and probes have their defaults", async ({ wire, path }) => {
    const readinessProbe = { httpGet: { port: 80 } }
    const containers = [{ name: "app", image: "registry.example/app:1", readinessProbe }]
    const { body } = await wire("POST", path("pods"), pod("one", { containers }))
    includes(body.spec.containers[0], {
      imagePullPolicy: "IfNotPresent",
      readinessProbe: {
        httpGet: { path: "/", port: 80, scheme: "HTTP" },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
    })
  })

  it("a new pod is Pending, with a class of service", async ({ wire, path }) => {
    const resources = { requests: { cpu: "100m" }, limits: { cpu: "200m" } }
    const containers = [{ name: "app", image: "registry.example/app:1", resources }]
    const { body } = await wire("POST", path("pods"), pod("one", { containers }))
    includes(body.status, { phase: "Pending", qosClass: "Burstable" })
    equal(body.spec.serviceAccountName, "default")
  })

  it("limits stand for requests where there are none", async ({ wire, path }) => {
    const resources = { limits: { cpu: "200m", memory: "64Mi" } }
    const containers = [{ name: "app", image: "registry.example/app:1", resources }]
    const { body } = await wire("POST", path("pods"), pod("one", { containers }))
    equal(body.spec.containers[0].resources.requests, { cpu: "200m", memory: "64Mi" })
    equal(body.status.qosClass, "Guaranteed")
  })

  it("a service gets an address, and ports their defaults", async ({ wire, path }) => {
    const { body } = await wire("POST", path("services"), service("web"))
    includes(body.spec, {
      type: "ClusterIP",
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
      ipFamilyPolicy: "SingleStack",
      ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
    })
    says(body.spec.clusterIP, /^[0-9a-f.:]+$/)
    equal(body.spec.clusterIPs[0], body.spec.clusterIP)
  })

  it("a secret keeps its text as data, and text is never read back", async ({ wire, path }) => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "hello" } }
    const { body } = await wire("POST", path("secrets"), secret)
    equal(body.data, { a: "aGVsbG8=" })
    equal(body.type, "Opaque")
    equal((await wire("GET", path("secrets", "/s"))).body.stringData, undefined)
  })

  it("a dry run answers as if, and keeps nothing", async ({ wire, path }) => {
    const { code, body } = await wire("POST", path("configmaps", "?dryRun=All"), configMap("a"))
    equal(code, 201)
    holds(body.metadata.uid, "the answer has a uid")
    equal((await wire("GET", path("configmaps", "/a"))).code, 404)
    await wire("POST", path("configmaps"), configMap("a"))
    await wire("PUT", path("configmaps", "/a?dryRun=All"), configMap("a", { a: "2" }))
    equal((await wire("DELETE", path("configmaps", "/a?dryRun=All"))).code, 200)
    equal((await wire("GET", path("configmaps", "/a"))).body.data, { a: "1" })
    const { body: other } = await wire("POST", path("configmaps", "?dryRun=Some"), configMap("b"))
    isRefusal(other, { reason: "Invalid", code: 422, fields: ["dryRun"], causes: ["FieldValueNotSupported"] })
  })
}
