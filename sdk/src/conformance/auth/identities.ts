import type { Identity } from "../cluster.ts"
import { equal, holds, includes, isRefusal } from "../expectation.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"

export const reviews = {
  self: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
  token: "/apis/authentication.k8s.io/v1/tokenreviews",
  access: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
  selfAccess: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
  selfRules: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
} as const

/** Who the API server takes one for. */
export async function whoami({ wire }: World, as?: Identity) {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }
  return await wire("POST", reviews.self, review, as && { as })
}

export const knowing: Statement = (it) => {
  it("everybody can ask who he is", async (world) => {
    const { code, body } = await whoami(world)
    equal(code, 201)
    holds(body.status.userInfo.username, "the administrator has a name")
    holds(body.status.userInfo.groups.includes("system:authenticated"), "and is somebody known")
  })

  it("an administrator may stand in for another, with his groups and more", async (world) => {
    const as: Identity = {
      kind: "impersonated",
      user: "jo",
      groups: ["dev"],
      uid: "u-1",
      extra: { "example.com%2Fteam": "a" },
    }
    const { body } = await whoami(world, as)
    const { username, uid, groups, extra } = body.status.userInfo
    equal([username, uid, extra], ["jo", "u-1", { "example.com/team": ["a"] }])
    equal([...groups].sort(), ["dev", "system:authenticated"])
  })

  it("a service account that one stands in for has its groups", async (world) => {
    const user = `system:serviceaccount:${world.namespace}:default`
    const { body } = await whoami(world, { kind: "impersonated", user })
    equal([...body.status.userInfo.groups].sort(), [
      "system:authenticated",
      "system:serviceaccounts",
      `system:serviceaccounts:${world.namespace}`,
    ])
  })

  it("nobody stands in for another without the right to", async ({ wire, unique, namespace }) => {
    const as: Identity = { kind: "impersonated", user: unique("nobody") }
    const { body } = await wire("POST", reviews.access, access(namespace, { user: "x" }), { as })
    isRefusal(body, { reason: "Forbidden", code: 403 })
    const headers = { "impersonate-group": "dev" }
    const groupless = await wire("GET", "/version", undefined, { headers })
    holds(groupless.code >= 400, "a group without a user is no identity")
  })

  it("whoever has no credentials is anonymous, and a false token is nobody's", async (world) => {
    const { wire, path } = world
    const anonymous = await wire("GET", path("configmaps"), undefined, { as: { kind: "anonymous" } })
    holds(anonymous.code === 403 || anonymous.code === 401, "not let in")
    if (anonymous.code === 403) {
      includes(anonymous.body, {
        reason: "Forbidden",
        message: anonymous.body.message.replace(/User ".*?"/, 'User "system:anonymous"'),
      })
    }
    const { body } = await wire("GET", path("configmaps"), undefined, { as: { kind: "token", token: "nonsense" } })
    isRefusal(body, { reason: "Unauthorized", code: 401, message: "Unauthorized" })
  })
}

/** A question whether somebody may list config maps of a namespace. */
export function access(namespace: string, who: object, more: object = {}): object {
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { ...who, resourceAttributes: { namespace, verb: "list", resource: "configmaps", ...more } },
  }
}
