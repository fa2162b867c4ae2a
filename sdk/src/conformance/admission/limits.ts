import { Namespace } from "../../api/core/namespace.ts"
import { Pod } from "../../api/core/pod.ts"
import { ResourceQuota } from "../../api/core/resource-quota.ts"
import { equal, holds, includes, isRefusal, says } from "../expectation.ts"
import { becomes, eventually } from "../patience.ts"
import { configMap, deployment, pod, schedulerName } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"

async function quota({ wire, path, client, namespace }: World, hard: Record<string, string>): Promise<void> {
  const object = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q" }, spec: { hard } }
  await wire("POST", path("resourcequotas"), object)
  await becomes(client, ResourceQuota, { name: "q", namespace }, (each) =>
    Object.keys(hard).every((resource) => each?.status?.used?.[resource] !== undefined),
  )
}

const secret = (name: string) => ({ apiVersion: "v1", kind: "Secret", metadata: { name } })
const sized = (name: string, resources: object) =>
  pod(name, { containers: [{ name: "app", image: "registry.example/app:1", resources }] })

export const limiting: Statement = (it) => {
  it("a quota of objects is kept", async (world) => {
    const { wire, path } = world
    await quota(world, { "count/secrets": "1" })
    equal((await wire("POST", path("secrets"), secret("a"))).code, 201)
    const { body } = await wire("POST", path("secrets"), secret("b"))
    const message =
      'secrets "b" is forbidden: exceeded quota: q, requested: count/secrets=1, used: count/secrets=1, limited: count/secrets=1'
    isRefusal(body, { reason: "Forbidden", code: 403, message })
    await wire("DELETE", path("secrets", "/a"))
    await eventually(world.clock, async () => equal((await wire("POST", path("secrets"), secret("b"))).code, 201))
  })

  it("a quota of resources wants to know what a pod needs", async (world) => {
    const { wire, path, client, namespace } = world
    await quota(world, { "requests.cpu": "1", pods: "5" })
    const { body } = await wire("POST", path("pods"), pod("one"))
    isRefusal(body, {
      reason: "Forbidden",
      code: 403,
      message: /pods "one" is forbidden: failed quota: q: must specify requests\.cpu for: app/,
    })
    equal((await wire("POST", path("pods"), sized("one", { requests: { cpu: "600m" } }))).code, 201)
    const { body: refusal } = await wire("POST", path("pods"), sized("two", { requests: { cpu: "500m" } }))
    says(
      refusal.message,
      /exceeded quota: q, requested: requests\.cpu=500m, used: requests\.cpu=600m, limited: requests\.cpu=1$/,
    )
    const { status } = await client.get(ResourceQuota, { name: "q", namespace })
    equal(status?.used?.["requests.cpu"], "600m")
  })

  it("a limit range fills in what a container does not say, and bounds what it does", async (world) => {
    const { wire, path } = world
    const limits = [
      {
        type: "Container",
        default: { cpu: "300m" },
        defaultRequest: { cpu: "100m" },
        max: { cpu: "500m" },
        min: { cpu: "50m" },
      },
    ]
    const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "r" }, spec: { limits } }
    await wire("POST", path("limitranges"), range)
    await eventually(world.clock, async () => {
      const { body } = await wire("POST", path("pods", "?dryRun=All"), pod("one"))
      equal(body.spec.containers[0].resources, { limits: { cpu: "300m" }, requests: { cpu: "100m" } })
    })
    const large = await wire("POST", path("pods"), sized("two", { limits: { cpu: "1" } }))
    isRefusal(large.body, {
      reason: "Forbidden",
      code: 403,
      message: /pods "two" is forbidden: maximum cpu usage per Container is 500m, but limit is 1/,
    })
    const small = await wire("POST", path("pods"), sized("two", { requests: { cpu: "10m" }, limits: { cpu: "500m" } }))
    says(small.body.message, /minimum cpu usage per Container is 50m, but request is 10m/)
  })
}

const securityLabels = (world: World, labels: Record<string, string>) =>
  world.patch("merge", `/api/v1/namespaces/${world.namespace}`, {
    metadata: {
      labels: Object.fromEntries(
        Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]),
      ),
    },
  })

