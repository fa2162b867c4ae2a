import type { AnyObject } from "@wick/sdk/api/kind"
import { describe, expect, it } from "vitest"
import { authorize } from "../authorization/authorize.ts"
import { createPolicy, type PolicyObjects } from "../authorization/policy.ts"
import { bootstrapObjects, ensureBootstrapObjects, identities } from "./index.ts"
import { reconciled } from "./reconcile.ts"

const address = { ip: "192.168.1.7", port: 6443, clusterIp: "10.96.0.1" }
const trusted = { clientPem: "clients", frontProxyPem: "front proxies", frontProxyName: "front-proxy-client" }
const objects = bootstrapObjects(address, trusted)
const ofKind = (kind: string): never[] => objects.filter((object) => object.kind === kind) as never[]
const find = (kind: string, name: string): AnyObject =>
  objects.find((object) => object.kind === kind && object.metadata.name === name) as AnyObject

/** The bootstrap policy, with one binding of a role to user "jo" in namespace "shop". */
function may(role: string): (verb: string, resource: string, namespace?: string) => boolean {
  const binding = { metadata: { name: "b", namespace: "shop" }, subjects: [{ kind: "User", name: "jo" }] }
  const roleBindings: PolicyObjects["roleBindings"] = [{ ...binding, roleRef: { kind: "ClusterRole", name: role } }]
  return asks({ name: "jo", groups: ["system:authenticated"] }, roleBindings)
}

function asks(
  user: { name: string; groups: readonly string[] },
  roleBindings: PolicyObjects["roleBindings"] = [],
): (verb: string, resource: string, namespace?: string) => boolean {
  const clusterRoleBindings = ofKind("ClusterRoleBinding")
  const policy = createPolicy({ clusterRoles: ofKind("ClusterRole"), roles: [], clusterRoleBindings, roleBindings })
  return (verb, full, namespace = "shop") => {
    const [path = "", group = ""] = full.split(".")
    const [resource = "", subresource = ""] = path.split("/")
    return authorize(user, { kind: "resource", verb, group, resource, subresource, namespace, name: "x" }, policy)
      .allowed
  }
}

describe("bootstrap roles", () => {
  it("let a viewer see all but secrets and roles", () => {
    const view = may("view")
    expect(["pods", "pods/log", "configmaps", "deployments.apps"].every((resource) => view("list", resource))).toBe(
      true,
    )
    expect(["secrets", "roles.rbac"].some((resource) => view("get", resource))).toBe(false)
    expect(view("delete", "pods")).toBe(false)
    expect(view("list", "pods", "other")).toBe(false)
  })

  it("let an editor change what runs, but not who may do what", () => {
    const edit = may("edit")
    expect([edit("create", "pods"), edit("get", "secrets"), edit("create", "pods/exec")]).toEqual([true, true, true])
    const policy = createPolicy({
      clusterRoles: ofKind("ClusterRole"),
      roles: [],
      clusterRoleBindings: [],
      roleBindings: [],
    })
    const rules = policy.rulesOfRole({ kind: "ClusterRole", name: "edit" }, "") ?? []
    expect(rules.some((rule) => rule.apiGroups?.includes("rbac.authorization.k8s.io"))).toBe(false)
  })

  it("let an admin give rights within the namespace", () => {
    const policy = createPolicy({
      clusterRoles: ofKind("ClusterRole"),
      roles: [],
      clusterRoleBindings: [],
      roleBindings: [],
    })
    const rules = policy.rulesOfRole({ kind: "ClusterRole", name: "admin" }, "") ?? []
    expect(rules.some((rule) => rule.resources?.includes("rolebindings"))).toBe(true)
  })

  it("give each part of core what it works with and no more", () => {
    const scheduler = asks(identities.scheduler)
    expect([
      scheduler("create", "pods/binding"),
      scheduler("watch", "nodes", ""),
      scheduler("create", "events"),
    ]).toEqual([true, true, true])
    expect([scheduler("get", "secrets"), scheduler("create", "pods")]).toEqual([false, false])
    const controllers = asks(identities.controllers)
    expect([controllers("create", "pods"), controllers("delete", "widgets.example", "")]).toEqual([true, true])
    expect(controllers("create", "clusterrolebindings.rbac", "")).toBe(false)
    const node = asks(identities.node("one"))
    expect([node("patch", "pods/status"), node("get", "secrets"), node("create", "serviceaccounts/token")]).toEqual([
      true,
      true,
      true,
    ])
    expect([node("update", "secrets"), node("create", "pods/binding")]).toEqual([false, false])
    const attacher = asks(identities.attacher)
    expect([attacher("get", "secrets"), attacher("list", "secrets"), attacher("create", "pods")]).toEqual([
      true,
      false,
      false,
    ])
    const network = asks(identities.network)
    expect([network("watch", "services", ""), network("get", "secrets")]).toEqual([true, false])
  })
})

describe("bootstrap", () => {
  it("leaves alone what serves already, and what people added", () => {
    for (const object of objects) expect(reconciled(object, object)).toBeUndefined()
    const more = { verbs: ["get"], apiGroups: ["x.io"], resources: ["things"] }
    const role = find("ClusterRole", "system:basic-user")
    const extended = { ...role, rules: [more, ...(role.rules as object[])] }
    expect(reconciled(extended, role)).toBeUndefined()
  })

  it("gives back what a role or binding has lost, unless it says not to", () => {
    const role = find("ClusterRole", "system:basic-user")
    const [, second] = role.rules as object[]
    const lost: AnyObject = { ...role, rules: [second] }
    expect(reconciled(lost, role)?.rules).toHaveLength(2)
    const fixed: AnyObject = {
      ...lost,
      metadata: { name: "x", annotations: { "rbac.authorization.kubernetes.io/autoupdate": "false" } },
    }
    expect(reconciled(fixed, role)).toBeUndefined()
    const binding = find("ClusterRoleBinding", "cluster-admin")
    expect(reconciled({ ...binding, subjects: [] }, binding)?.subjects).toEqual(binding.subjects)
  })

  it("follows the API server to another address", () => {
    const moved = bootstrapObjects({ ...address, ip: "192.168.1.8" }, trusted)
    const slice = moved.find((object) => object.kind === "EndpointSlice") as AnyObject
    expect(reconciled(find("EndpointSlice", "kubernetes"), slice)).toMatchObject({
      endpoints: [{ addresses: ["192.168.1.8"] }],
    })
  })

  it("makes what is missing, namespaces first, and bears losing a race", async () => {
    const made: string[] = []
    const stored = new Map<string, AnyObject>()
    const fetch = async (request: Request): Promise<Response> => {
      const pathname = decodeURIComponent(new URL(request.url).pathname)
      if (request.method === "GET") {
        const found = stored.get(pathname)
        return found ? Response.json(found) : Response.json({ reason: "NotFound" }, { status: 404 })
      }
      const object = (await request.json()) as AnyObject
      made.push(`${request.method} ${object.kind}`)
      stored.set(`${pathname}/${object.metadata.name}`, object)
      const lost = object.metadata.name === "view"
      return lost ? Response.json({ reason: "AlreadyExists" }, { status: 409 }) : Response.json(object, { status: 201 })
    }
    await ensureBootstrapObjects(fetch, objects)
    expect(made).toHaveLength(objects.length)
    expect(made.slice(0, 4)).toEqual(Array(4).fill("POST Namespace"))
    expect(stored.has("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")).toBe(true)
    made.length = 0
    await ensureBootstrapObjects(fetch, objects)
    expect(made).toEqual([])
  })
})
