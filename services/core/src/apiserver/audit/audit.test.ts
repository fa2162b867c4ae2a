import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { parseRequest } from "../request-info.ts"
import type { Guarded } from "../security.ts"
import { audited } from "./audited.ts"
import { type AuditPolicy, type AuditRule, checkPolicy, defaultPolicy, type Level, verdictOf } from "./policy.ts"

const user = { name: "ann", groups: ["devs"] }
const policyOf = (...rules: AuditRule[]): AuditPolicy => ({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules })
const pods = "/api/v1/namespaces/default/pods"

function level(policy: AuditPolicy, method: string, path: string): Level {
  return verdictOf(policy, user, parseRequest(method, new URL(path, "https://wick"))).level
}

describe("an audit policy", () => {
  it("writes down by default who writes, and nothing of reads and leases", () => {
    expect(level(defaultPolicy, "POST", pods)).toBe("Metadata")
    expect(level(defaultPolicy, "GET", pods)).toBe("None")
    expect(level(defaultPolicy, "PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b")).toBe("None")
  })

  it("judges by user, group, verb, namespace, resource, subresource and path", () => {
    const judge = (rule: Partial<AuditRule>, path = `${pods}/web`): Level =>
      level(policyOf({ level: "Request", ...rule }), "GET", path)
    expect(judge({ users: ["ann"], userGroups: ["devs"], verbs: ["get"], namespaces: ["default"] })).toBe("Request")
    expect(judge({ users: ["bob"] })).toBe("None")
    expect(judge({ userGroups: ["ops"] })).toBe("None")
    expect(judge({ verbs: ["list"] })).toBe("None")
    expect(judge({ namespaces: ["other"] })).toBe("None")
    expect(judge({ resources: [{ group: "", resources: ["pods"] }] })).toBe("Request")
    expect(judge({ resources: [{ group: "", resources: ["pods"] }] }, `${pods}/web/log`)).toBe("None")
    expect(judge({ resources: [{ group: "", resources: ["pods/*"] }] }, `${pods}/web/log`)).toBe("Request")
    expect(judge({ resources: [{ group: "", resourceNames: ["api"] }] })).toBe("None")
    expect(judge({ nonResourceURLs: ["/health*"] }, "/healthz")).toBe("Request")
    expect(judge({ nonResourceURLs: ["/health*"] })).toBe("None")
  })

  it("is refused with the field that is wrong", () => {
    expect(() => checkPolicy(policyOf({ level: "All" as Level }))).toThrow('rules[0].level: Unsupported value: "All"')
  })
})

describe("who is written down", () => {
  it("is whoever asks in another's name, beside that name; and who was not let in, too", async () => {
    const events: object[] = []
    const server: Guarded = { handle: async () => Response.json({}), upgrade: () => {} }
    const guarded = audited(server, {
      policy: policyOf({ level: "Metadata", users: ["ann", ""] }),
      clock: new SimulatedClock(),
      id: () => "1",
      write: (event) => events.push(event),
    })
    const peer = { address: "10.0.0.9", certificate: { kind: "none" } } as const
    await guarded.handle(new Request(`https://wick${pods}`), { name: "bob", groups: [] }, peer, user)
    expect(events.at(-1)).toMatchObject({ user: { username: "ann" }, impersonatedUser: { username: "bob" } })
    const asked = { method: "GET", url: `https://wick${pods}`, userAgent: "x", user: undefined, peer, code: 401 }
    guarded.refused?.(asked)
    expect(events.at(-1)).toMatchObject({
      user: { username: "" },
      sourceIPs: ["10.0.0.9"],
      stage: "ResponseComplete",
      responseStatus: { code: 401 },
    })
  })
})
