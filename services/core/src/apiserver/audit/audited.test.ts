import type { IncomingMessage } from "node:http"
import { Duplex } from "node:stream"
import { gzipSync } from "node:zlib"
import { SimulatedClock } from "@wick/sdk/clock"
import { beforeEach, describe, expect, it } from "vitest"
import { stringify } from "yaml"
import { encodeProtobuf } from "../protobuf/encode.ts"
import { pushResponse, type Sink } from "../push-response.ts"
import { partsResponse } from "../respond.ts"
import type { Guarded } from "../security.ts"
import { audited } from "./audited.ts"
import type { AuditPolicy } from "./policy.ts"

interface Event {
  readonly stage: string
  readonly level: string
  readonly responseStatus?: { readonly code: number }
  readonly requestObject?: unknown
  readonly responseObject?: unknown
  readonly annotations?: Readonly<Record<string, string>>
}

const user = { name: "ann", groups: ["devs"] }
const pods = "/api/v1/namespaces/default/pods"
const policy: AuditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "RequestResponse" }],
}

let events: Event[]
beforeEach(() => {
  events = []
})

function guarded(answer: () => Response, more: Partial<AuditPolicy> = {}): Guarded {
  const server: Guarded = { handle: async () => answer(), upgrade: () => {} }
  return over(server, more)
}
function over(server: Guarded, more: Partial<AuditPolicy> = {}): Guarded {
  const write = (event: object): void => void events.push(event as Event)
  return audited(server, { policy: { ...policy, ...more }, clock: new SimulatedClock(), id: () => "1", write })
}
const stages = (): string[] => events.map(({ stage }) => stage)
const written = (count: number): Promise<unknown> => expect.poll(() => events.length).toBe(count)

function ask(server: Guarded, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { "content-type": "application/json", ...init.headers }
  return server.handle(new Request(`https://wick${path}`, { ...init, headers }), user)
}

describe("audited requests", () => {
  it("hold both bodies when the policy asks for them, and never a secret's", async () => {
    const server = guarded(() => Response.json({ made: true }, { status: 201 }))
    const post = { method: "POST", body: '{"a":"hidden"}' }
    await (await ask(server, "/api/v1/namespaces/default/secrets", post)).text()
    expect(await (await ask(server, pods, post)).json()).toEqual({ made: true })
    await written(2)
    expect(JSON.stringify(events[0])).not.toContain("hidden")
    expect(events[0]).toMatchObject({ level: "Metadata", verb: "create", responseStatus: { code: 201 } })
    expect(events[1]).toMatchObject({ requestObject: { a: "hidden" }, responseObject: { made: true } })
    expect(events[1]).toMatchObject({
      user: { username: "ann" },
      objectRef: { resource: "pods", namespace: "default" },
    })
  })

  it("hold answers as objects, in whatever form the client wants them", async () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web" }, spec: { containers: [] } }
    const answers: [type: string, bytes: Uint8Array, more?: object][] = [
      ["application/json", Buffer.from(JSON.stringify(pod))],
      ["application/json", gzipSync(JSON.stringify(pod)), { "content-encoding": "gzip" }],
      ["application/yaml", Buffer.from(stringify(pod))],
      ["application/vnd.kubernetes.protobuf", encodeProtobuf(pod)],
    ]
    for (const [type, bytes, more] of answers) {
      const headers = { "content-type": type, ...more }
      const answer = await ask(
        guarded(() => new Response(Uint8Array.from(bytes), { headers })),
        `${pods}/web`,
      )
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(bytes))
    }
    await written(answers.length)
    for (const event of events) expect(event.responseObject).toMatchObject({ kind: "Pod", metadata: { name: "web" } })
  })

  it("hold a list that is written part by part, and the client has all of it, too", async () => {
    const parts = ['{"items":[', '{"a":1},', '{"a":2}', "]}"].map((part) => Buffer.from(part))
    const answer = await ask(
      guarded(() => partsResponse(parts.values())),
      pods,
    )
    expect(await answer.json()).toEqual({ items: [{ a: 1 }, { a: 2 }] })
    await written(1)
    expect(events[0]?.responseObject).toEqual({ items: [{ a: 1 }, { a: 2 }] })
  })

  it("hold no body that is larger than an event may be, and say so", async () => {
    const long = Array.from({ length: 200 }, () => Buffer.alloc(1024, 0x20))
    const answer = await ask(
      guarded(() => partsResponse(long.values())),
      pods,
      { method: "POST", body: "{}" },
    )
    expect((await answer.text()).length).toBe(200 * 1024)
    await written(1)
    expect(events[0]).not.toHaveProperty("responseObject")
    expect(events[0]?.annotations).toEqual({ "audit.k8s.io/truncated": "true" })
  })

  it("leave managedFields out where the policy says so, of lists too, and not where a rule says otherwise", async () => {
    const object = { metadata: { name: "a", managedFields: [{}] } }
    const body = { ...object, items: [object] }
    const policies: [Partial<AuditPolicy>, unknown][] = [
      [{ omitManagedFields: true }, { metadata: { name: "a" }, items: [{ metadata: { name: "a" } }] }],
      [{ omitManagedFields: true, rules: [{ level: "RequestResponse", omitManagedFields: false }] }, body],
      [{}, body],
    ]
    for (const [more, seen] of policies) {
      const server = guarded(() => Response.json(body), more)
      await (await ask(server, pods, { method: "POST", body: JSON.stringify(body) })).text()
      await written(1)
      expect([events[0]?.requestObject, events[0]?.responseObject]).toEqual([seen, seen])
      events = []
    }
  })
})

