import type { AnyObject } from "@wick/sdk/api/kind"
import { describe, expect, it } from "vitest"
import type { AdmissionAttributes } from "../admission/step.ts"
import { authorize } from "./authorize.ts"
import type { Authorizer } from "./authorizer.ts"
import { createEscalationCheck } from "./escalation-check.ts"
import { createPolicy, type PolicyObjects } from "./policy.ts"

const reader = { metadata: { name: "reader" }, rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }] }
const everything = { metadata: { name: "everything" }, rules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }] }

/** Jo may read pods, may bind the role "everything" if `binder`, and may escalate if `escalator`. */
function authorizerOf(more: "nothing" | "binder" | "escalator"): Authorizer {
  const apiGroups = ["rbac.authorization.k8s.io"]
  const rules = {
    nothing: [],
    binder: [{ verbs: ["bind"], apiGroups, resources: ["clusterroles"], resourceNames: ["everything"] }],
    escalator: [{ verbs: ["escalate"], apiGroups, resources: ["clusterroles"] }],
  }[more]
  const roleOf = (name: string): PolicyObjects["clusterRoleBindings"][number] => ({
    metadata: { name },
    subjects: [{ kind: "User", name: "jo" }],
    roleRef: { kind: "ClusterRole", name },
  })
  const policy = createPolicy({
    clusterRoles: [reader, everything, { metadata: { name: "more" }, rules }],
    roles: [],
    clusterRoleBindings: [roleOf("reader"), roleOf("more")],
    roleBindings: [],
  })
  return {
    ready: Promise.resolve(),
    authorize: (user, action) => authorize(user, action, policy),
    policy: () => policy,
    close: () => {},
  }
}

function write(resource: string, object: object, changed: Partial<AdmissionAttributes> = {}): AdmissionAttributes {
  return {
    operation: "CREATE",
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind: "",
    resource,
    subresource: "",
    namespace: "",
    name: "new",
    object: object as AnyObject,
    oldObject: undefined,
    user: { name: "jo", groups: ["dev"] },
    dryRun: false,
    warn: () => {},
    ...changed,
  }
}

const check = (attributes: AdmissionAttributes, more: Parameters<typeof authorizerOf>[0] = "nothing"): void => {
  void createEscalationCheck(authorizerOf(more)).validate?.(attributes)
}

describe("escalation check", () => {
  it("lets one write a role of rights that one has", () => {
    check(write("clusterroles", { rules: reader.rules }))
  })

  it("refuses a role of others, and lists which", () => {
    const rules = [{ verbs: ["get", "delete"], apiGroups: [""], resources: ["pods"] }]
    expect(() => check(write("clusterroles", { rules }))).toThrow(
      'clusterroles.rbac.authorization.k8s.io "new" is forbidden: user "jo" (groups=["dev"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    )
  })

  it("refuses to bind a role that can do more than oneself, unless one may bind that role", () => {
    const binding = write("clusterrolebindings", { roleRef: { kind: "ClusterRole", name: "everything" } })
    expect(() => check(binding)).toThrow("not currently held")
    check(binding, "binder")
  })

  it("refuses to bind a role that is not there yet: it could be filled later", () => {
    const binding = write("clusterrolebindings", { roleRef: { kind: "ClusterRole", name: "nowhere" } })
    expect(() => check(binding)).toThrow('clusterroles.rbac.authorization.k8s.io "nowhere" not found')
  })

  it("lets escalators write what they want, and masters too", () => {
    check(write("clusterroles", { rules: everything.rules }), "escalator")
    check(write("clusterroles", { rules: everything.rules }, { user: { name: "root", groups: ["system:masters"] } }))
  })

  it("does not judge what was there before and is not changed", () => {
    const object = { rules: everything.rules, metadata: { labels: { a: "b" } } }
    const oldObject = { rules: everything.rules } as unknown as AnyObject
    check(write("clusterroles", object, { operation: "UPDATE", oldObject }))
  })

  it("lets only who has every right make a role that others can fill", () => {
    const role = { aggregationRule: { clusterRoleSelectors: [] }, rules: [] }
    expect(() => check(write("clusterroles", role))).toThrow("not currently held")
  })
})
