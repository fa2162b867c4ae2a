import type { AnyObject } from "@wick/sdk/api/kind"
import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { beforeEach, describe, expect, it, vi } from "vitest"
import { createMemoryStorage, type Storage } from "#store"
import { createNamespaceLifecycle } from "./namespace-lifecycle.ts"
import { createServiceAccountAdmission } from "./service-account.ts"
import type { AdmissionAttributes } from "./step.ts"

let clock: SimulatedClock
let storage: Storage

beforeEach(() => {
  clock = new SimulatedClock()
  storage = createMemoryStorage({ clock })
})

async function put(path: string, object: unknown): Promise<void> {
  const value = Buffer.from(JSON.stringify(object))
  await storage.txn({ compare: [], success: [{ kind: "put", key: `/registry/core/${path}`, value }], failure: [] })
}

function attributes(changed: Partial<AdmissionAttributes>): AdmissionAttributes {
  return {
    operation: "CREATE",
    group: "",
    version: "v1",
    kind: "Pod",
    resource: "pods",
    subresource: "",
    namespace: "shop",
    name: "cart",
    object: undefined,
    oldObject: undefined,
    user: { name: "jo", groups: [] },
    dryRun: false,
    warn: () => {},
    ...changed,
  }
}

describe("admission: namespace lifecycle", () => {
  const admit = async (changed: Partial<AdmissionAttributes>): Promise<void> => {
    const step = createNamespaceLifecycle({ storage, clock })
    await step.ready
    // What is deleted is only judged: there is nothing to change.
    if (changed.operation !== "DELETE") await step.mutate?.(attributes(changed))
    await step.validate?.(attributes(changed))
    step.close()
  }

  it("refuses to write into a namespace that is not there", async () => {
    await expect(admit({})).rejects.toMatchObject({ reason: "NotFound", message: 'namespaces "shop" not found' })
    await put("namespaces/shop", { metadata: { name: "shop" } })
    await admit({})
  })

  it("finds a namespace that was made elsewhere and that it has not heard of", async () => {
    vi.spyOn(storage, "watch").mockReturnValue({ close: () => {} })
    const step = createNamespaceLifecycle({ storage, clock })
    await step.ready
    await put("namespaces/shop", { metadata: { name: "shop" } })
    await step.mutate?.(attributes({}))
    await expect(step.mutate?.(attributes({ namespace: "gone" }))).rejects.toMatchObject({ reason: "NotFound" })
    step.close()
  })

  it("lets what is in a terminating namespace change and go, but nothing come", async () => {
    await put("namespaces/shop", { metadata: { name: "shop", deletionTimestamp: "2026-01-01T00:00:00Z" } })
    await admit({ operation: "UPDATE" })
    await admit({ operation: "DELETE" })
    await expect(admit({ group: "apps", resource: "deployments" })).rejects.toMatchObject({
      reason: "Forbidden",
      message:
        'deployments.apps "cart" is forbidden: unable to create new content in namespace shop because it is being terminated',
      details: { causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }] },
    })
  })

  it("keeps the namespaces that the cluster needs", async () => {
    const remove = { operation: "DELETE", resource: "namespaces", namespace: "" } as const
    await expect(admit({ ...remove, name: "kube-system" })).rejects.toThrow(
      'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    )
    await admit({ ...remove, name: "shop" })
  })
})

describe("admission: service account", () => {
  const pod = (spec: Record<string, unknown> = {}): AnyObject => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "cart" },
    spec: { containers: [{ name: "one", image: "x" }], ...spec },
  })
  const admit = async (object: AnyObject): Promise<AnyObject> => {
    const step = createServiceAccountAdmission({ storage, clock, random: seededRandom(1) })
    return (await step.mutate?.(attributes({ object }))) as AnyObject
  }
  const account = { metadata: { name: "default", namespace: "shop" } }

  it("gives a pod the default account and its token, readable at the usual place", async () => {
    await put("serviceaccounts/shop/default", { ...account, imagePullSecrets: [{ name: "registry" }] })
    const spec = (await admit(pod())).spec as Record<string, unknown>
    const [volume] = spec.volumes as { name: string }[]
    expect(spec).toMatchObject({
      serviceAccountName: "default",
      serviceAccount: "default",
      imagePullSecrets: [{ name: "registry" }],
      volumes: [
        {
          projected: {
            defaultMode: 0o644,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
              { configMap: { name: "kube-root-ca.crt" } },
              { downwardAPI: { items: [{ path: "namespace" }] } },
            ],
          },
        },
      ],
      containers: [
        {
          volumeMounts: [
            { name: volume?.name, readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
          ],
        },
      ],
    })
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/)
  })

  it.each([
    { name: "the pod does not want it", spec: { automountServiceAccountToken: false }, account },
    { name: "the account does not want it", spec: {}, account: { ...account, automountServiceAccountToken: false } },
  ])("mounts no token when $name", async ({ spec, account }) => {
    await put("serviceaccounts/shop/default", account)
    expect((await admit(pod(spec))).spec).not.toHaveProperty("volumes")
  })

  it("leaves alone what a container mounts there itself", async () => {
    await put("serviceaccounts/shop/default", account)
    const own = { name: "mine", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }
    const admitted = await admit(pod({ containers: [{ name: "one", volumeMounts: [own] }] }))
    expect(admitted.spec).toMatchObject({ containers: [{ volumeMounts: [own] }] })
    expect(admitted.spec).not.toHaveProperty("volumes")
  })

  it("waits a moment for the default account of a new namespace", async () => {
    const admitted = admit(pod())
    await new Promise((resolve) => setImmediate(resolve))
    await put("serviceaccounts/shop/default", account)
    expect((await admitted).spec).toMatchObject({ serviceAccountName: "default" })
  })

  it("refuses a pod whose account is not there", async () => {
    const text = 'error looking up service account shop/robot: serviceaccount "robot" not found'
    await expect(admit(pod({ serviceAccountName: "robot" }))).rejects.toThrow(`pods "cart" is forbidden: ${text}`)
    const waiting = expect(admit(pod())).rejects.toThrow('serviceaccount "default" not found')
    await clock.advance(2_000)
    await waiting
  })
})
