import { describe, expect, it } from "vitest"
import { rule, splitTo } from "../testing/scripted-cluster.ts"
import { IngressTable } from "./ingress-table.ts"
import type { IngressSpecView, IngressView, RuleView } from "./ingress-view.ts"

const pathOf = (...names: (string | number)[]) => names.join("/")
const table = () => new IngressTable({ revision: pathOf, service: pathOf })

function ingress(name: string, spec: IngressSpecView, metadata: Partial<IngressView["metadata"]> = {}): IngressView {
  return { metadata: { name, namespace: "default", uid: name, generation: 1, ...metadata }, spec }
}

const to = (revision: string, host = "app.test") => ({ rules: [rule(host, { splits: [splitTo(revision)] })] })
const asked = { url: "/", rawHeaders: [] as string[] }
const local = (rule: RuleView): RuleView => ({ ...rule, visibility: "ClusterLocal" })

describe("the table of Ingresses", () => {
  it("leads a host to its revisions by percent, whatever the case and port", () => {
    const on = table()
    on.put(ingress("app", { rules: [rule("app.test", { splits: [splitTo("app-1", 80), splitTo("app-2", 20)] })] }))
    const chosen = Array.from({ length: 5 }, () => on.choose("APP.test.:8080", asked, false)?.target)
    expect(chosen.filter((target) => target === "default/app-2")).toHaveLength(1)
    expect(on.choose("other.test", asked, true)).toBeUndefined()
    expect(on.leadsTo("default/app-2")).toBe(true)
  })

  it("shows a cluster-local host only to callers inside", () => {
    const on = table()
    const inside = local(rule("app.default", { splits: [splitTo("app-1")] }))
    on.put(ingress("app", { rules: [inside, rule("app.test", { splits: [splitTo("app-1")] })] }))
    expect(on.choose("app.default", asked, false)).toBeUndefined()
    expect(on.choose("app.default", asked, true)?.target).toBe("default/app-1")
    expect(on.choose("app.test", asked, true)?.target).toBe("default/app-1")
  })

  it("takes the first path whose headers and start match", () => {
    const on = table()
    const tagged = { headers: { "Knative-Serving-Tag": { exact: "next" } }, splits: [splitTo("app-2")] }
    const challenge = { path: "/.well-known/acme-challenge/", splits: [splitTo("solver")] }
    on.put(ingress("app", { rules: [rule("app.test", tagged, challenge, { splits: [splitTo("app-1")] })] }))
    const chosen = (url: string, ...rawHeaders: string[]) => on.choose("app.test", { url, rawHeaders }, false)?.target
    expect(chosen("/", "knative-serving-tag", "next")).toBe("default/app-2")
    expect(chosen("/", "Knative-Serving-Tag", "unknown")).toBe("default/app-1")
    expect(chosen("/.well-known/acme-challenge/abc")).toBe("default/solver")
    expect(chosen("/.well-known/other")).toBe("default/app-1")
  })

  it("gives the application the headers that are meant for it, and none of the platform's own", () => {
    const on = table()
    const split = { ...splitTo("app-1"), appendHeaders: { "Knative-Serving-Revision": "app-1", "X-Split": "1" } }
    const path = { splits: [split], appendHeaders: { "Knative-Serving-Tag": "blue", "K-Original-Host": "x" } }
    on.put(ingress("app", { rules: [rule("app.test", path)] }))
    expect(on.choose("app.test", asked, false)?.headers).toEqual(["Knative-Serving-Tag", "blue", "X-Split", "1"])
  })

  it("adds no header that would be more than a line", () => {
    const on = table()
    const appendHeaders = {
      "Knative-Serving-Revision": "app-1",
      "X-Two": "1\r\nx-three: 3",
      "x four": "4",
      "x-five": "\u010a",
    }
    on.put(ingress("app", { rules: [rule("app.test", { splits: [{ ...splitTo("app-1"), appendHeaders }] })] }))
    expect(on.choose("app.test", asked, false)).toMatchObject({ target: "default/app-1", headers: undefined })
  })

  it("sends what asks for https to https, and on from a host that leads on", () => {
    const on = table()
    on.put(ingress("app", { ...to("app-1"), httpOption: "Redirected" }))
    expect(on.choose("app.test", asked, false)?.secureOnly).toBe(true)
    const inside = local(rule("app.default.svc.cluster.local", { splits: [splitTo("app-1")] }))
    on.put(ingress("inner", { rules: [inside] }))
    const onward = { rewriteHost: "app.default.svc.cluster.local", splits: [splitTo("app")] }
    on.put(ingress("domain", { rules: [rule("my.example", onward)], httpOption: "Redirected" }))
    expect(on.choose("my.example", asked, false)).toMatchObject({ target: "default/app-1", secureOnly: true })
    on.put(ingress("round", { rules: [rule("round.test", { ...onward, rewriteHost: "round.test" })] }))
    expect(on.choose("round.test", asked, true)).toBeUndefined()
  })

  it.each([{ order: ["old", "new"] }, { order: ["new", "old"] }])(
    "gives a host of two to the older one, and to the other when that goes ($order)",
    ({ order }) => {
      const on = table()
      const both = {
        old: ingress("zz-old", to("old-1"), { creationTimestamp: "2026-01-01T00:00:00Z" }),
        new: ingress("aa-new", to("new-1"), { creationTimestamp: "2026-01-01T00:00:01Z" }),
      }
      for (const name of order) on.put(both[name as keyof typeof both])
      expect(on.choose("app.test", asked, false)?.target).toBe("default/old-1")
      on.remove(both.old)
      expect(on.choose("app.test", asked, false)?.target).toBe("default/new-1")
      on.put(both.old)
      on.remove(both.new)
      expect(on.choose("app.test", asked, false)?.target).toBe("default/old-1")
    },
  )

  it("forgets the hosts that a changed Ingress no longer has, and one that became another gateway's", () => {
    const on = table()
    on.put(ingress("app", to("app-1", "old.test")))
    on.put(ingress("app", to("app-1", "new.test"), { generation: 2 }))
    expect(on.choose("old.test", asked, true)).toBeUndefined()
    expect(on.choose("new.test", asked, true)?.target).toBe("default/app-1")
    const annotations = { "networking.knative.dev/ingress.class": "istio.ingress.networking.knative.dev" }
    on.put(ingress("app", to("app-1", "new.test"), { generation: 2, annotations }))
    expect(on.choose("new.test", asked, true)).toBeUndefined()
  })

  it("does not begin a split anew when only a status has changed", () => {
    const on = table()
    const split = ingress("app", { rules: [rule("app.test", { splits: [splitTo("a", 50), splitTo("b", 50)] })] })
    on.put(split)
    const first = on.choose("app.test", asked, false)?.target
    on.put(split)
    expect(on.choose("app.test", asked, false)?.target).not.toBe(first)
  })

  it("says which generation it holds, and of which object", () => {
    const on = table()
    on.put(ingress("app", to("app-1"), { generation: 3 }))
    expect(on.held("default/app", 4, undefined)).toBeUndefined()
    expect(on.held("default/app", 3, "another")).toBeUndefined()
    expect(on.held("default/app", 2, "app")).toEqual(["default/app-1"])
  })
})
