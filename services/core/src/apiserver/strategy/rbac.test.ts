import type { AnyObject } from "@wick/sdk/api/kind"
import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { describe, expect, it } from "vitest"
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "./rbac.ts"
import type { Strategy } from "./strategy.ts"

const group = "rbac.authorization.k8s.io"
const of = (fields: object): AnyObject => ({ apiVersion: `${group}/v1`, kind: "", metadata: { name: "x" }, ...fields })
const says = (strategy: Strategy, fields: object, old?: object): string[] =>
  (strategy.validate?.(of(fields), old && of(old)) ?? []).map(describeFieldError)
const roleRef = { apiGroup: group, kind: "ClusterRole", name: "view" }

describe("roles", () => {
  it.each([
    {
      name: "need verbs, groups and resources",
      strategy: roles,
      rule: {},
      mistakes: [
        "rules[0].verbs: Required value: verbs must contain at least one value",
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[0].resources: Required value: resource rules must supply at least one resource",
      ],
    },
    {
      name: "of a namespace have nothing to say of paths",
      strategy: roles,
      rule: { verbs: ["get"], nonResourceURLs: ["/x"] },
      mistakes: ['rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
    },
    {
      name: "say something of paths or of resources, not of both",
      strategy: clusterRoles,
      rule: { verbs: ["get"], nonResourceURLs: ["/x"], resources: ["pods"] },
      mistakes: [
        'rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs',
      ],
    },
  ])("$name", ({ strategy, rule, mistakes }) => expect(says(strategy, { rules: [rule] })).toEqual(mistakes))
})

describe("bindings", () => {
  it("fill in the group of users and groups", () => {
    const binding = of({
      roleRef,
      subjects: [
        { kind: "User", name: "jo" },
        { kind: "ServiceAccount", name: "a", namespace: "b" },
      ],
    })
    roleBindings.prepareCreate?.(binding, 0)
    expect(binding.subjects).toEqual([
      { kind: "User", name: "jo", apiGroup: group },
      { kind: "ServiceAccount", name: "a", namespace: "b" },
    ])
    expect(roleBindings.validate?.(binding, undefined)).toEqual([])
  })

  it("never turn to another role", () => {
    const other = { ...roleRef, name: "admin" }
    expect(says(roleBindings, { roleRef: other }, { roleRef })).toEqual([
      `roleRef: Invalid value: ${JSON.stringify(other)}: cannot change roleRef`,
    ])
  })

  it("name subjects that there can be, wholly", () => {
    const subjects = [
      { kind: "Robot", name: "r" },
      { kind: "ServiceAccount", name: "a" },
      { kind: "User", name: "", apiGroup: group },
    ]
    expect(says(clusterRoleBindings, { roleRef, subjects })).toEqual([
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      "subjects[1].namespace: Required value",
      "subjects[2].name: Required value",
    ])
  })

  it("of the whole cluster bind no role of a namespace", () => {
    expect(says(clusterRoleBindings, { roleRef: { ...roleRef, kind: "Role" } })).toEqual([
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    ])
  })
})
