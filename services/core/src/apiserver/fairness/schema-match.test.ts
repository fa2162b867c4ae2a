import { describe, expect, it } from "vitest"
import type { UserInfo } from "../authentication/user.ts"
import type { Action } from "../authorization/rule.ts"
import { flowControlObjects } from "./bootstrap-objects.ts"
import { configurationOf } from "./configuration.ts"
import { seatsOf } from "./work-estimate.ts"

const ofKind = (kind: string): never[] => flowControlObjects().filter((object) => object.kind === kind) as never[]
const { schemas } = configurationOf({ levels: ofKind("PriorityLevelConfiguration"), schemas: ofKind("FlowSchema") })

function resource(verb: string, path: string, namespace = "", group = ""): Action {
  const [plural = "", subresource = ""] = path.split("/")
  return { kind: "resource", verb, group, resource: plural, subresource, namespace, name: "x" }
}
const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, "system:authenticated"] })
const account = (namespace: string, name: string): UserInfo =>
  user(`system:serviceaccount:${namespace}:${name}`, "system:serviceaccounts", `system:serviceaccounts:${namespace}`)
const node = user("system:node:one", "system:nodes")
const leases = "coordination.k8s.io"
const path = (verb: string, at: string): Action => ({ kind: "path", verb, path: at })
const anonymous: UserInfo = { name: "system:anonymous", groups: ["system:unauthenticated"] }

describe("the schemas of a new cluster", () => {
  it.each<[UserInfo, Action, string]>([
    [user("admin", "system:masters"), resource("list", "pods"), "exempt"],
    [anonymous, path("get", "/healthz"), "probes"],
    [anonymous, path("get", "/healthz/ping"), "global-default"],
    [anonymous, path("get", "/version"), "global-default"],
    [user("jo"), resource("get", "pods", "shop"), "global-default"],
    [user("system:kube-scheduler"), resource("update", "leases", "kube-system", leases), "system-leader-election"],
    [user("system:kube-scheduler"), resource("watch", "leases", "kube-system", leases), "kube-scheduler"],
    [user("system:kube-controller-manager"), resource("update", "endpoints", "shop"), "endpoint-controller"],
    [user("system:kube-controller-manager"), resource("list", "pods"), "kube-controller-manager"],
    [account("kube-system", "dns"), resource("get", "leases", "kube-system", leases), "system-leader-election"],
    [account("kube-system", "dns"), resource("list", "pods"), "kube-system-service-accounts"],
    [account("shop", "robot"), resource("list", "pods"), "service-accounts"],
    [node, resource("patch", "nodes/status"), "system-node-high"],
    [node, resource("update", "leases", "kube-node-lease", leases), "system-node-high"],
    [node, resource("update", "pods/status", "shop"), "system-nodes"],
    [{ name: "nobody", groups: [] }, resource("list", "pods"), "catch-all"],
  ])("sort %o doing %o as %s", (who, action, name) => {
    expect(schemas.find((schema) => schema.matches(who, action))?.name).toBe(name)
  })

  it("of two with one precedence the first by name counts, and a path's last star stands for any rest", () => {
    const schema = (name: string, nonResourceURLs: string[]): never =>
      ({
        metadata: { name },
        spec: {
          priorityLevelConfiguration: { name: "exempt" },
          matchingPrecedence: 5,
          rules: [
            {
              subjects: [{ kind: "User", user: { name: "*" } }],
              nonResourceRules: [{ verbs: ["*"], nonResourceURLs }],
            },
          ],
        },
      }) as never
    const made = configurationOf({ levels: [], schemas: [schema("b", ["*"]), schema("a", ["/metrics/*", "/version"])] })
    const names = ["/metrics", "/metrics/slis", "/version"].map(
      (at) => made.schemas.find(({ matches }) => matches(anonymous, path("get", at)))?.name,
    )
    expect(names).toEqual(["b", "a", "a"])
  })
})

describe("the seats of a request", () => {
  it.each<[verb: string, query: string, name: string, seats: number]>([
    ["get", "", "web", 1],
    ["list", "", "", 5],
    ["list", "limit=250", "", 3],
    ["list", "limit=9000", "", 5],
    ["watch", "", "", 1],
    ["watch", "sendInitialEvents=true", "", 5],
    ["create", "", "", 1],
  ])("%s?%s of 420 objects: named %j it takes %i", (verb, query, name, seats) => {
    const request = { verb, name, query: new URLSearchParams(query) } as Parameters<typeof seatsOf>[0]
    expect(seatsOf(request, () => 420)).toBe(seats)
  })

  it("are never more than ten", () => {
    const request = { verb: "list", name: "", query: new URLSearchParams() } as Parameters<typeof seatsOf>[0]
    expect(seatsOf(request, () => 1_000_000)).toBe(10)
  })
})
