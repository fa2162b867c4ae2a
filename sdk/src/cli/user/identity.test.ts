import { describe, expect, it } from "vitest"
import { bindingOf, parseGrant } from "./access.ts"
import { checkIdentity } from "./identity.ts"

const hourMs = 3_600_000

describe("a user's name, groups and expiry", () => {
  it.each([
    ["ann@example.com", ["dev team", "ops"], hourMs],
    ["ann", [], 600_000],
  ])("%s is taken", (name, groups, expiresMs) => {
    expect(() => checkIdentity(name, groups, expiresMs)).not.toThrow()
  })

  it.each([
    ["an empty name", "", [], hourMs, "must not be empty"],
    ["a component's name", "system:node:a", [], hourMs, '"system:" begins the names of Kubernetes\' own components'],
    ["a name over two lines", "ann\nbob", [], hourMs, "must not have control characters in it"],
    ["a name that no certificate holds", "a".repeat(65), [], hourMs, "must be no more than 64 bytes"],
    ["the masters' group", "ann", ["system:masters"], hourMs, "no certificate makes a master"],
    ["a component's group", "ann", ["system:nodes"], hourMs, 'group "system:nodes"'],
    ["too short a time", "ann", [], 599_000, "must be at least 10m"],
    ["too long a time", "ann", [], 70 * 366 * 24 * hourMs, "must be less than 68 years"],
  ])("%s is refused", (_, name, groups, expiresMs, message) => {
    expect(() => checkIdentity(name, groups, expiresMs)).toThrow(message)
  })
})

describe("a role", () => {
  it.each([
    ["view", undefined, { roleKind: "ClusterRole", role: "view", namespace: undefined }],
    ["view", "shop", { roleKind: "ClusterRole", role: "view", namespace: "shop" }],
    ["shop:deployer", "other", { roleKind: "Role", role: "deployer", namespace: "shop" }],
    ["system:node-reader", undefined, { roleKind: "ClusterRole", role: "system:node-reader", namespace: undefined }],
  ])("%s with -n %s is read as it is meant", (text, namespace, grant) => {
    expect(parseGrant(text, namespace)).toEqual(grant)
  })

  it.each([":a", "a:"])("%s is refused", (text) => expect(() => parseGrant(text, undefined)).toThrow("NAMESPACE:ROLE"))

  it("is bound in its namespace, to the user alone", () => {
    expect(bindingOf("ann", parseGrant("shop:deployer", undefined))).toMatchObject({
      metadata: { name: "wick:user:ann:deployer", namespace: "shop" },
      subjects: [{ kind: "User", name: "ann" }],
      roleRef: { kind: "Role", name: "deployer" },
    })
  })
})
