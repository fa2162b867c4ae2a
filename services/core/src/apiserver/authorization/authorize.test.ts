import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { authorize, type Requester, refusalText } from "./authorize.ts"
import { describeRights, rightsBeyond } from "./escalation.ts"
import { type Binding, createPolicy, type PolicyObjects } from "./policy.ts"
import { type PolicyRule, type ResourceAction, ruleAllows } from "./rule.ts"

const action: ResourceAction = {
  kind: "resource",
  verb: "get",
  group: "",
  resource: "pods",
  subresource: "",
  namespace: "a",
  name: "x",
}
const rule = (verb: string, resource: string): PolicyRule => ({ verbs: [verb], apiGroups: [""], resources: [resource] })
const nothing: PolicyObjects = { clusterRoles: [], roles: [], clusterRoleBindings: [], roleBindings: [] }
const jo = { name: "jo", groups: ["dev", "system:authenticated"] }

describe("authorization", () => {
  const readers: PolicyObjects = {
    ...nothing,
    clusterRoles: [{ metadata: { name: "reader" }, rules: [rule("get", "pods")] }],
    roles: [{ metadata: { name: "writer", namespace: "a" }, rules: [rule("update", "pods")] }],
  }
  const toReader = { kind: "ClusterRole", name: "reader" }

  it("refuses whoever nothing was granted to, in Kubernetes' words", () => {
    expect(authorize(jo, action, createPolicy(nothing)).allowed).toBe(false)
    expect(refusalText(jo, action)).toBe('User "jo" cannot get resource "pods" in API group "" in the namespace "a"')
    expect(refusalText(jo, { ...action, verb: "list", namespace: "", subresource: "log", group: "x.io" })).toBe(
      'User "jo" cannot list resource "pods/log" in API group "x.io" at the cluster scope',
    )
    expect(refusalText(jo, { kind: "path", verb: "get", path: "/metrics" })).toBe(
      'User "jo" cannot get path "/metrics"',
    )
  })

  it("lets a master do everything, whatever the policy", () => {
    const master = { name: "root", groups: ["system:masters"] }
    expect(authorize(master, { kind: "path", verb: "delete", path: "/x" }, createPolicy(nothing)).allowed).toBe(true)
  })

  it("grants a cluster role in one namespace through a RoleBinding there", () => {
    const policy = createPolicy({
      ...readers,
      roleBindings: [
        { metadata: { name: "b", namespace: "a" }, subjects: [{ kind: "Group", name: "dev" }], roleRef: toReader },
      ],
    })
    expect(authorize(jo, action, policy)).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/a" of ClusterRole "reader" to Group "dev"',
    })
    expect(authorize(jo, { ...action, namespace: "b" }, policy).allowed).toBe(false)
    expect(authorize(jo, { ...action, namespace: "" }, policy).allowed).toBe(false)
  })

  it("takes a service account for a user, of the binding's namespace if it names none", () => {
    const policy = createPolicy({
      ...readers,
      roleBindings: [
        {
          metadata: { name: "b", namespace: "a" },
          subjects: [{ kind: "ServiceAccount", name: "robot" }],
          roleRef: { kind: "Role", name: "writer" },
        },
      ],
    })
    const robot = { name: "system:serviceaccount:a:robot", groups: [] }
    expect(authorize(robot, { ...action, verb: "update" }, policy)).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/a" of Role "writer" to ServiceAccount "a/robot"',
    })
  })

  it("grants nothing through a binding to a role that is not there", () => {
    const policy = createPolicy({
      ...nothing,
      clusterRoleBindings: [{ metadata: { name: "b" }, subjects: [{ kind: "User", name: "jo" }], roleRef: toReader }],
    })
    expect(authorize(jo, action, policy).allowed).toBe(false)
  })

  it("adds up aggregated roles, also ones that select themselves", () => {
    const labelled = { aggregate: "yes" }
    const policy = createPolicy({
      ...nothing,
      clusterRoles: [
        {
          metadata: { name: "all", labels: labelled },
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: labelled }] },
          rules: [rule("delete", "nodes")],
        },
        { metadata: { name: "one", labels: labelled }, rules: [rule("get", "pods")] },
        { metadata: { name: "two" }, rules: [rule("get", "secrets")] },
      ],
    })
    expect(policy.rulesOfRole({ kind: "ClusterRole", name: "all" }, "")).toEqual([rule("get", "pods")])
  })

  it("decides as a plain search through all bindings does", () => {
    fc.assert(
      fc.property(policies, users, actions, (objects, user, wanted) => {
        expect(authorize(user, wanted, createPolicy(objects)).allowed).toBe(bruteForce(objects, user, wanted))
      }),
      { numRuns: 500 },
    )
  })
})