export const securing: Statement = (it) => {
  it("a restricted namespace takes restricted pods alone", async (world) => {
    const { wire, path } = world
    await securityLabels(world, { enforce: "restricted" })
    const refusal = await eventually(world.clock, async () => {
      const { code, body } = await wire("POST", path("pods", "?dryRun=All"), pod("one"))
      equal(code, 403)
      return body
    })
    isRefusal(refusal, {
      reason: "Forbidden",
      message:
        /^pods "one" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false \(container "app" must set securityContext\.allowPrivilegeEscalation=false\), unrestricted capabilities/,
    })
    const securityContext = {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    }
    const containers = [{ name: "app", image: "registry.example/app:1", securityContext }]
    equal((await wire("POST", path("pods", "?dryRun=All"), pod("one", { containers }))).code, 201)
  })

  it("a namespace may only warn, also of what will make pods", async (world) => {
    const { wire, path } = world
    await securityLabels(world, { warn: "baseline" })
    const privileged = [{ name: "app", image: "registry.example/app:1", securityContext: { privileged: true } }]
    const object = deployment("web")
    object.spec.template.spec = { schedulerName, containers: privileged }
    await eventually(world.clock, async () => {
      const { code, warnings } = await wire("POST", path("apps/v1 deployments", "?dryRun=All"), object)
      equal(code, 201)
      equal(warnings, [
        'would violate PodSecurity "baseline:latest": privileged (container "app" must not set securityContext.privileged=true)',
      ])
    })
  })

  it("a level that is none is refused", async (world) => {
    const { body } = await securityLabels(world, { enforce: "paranoid" })
    isRefusal(body, { reason: "Invalid", code: 422 })
  })
}

export const living: Statement = (it) => {
  it("a namespace that ends takes nothing new, and goes when it is empty", async (world) => {
    const { wire, patch, client, unique, afterwards, clock } = world
    const name = unique("ending")
    await client.create(Namespace, { metadata: { name } })
    afterwards(() => client.delete(Namespace, { name }))
    const maps = `/api/v1/namespaces/${name}/configmaps`
    await wire("POST", maps, configMap("held", {}, { finalizers: ["example.com/hold"] }))
    afterwards(() => patch("merge", `${maps}/held`, { metadata: { finalizers: null } }))
    await client.delete(Namespace, { name })
    equal((await client.get(Namespace, { name })).status?.phase, "Terminating")
    const { body } = await wire("POST", maps, configMap("late"))
    isRefusal(body, {
      reason: "Forbidden",
      code: 403,
      message: new RegExp(`unable to create new content in namespace ${name} because it is being terminated`),
    })
    equal(body.details.causes[0].reason, "NamespaceTerminating")
    await eventually(clock, async () => {
      const { body: held } = await wire("GET", `${maps}/held`)
      holds(held.metadata.deletionTimestamp, "its content is deleted")
    })
    await patch("merge", `${maps}/held`, { metadata: { finalizers: null } })
    await becomes(client, Namespace, { name }, (each) => each === undefined)
  })

  it("the namespaces that a cluster needs cannot be deleted", async ({ wire }) => {
    for (const name of ["default", "kube-system"]) {
      const { body } = await wire("DELETE", `/api/v1/namespaces/${name}?dryRun=All`)
      isRefusal(body, { reason: "Forbidden", code: 403, message: /this namespace may not be deleted/ })
    }
  })

  it("a pod gets the token of its account, unless it wants none", async ({ wire, path }) => {
    const { body } = await wire("POST", path("pods", "?dryRun=All"), pod("one"))
    const mount = body.spec.containers[0].volumeMounts[0]
    includes(mount, { readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" })
    const volume = body.spec.volumes.find(({ name }: { name: string }) => name === mount.name)
    holds(volume.projected.sources[0].serviceAccountToken, "a projected token")
    const without = await wire("POST", path("pods", "?dryRun=All"), pod("one", { automountServiceAccountToken: false }))
    equal(without.body.spec.volumes ?? [], [])
  })

  it("a pod's account and priority class are there", async ({ wire, path }) => {
    const account = await wire("POST", path("pods"), pod("one", { serviceAccountName: "nobody" }))
    isRefusal(account.body, { reason: "Forbidden", code: 403, message: /serviceaccount "nobody" not found/ })
    const priority = await wire("POST", path("pods"), pod("one", { priorityClassName: "nobody" }))
    isRefusal(priority.body, { reason: "Forbidden", code: 403, message: /no PriorityClass with name nobody was found/ })
  })

  it("a pod has a priority, and bears a node's absence for five minutes", async ({ client, wire, path, namespace }) => {
    await wire("POST", path("pods"), pod("one"))
    const { spec } = await client.get(Pod, { name: "one", namespace })
    equal([spec.priority, spec.preemptionPolicy], [0, "PreemptLowerPriority"])
    const borne = (spec.tolerations ?? []).map(({ key, effect, tolerationSeconds }) => [key, effect, tolerationSeconds])
    equal(borne.sort(), [
      ["node.kubernetes.io/not-ready", "NoExecute", 300],
      ["node.kubernetes.io/unreachable", "NoExecute", 300],
    ])
  })
}