describe("the id of a request", () => {
  it("is told in the answer, and is the client's own where that is one", async () => {
    const server = guarded(() => Response.json({}), { rules: [{ level: "Metadata" }] })
    const id = async (given?: string): Promise<string | null> =>
      (await ask(server, pods, given === undefined ? {} : { headers: { "audit-id": given } })).headers.get("audit-id")
    expect([await id(), await id("mine-7"), await id("no id {}")]).toEqual(["1", "mine-7", "1"])
    expect(events.map((event) => (event as { auditID?: string }).auditID)).toEqual(["1", "mine-7", "1"])
  })
})

describe("what goes on for long", () => {
  it("is written down when it begins and when its client leaves", async () => {
    let watching: Sink | undefined
    const watch = (): Response =>
      pushResponse(
        (sink) => {
          watching = sink
          return () => {}
        },
        { status: 200 },
      )
    const answer = await ask(guarded(watch, { omitStages: [] }), `${pods}?watch=true`)
    expect(stages()).toEqual(["RequestReceived", "ResponseStarted"])
    const reader = answer.body?.getReader()
    const first = reader?.read()
    watching?.write(Buffer.from("{}"))
    await first
    expect(stages()).toHaveLength(2)
    await reader?.cancel()
    await written(3)
    expect(events[2]).toMatchObject({ stage: "ResponseComplete", responseStatus: { code: 200 } })
    expect(events[2]).not.toHaveProperty("responseObject")
  })

  it("is written down when it ends by itself", async () => {
    const answer = await ask(
      guarded(() => new Response("line\n")),
      `${pods}/web/log`,
    )
    expect(stages()).toEqual(["ResponseStarted"])
    expect(await answer.text()).toBe("line\n")
    await written(2)
    expect(stages()).toEqual(["ResponseStarted", "ResponseComplete"])
  })

  it("over an upgraded connection ends with it, and a refused one has the refusal's code", async () => {
    const connection = (): Duplex => new Duplex({ read: () => {}, write: (_, __, done) => done() })
    const answering = (line: string): Guarded =>
      over({
        handle: async () => new Response(),
        upgrade: (_, socket) => void socket.write(`HTTP/1.1 ${line}\r\n\r\n`),
      })
    const incoming = { method: "GET", url: `${pods}/web/exec`, headers: {} } as IncomingMessage
    answering("403 Forbidden").upgrade(incoming, connection(), Buffer.alloc(0), user)
    expect(events).toMatchObject([{ stage: "ResponseComplete", responseStatus: { code: 403 } }])
    const socket = connection()
    answering("101 Switching Protocols").upgrade(incoming, socket, Buffer.alloc(0), user)
    expect(stages().slice(1)).toEqual(["ResponseStarted"])
    socket.write("bytes of the session")
    socket.destroy()
    await written(3)
    expect(events[2]).toMatchObject({ stage: "ResponseComplete", responseStatus: { code: 101 } })
  })
})