describe("escalation", () => {
  it("names each right that goes beyond one's own, verbs together", () => {
    const wanted = [{ verbs: ["get", "list"], apiGroups: [""], resources: ["pods", "secrets"] }]
    const beyond = rightsBeyond([rule("*", "pods")], wanted)
    expect(describeRights(beyond)).toBe('{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}')
  })

  it.each<{ name: string; owned: PolicyRule[]; wanted: PolicyRule; granted: boolean }>([
    {
      name: "a star is not covered by many names",
      owned: [rule("get", "pods")],
      wanted: rule("*", "pods"),
      granted: false,
    },
    {
      name: "two rules together cover two rights",
      owned: [rule("get", "pods"), rule("list", "pods")],
      wanted: { verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] },
      granted: true,
    },
    {
      name: "a right to one name does not cover all",
      owned: [{ ...rule("get", "pods"), resourceNames: ["a"] }],
      wanted: rule("get", "pods"),
      granted: false,
    },
    {
      name: "a right to all covers one name",
      owned: [rule("get", "pods")],
      wanted: { ...rule("get", "pods"), resourceNames: ["a"] },
      granted: true,
    },
    {
      name: "a path is covered by its prefix",
      owned: [{ verbs: ["get"], nonResourceURLs: ["/a/*"] }],
      wanted: { verbs: ["get"], nonResourceURLs: ["/a/b"] },
      granted: true,
    },
  ])("$name", ({ owned, wanted, granted }) => expect(rightsBeyond(owned, [wanted]).length === 0).toBe(granted))

  it("never lets a role allow what its maker may not do", () => {
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 4 }), rules, actions, (owned, wanted, action) => {
        if (rightsBeyond(owned, [wanted]).length > 0) return
        if (ruleAllows(wanted, action)) expect(owned.some((rule) => ruleAllows(rule, action))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

const some = (...values: string[]): fc.Arbitrary<string[]> => fc.subarray(values, { minLength: 1 })
const rules = fc.record({
  verbs: some("get", "list", "*"),
  apiGroups: some("", "apps", "*"),
  resources: some("pods", "pods/log", "*/log", "secrets", "*"),
  resourceNames: fc.subarray(["x", "y"]),
})
const name = fc.constantFrom("one", "two")
const namespace = fc.constantFrom("a", "b")
const roleRef = fc.record({ kind: fc.constantFrom("Role", "ClusterRole"), name })
const subjects = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom("User", "Group"),
      name: fc.constantFrom("jo", "dev", "system:serviceaccount:a:sa"),
    }),
    fc.record({
      kind: fc.constant("ServiceAccount"),
      name: fc.constant("sa"),
      namespace: fc.constantFrom("a", undefined),
    }),
  ),
  { maxLength: 3 },
)
const binding = (metadata: fc.Arbitrary<Binding["metadata"]>): fc.Arbitrary<Binding> =>
  fc.record({ metadata, subjects, roleRef })
const policies: fc.Arbitrary<PolicyObjects> = fc.record({
  clusterRoles: fc.uniqueArray(fc.record({ metadata: fc.record({ name }), rules: fc.array(rules, { maxLength: 2 }) }), {
    selector: (role) => role.metadata.name,
  }),
  roles: fc.uniqueArray(
    fc.record({ metadata: fc.record({ name, namespace }), rules: fc.array(rules, { maxLength: 2 }) }),
    { selector: (role) => `${role.metadata.namespace}/${role.metadata.name}` },
  ),
  clusterRoleBindings: fc.array(binding(fc.record({ name })), { maxLength: 3 }),
  roleBindings: fc.array(binding(fc.record({ name, namespace })), { maxLength: 4 }),
})
const users = fc.constantFrom(
  { name: "jo", groups: [] },
  { name: "ann", groups: ["dev", "ops"] },
  { name: "system:serviceaccount:a:sa", groups: ["system:serviceaccounts"] },
)
const actions: fc.Arbitrary<ResourceAction> = fc.record({
  kind: fc.constant("resource"),
  verb: fc.constantFrom("get", "list", "delete"),
  group: fc.constantFrom("", "apps"),
  resource: fc.constantFrom("pods", "secrets"),
  subresource: fc.constantFrom("", "log"),
  namespace: fc.constantFrom("", "a", "b"),
  name: fc.constantFrom("", "x", "z"),
})

/** RBAC's definition read aloud, with nothing looked up and nothing clever. */
function bruteForce(objects: PolicyObjects, user: Requester, wanted: ResourceAction): boolean {
  const applies = ({ subjects, metadata }: Binding): boolean =>
    (subjects ?? []).some(({ kind, name, namespace }) => {
      if (kind === "User") return name === user.name
      if (kind === "Group") return user.groups.includes(name)
      return user.name === `system:serviceaccount:${namespace ?? metadata.namespace ?? ""}:${name}`
    })
  const rulesFor = ({ roleRef, metadata }: Binding): readonly PolicyRule[] => {
    if (roleRef.kind === "ClusterRole")
      return objects.clusterRoles.find((r) => r.metadata.name === roleRef.name)?.rules ?? []
    const isTheRole = (role: { metadata: { name: string; namespace: string } }): boolean =>
      role.metadata.name === roleRef.name && role.metadata.namespace === metadata.namespace
    return objects.roles.find(isTheRole)?.rules ?? []
  }
  const inNamespace = objects.roleBindings.filter(({ metadata }) => metadata.namespace === wanted.namespace)
  const bindings = [...objects.clusterRoleBindings, ...inNamespace].filter(applies)
  return bindings.flatMap(rulesFor).some((rule) => ruleAllows(rule, wanted))
}
