import type { Identity } from "../cluster.ts"
import { equal, holds, isRefusal, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import { configMap } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import { access, reviews } from "./identities.ts"

const rbac = "rbac.authorization.k8s.io/v1"
const apiGroup = "rbac.authorization.k8s.io"

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

const maps = (...verbs: string[]): Rule => ({ apiGroups: [""], resources: ["configmaps"], verbs })
const role = (name: string, rules: readonly Rule[]) => ({ apiVersion: rbac, kind: "Role", metadata: { name }, rules })
const binding = (name: string, roleName: string, user: string, kind = "Role") => ({
  apiVersion: rbac,
  kind: "RoleBinding",
  metadata: { name },
  subjects: [{ kind: "User", apiGroup, name: user }],
  roleRef: { apiGroup, kind, name: roleName },
})

/** Somebody who may do this in the case's namespace, and nothing else. */
async function somebody({ wire, path, unique }: World, ...rules: Rule[]): Promise<Identity & { user: string }> {
  const user = unique("jo")
  await wire("POST", path(`${rbac} roles`), role(user, rules))
  const { code, text } = await wire("POST", path(`${rbac} rolebindings`), binding(user, user, user))
  holds(code === 201, text)
  return { kind: "impersonated", user }
}

async function allowed({ wire, namespace }: World, user: string, more: object): Promise<boolean> {
  return (await wire("POST", reviews.access, access(namespace, { user }, more))).body.status.allowed
}

export const allowing: Statement = (it) => {
  it("whoever has no right is refused, and told which", async ({ wire, path, unique, namespace }) => {
    const user = unique("jo")
    const { body } = await wire("GET", path("configmaps"), undefined, { as: { kind: "impersonated", user } })
    isRefusal(body, {
      reason: "Forbidden",
      code: 403,
      message: `configmaps is forbidden: User "${user}" cannot list resource "configmaps" in API group "" in the namespace "${namespace}"`,
    })
    equal(body.details, { kind: "configmaps" })
    const named = await wire("GET", path("apps/v1 deployments", "/web"), undefined, {
      as: { kind: "impersonated", user },
    })
    says(
      named.body.message,
      /^deployments\.apps "web" is forbidden: User .* cannot get resource "deployments" in API group "apps"/,
    )
  })

  it("a role and its binding allow what they say, and no more", async (world) => {
    const { wire, path } = world
    const as = await somebody(world, maps("get", "list"))
    await eventually(world.clock, async () =>
      equal((await wire("GET", path("configmaps"), undefined, { as })).code, 200),
    )
    equal((await wire("POST", path("configmaps"), configMap("a"), { as })).code, 403)
    equal((await wire("GET", path("secrets"), undefined, { as })).code, 403)
    equal((await wire("GET", "/api/v1/configmaps", undefined, { as })).code, 403)
    await wire("DELETE", path(`${rbac} rolebindings`, `/${as.user}`))
    await eventually(world.clock, async () =>
      equal((await wire("GET", path("configmaps"), undefined, { as })).code, 403),
    )
  })

  it("a rule may be of one object, a subresource or a watch", async (world) => {
    const { wire, path } = world
    const scale = { apiGroups: ["apps"], resources: ["deployments/scale"], verbs: ["update"] }
    const { user, ...rest } = await somebody(world, { ...maps("get"), resourceNames: ["one"] }, scale)
    const as = { ...rest, user }
    await wire("POST", path("configmaps"), configMap("one"))
    await eventually(world.clock, async () =>
      equal((await wire("GET", path("configmaps", "/one"), undefined, { as })).code, 200),
    )
    equal((await wire("GET", path("configmaps", "/two"), undefined, { as })).code, 403)
    const deployments = { group: "apps", resource: "deployments", verb: "update" }
    equal(await allowed(world, user, deployments), false)
    equal(await allowed(world, user, { ...deployments, subresource: "scale" }), true)
    equal(await allowed(world, user, { verb: "watch" }), false)
  })

  it("a cluster role may be bound in one namespace", async (world) => {
    const { wire, path, unique } = world
    const user = unique("jo")
    await wire("POST", path(`${rbac} rolebindings`), binding("viewer", "view", user, "ClusterRole"))
    await eventually(world.clock, async () => equal(await allowed(world, user, {}), true))
    equal(await allowed(world, user, { verb: "create" }), false)
    equal(await allowed(world, user, { resource: "secrets" }), false)
    equal(await allowed(world, user, { namespace: "kube-system" }), false)
  })

  it("one can ask what oneself may, at once and one by one", async (world) => {
    const { wire, namespace } = world
    const as = await somebody(world, maps("get", "list"))
    const ask = async (verb: string) => {
      const { body } = await wire(
        "POST",
        reviews.selfAccess,
        { ...access(namespace, {}, { verb }), kind: "SelfSubjectAccessReview" },
        { as },
      )
      return body.status.allowed
    }
    await eventually(world.clock, async () => equal(await ask("list"), true))
    equal(await ask("delete"), false)
    const review = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } }
    const { body } = await wire("POST", reviews.selfRules, review, { as })
    const own = body.status.resourceRules.find((rule: Rule) => rule.resources.includes("configmaps"))
    equal([...own.verbs].sort(), ["get", "list"])
  })

  it("paths that are no resources have rights of their own", async (world) => {
    const { wire, unique } = world
    const as: Identity = { kind: "impersonated", user: unique("jo") }
    equal((await wire("GET", "/version", undefined, { as })).code, 200)
    equal((await wire("GET", "/apis", undefined, { as })).code, 200)
    const { code, body } = await wire("GET", "/metrics", undefined, { as })
    equal(code, 403)
    says(body.message, /forbidden: User ".*" cannot get path "\/metrics"/)
  })

  it("whoever applies what is not there needs the right to create it", async (world) => {
    const as = await somebody(world, maps("get", "patch"))
    const apply = () => world.patch("apply", world.path("configmaps", "/a?fieldManager=jo"), configMap("a"), { as })
    await eventually(world.clock, async () => equal(await allowed(world, as.user, { verb: "patch", name: "a" }), true))
    isRefusal((await apply()).body, { reason: "Forbidden", code: 403 })
    await world.wire("POST", world.path("configmaps"), configMap("a", {}))
    equal((await apply()).code, 200)
  })
}

