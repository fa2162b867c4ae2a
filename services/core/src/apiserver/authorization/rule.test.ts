import { describe, expect, it } from "vitest"
import { type Action, type PolicyRule, type ResourceAction, ruleAllows } from "./rule.ts"

const onPods: ResourceAction = {
  kind: "resource",
  verb: "get",
  group: "",
  resource: "pods",
  subresource: "",
  namespace: "default",
  name: "a",
}
const podReader: PolicyRule = { verbs: ["get"], apiGroups: [""], resources: ["pods"] }

describe("a rule", () => {
  it.each<{ name: string; rule: PolicyRule; action: Action; allowed: boolean }>([
    { name: "allows what it names", rule: podReader, action: onPods, allowed: true },
    { name: "allows no other verb", rule: podReader, action: { ...onPods, verb: "delete" }, allowed: false },
    { name: "allows no other group", rule: podReader, action: { ...onPods, group: "apps" }, allowed: false },
    {
      name: "for a resource is not for its subresources",
      rule: podReader,
      action: { ...onPods, subresource: "log" },
      allowed: false,
    },
    {
      name: "for a subresource is not for the resource",
      rule: { ...podReader, resources: ["pods/log"] },
      action: onPods,
      allowed: false,
    },
    {
      name: "for a subresource of anything allows it",
      rule: { ...podReader, resources: ["*/log"] },
      action: { ...onPods, subresource: "log" },
      allowed: true,
    },
    {
      name: "for all resources includes subresources",
      rule: { ...podReader, resources: ["*"] },
      action: { ...onPods, subresource: "exec" },
      allowed: true,
    },
    {
      name: "for one name allows that name",
      rule: { ...podReader, resourceNames: ["a"] },
      action: onPods,
      allowed: true,
    },
    {
      name: "for one name does not let others be listed",
      rule: { ...podReader, verbs: ["*"], resourceNames: ["a"] },
      action: { ...onPods, verb: "list", name: "" },
      allowed: false,
    },
    {
      name: "for resources says nothing of paths",
      rule: { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
      action: { kind: "path", verb: "get", path: "/metrics" },
      allowed: false,
    },
    {
      name: "for paths allows what begins like its star",
      rule: { verbs: ["get"], nonResourceURLs: ["/healthz/*"] },
      action: { kind: "path", verb: "get", path: "/healthz/etcd" },
      allowed: true,
    },
    {
      name: "for a path without a star allows that path only",
      rule: { verbs: ["get"], nonResourceURLs: ["/healthz"] },
      action: { kind: "path", verb: "get", path: "/healthz/etcd" },
      allowed: false,
    },
  ])("$name", ({ rule, action, allowed }) => expect(ruleAllows(rule, action)).toBe(allowed))
})
