import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { createMemoryStorage } from "#store"
import { createAuthorizer } from "./authorizer.ts"

const registry = "/registry/rbac.authorization.k8s.io"
const list = {
  kind: "resource",
  verb: "list",
  group: "",
  resource: "pods",
  subresource: "",
  namespace: "",
  name: "",
} as const

describe("authorizer", () => {
  it("decides by the roles and bindings in the store as they are now", async () => {
    const clock = new SimulatedClock()
    const storage = createMemoryStorage({ clock })
    const put = async (path: string, object: unknown): Promise<void> => {
      const value = Buffer.from(JSON.stringify(object))
      await storage.txn({ compare: [], success: [{ kind: "put", key: `${registry}/${path}`, value }], failure: [] })
      await new Promise((resolve) => setImmediate(resolve))
    }
    const rules = [{ verbs: ["list"], apiGroups: [""], resources: ["pods"] }]
    await put("clusterroles/lister", { metadata: { name: "lister" }, rules })
    const authorizer = createAuthorizer({ storage, clock })
    await authorizer.ready
    const jo = { name: "jo", groups: [] }
    expect(authorizer.authorize(jo, list).allowed).toBe(false)
    const roleRef = { kind: "ClusterRole", name: "lister" }
    await put("clusterrolebindings/b", { metadata: { name: "b" }, subjects: [{ kind: "User", name: "jo" }], roleRef })
    expect(authorizer.authorize(jo, list).allowed).toBe(true)
    await put("clusterroles/lister", { metadata: { name: "lister" }, rules: [] })
    expect(authorizer.authorize(jo, list).allowed).toBe(false)
    authorizer.close()
    await storage.close()
  })
})
