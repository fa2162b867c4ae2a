import { createHash } from "node:crypto"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { parseRequest } from "../request-info.ts"
import type { Guarded } from "../security.ts"
import { audited } from "./audited.ts"
import { openAuditLogFile } from "./log-file.ts"
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

describe("audited requests", () => {
  it("hold both bodies when the policy asks for them, and never a secret's", async () => {
    const events: Record<string, unknown>[] = []
    const server: Guarded = { handle: async () => Response.json({ made: true }, { status: 201 }), upgrade: () => {} }
    const told = Promise.withResolvers<void>()
    const guarded = audited(server, {
      policy: { ...policyOf({ level: "RequestResponse" }), omitStages: ["RequestReceived"] },
      clock: new SimulatedClock(),
      id: () => "1",
      write: (event) => {
        events.push(event as Record<string, unknown>)
        if (events.length === 2) told.resolve()
      },
    })
    const post = (path: string): Promise<Response> =>
      guarded.handle(new Request(`https://wick${path}`, { method: "POST", body: '{"a":"hidden"}' }), user)
    await post("/api/v1/namespaces/default/secrets")
    await post(pods)
    await told.promise
    expect(JSON.stringify(events[0])).not.toContain("hidden")
    expect(events[0]).toMatchObject({ level: "Metadata", verb: "create", responseStatus: { code: 201 } })
    expect(events[1]).toMatchObject({ requestObject: { a: "hidden" }, responseObject: { made: true } })
    expect(events[1]).toMatchObject({
      user: { username: "ann" },
      objectRef: { resource: "pods", namespace: "default" },
    })
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

describe("the audit log's file", () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "wick-audit-"))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  it("is one chain over restarts and files, of which the oldest go", async () => {
    for (let round = 0; round < 8; round += 1) {
      await using file = await openAuditLogFile({ directory, log: silentLog, fileBytesMax: 300 })
      file.write({ round, half: 1 })
      file.write({ round, half: 2 })
    }
    const names = ["audit.log.4", "audit.log.3", "audit.log.2", "audit.log.1", "audit.log"]
    const texts = await Promise.all(names.map((name) => readFile(join(directory, name), "utf8")))
    const lines = texts.join("").trimEnd().split("\n")
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ round: 7, half: 2 })
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ round: 3 })
    for (const [at, line] of lines.entries()) {
      const next = lines[at + 1]
      if (next) expect(JSON.parse(next).previous).toBe(createHash("sha256").update(line).digest("hex"))
    }
  })

  it("counts what it could not write, and holds nobody up", async () => {
    const file = await openAuditLogFile({ directory, log: silentLog })
    await rm(directory, { recursive: true })
    file.write({ a: 1 })
    await file[Symbol.asyncDispose]()
    expect(file.lost).toBe(1)
  })
})