export const escalating: Statement = (it) => {
  const rules = (...verbs: string[]): Rule => ({ apiGroups: [apiGroup], resources: ["roles", "rolebindings"], verbs })

  it("nobody gives a right that he has not", async (world) => {
    const { wire, path } = world
    const as = await somebody(world, rules("create", "update", "get"), maps("get"))
    await eventually(world.clock, async () => equal(await allowed(world, as.user, { verb: "get" }), true))
    const more = await wire("POST", path(`${rbac} roles`), role("more", [maps("get", "delete")]), { as })
    isRefusal(more.body, {
      reason: "Forbidden",
      code: 403,
      message:
        /is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["configmaps"\], Verbs:\["delete"\]\}/,
    })
    equal((await wire("POST", path(`${rbac} roles`), role("same", [maps("get")]), { as })).code, 201)
  })

  it("nobody binds a role that allows more than he may", async (world) => {
    const { wire, path } = world
    const as = await somebody(world, rules("create"), maps("get"))
    await eventually(world.clock, async () => equal(await allowed(world, as.user, { verb: "get" }), true))
    const bound = await wire("POST", path(`${rbac} rolebindings`), binding("up", "admin", as.user, "ClusterRole"), {
      as,
    })
    isRefusal(bound.body, {
      reason: "Forbidden",
      code: 403,
      message: /attempting to grant RBAC permissions not currently held/,
    })
  })

  it("the rights to escalate and to bind are rights of their own", async (world) => {
    const { wire, path } = world
    const as = await somebody(world, rules("create", "escalate", "bind"))
    await eventually(world.clock, async () => {
      const { code } = await wire("POST", path(`${rbac} roles`), role("more", [maps("*")]), { as })
      holds(code === 201 || code === 409, "made")
    })
    equal((await wire("POST", path(`${rbac} rolebindings`), binding("more", "more", as.user), { as })).code, 201)
  })

  it("a binding keeps its role", async ({ wire, path }) => {
    await wire("POST", path(`${rbac} rolebindings`), binding("b", "one", "jo"))
    const { body } = await wire("PUT", path(`${rbac} rolebindings`, "/b"), binding("b", "two", "jo"))
    isRefusal(body, { reason: "Invalid", code: 422, message: /cannot change roleRef/, fields: ["roleRef"] })
  })
}
