import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type Server } from "node:https"
import { type AddressInfo, connect, createServer as createNetServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AnyObject } from "@wick/sdk/api/kind"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest"
import { openPki, type Pki } from "#pki"
import { createMemoryStorage, type Storage } from "#store"
import type { AdmissionAttributes } from "../step.ts"
import { createWebhookAdmission } from "./index.ts"

type Question = { uid: string; object: AnyObject; dryRun: boolean; operation: string; userInfo: { username: string } }
type Answering = (question: Question) => object | Promise<object>

let directory: string
let pki: Pki
let server: Server
let port: number
let connections = 0
let storage: Storage
let clock: SimulatedClock
let admission: ReturnType<typeof createWebhookAdmission>
const authorize = () => ({ allowed: false, reason: "" })
const answering = new Map<string, Answering>()
const localServices = new Map<string, number>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-webhook-"))
  const now = new SimulatedClock(performance.timeOrigin + performance.now())
  const names = ["checker.tools.svc"]
  pki = await openPki({ directory, serverNames: names, clusterDomain: "cluster.local", clock: now, log: silentLog })
  server = createServer(
    { cert: pki.serving.certificatePem, key: pki.serving.privateKeyPem },
    async (request, response) => {
      let text = ""
      for await (const chunk of request) text += chunk
      const { request: question } = JSON.parse(text) as { request: Question }
      const path = new URL(request.url ?? "", "https://x").pathname
      const answer = { uid: question.uid, ...(await answering.get(path)?.(question)) }
      response.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer }))
    },
  )
  server.on("secureConnection", () => {
    connections += 1
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  port = (server.address() as AddressInfo).port
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(directory, { recursive: true, force: true })
})

beforeEach(() => {
  connections = 0
  answering.clear()
  localServices.clear()
  clock = new SimulatedClock()
  storage = createMemoryStorage({ clock })
  admission = createWebhookAdmission({ storage, clock, log: silentLog, authorize, localServices })
})
afterEach(async () => {
  admission.close()
  await storage.close()
})

async function put(path: string, object: unknown): Promise<void> {
  const value = Buffer.from(JSON.stringify(object))
  await storage.txn({ compare: [], success: [{ kind: "put", key: `/registry/${path}`, value }], failure: [] })
  await new Promise((resolve) => setImmediate(resolve))
}

interface Registered {
  name: string
  answer: Answering
  [field: string]: unknown
}

/** Registers webhooks, in order, that are asked about every write. */
async function register(kind: "mutating" | "validating", ...webhooks: Registered[]): Promise<void> {
  const registered = webhooks.map(({ name, answer, ...more }) => {
    answering.set(`/${name}`, answer)
    return {
      name,
      clientConfig: {
        url: `https://127.0.0.1:${port}/${name}`,
        caBundle: Buffer.from(pki.authorityPem).toString("base64"),
      },
      rules: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"], scope: "*" }],
      failurePolicy: "Fail",
      sideEffects: "None",
      timeoutSeconds: 5,
      admissionReviewVersions: ["v1"],
      ...more,
    }
  })
  const path = `admissionregistration.k8s.io/${kind}webhookconfigurations/all`
  await put(path, { metadata: { name: "all" }, webhooks: registered })
}

const object: AnyObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" } }

function write(changed: Partial<AdmissionAttributes> = {}): AdmissionAttributes {
  return {
    operation: "CREATE",
    group: "",
    version: "v1",
    kind: "ConfigMap",
    resource: "configmaps",
    subresource: "",
    namespace: "shop",
    name: "settings",
    object,
    oldObject: undefined,
    user: { name: "jo", groups: ["dev"] },
    dryRun: false,
    warn: () => {},
    ...changed,
  }
}

const patch = (...operations: object[]): object => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
})
const label = (key: string): object => patch({ op: "add", path: "/metadata/labels", value: { [key]: "yes" } })

describe("mutating webhooks", () => {
  it("change the object one after the other, each seeing what was made before it", async () => {
    await register(
      "mutating",
      { name: "one.x.io", answer: () => label("one") },
      {
        name: "two.x.io",
        answer: (question) => patch({ op: "add", path: "/data", value: question.object.metadata.labels }),
      },
    )
    const mutated = await admission.mutate?.(write())
    expect(mutated).toEqual({ ...object, metadata: { name: "settings", labels: { one: "yes" } }, data: { one: "yes" } })
    expect(object.metadata.labels).toBeUndefined()
  })

  it("are asked again, once, when a later one changed the object and they want that", async () => {
    const asked: string[] = []
    const answer =
      (name: string, operations: object[] = []): Answering =>
      () => {
        asked.push(name)
        return patch(...operations)
      }
    const changing = [{ op: "add", path: "/data", value: { a: "b" } }]
    await register(
      "mutating",
      { name: "needy.x.io", reinvocationPolicy: "IfNeeded", answer: answer("needy") },
      { name: "content.x.io", reinvocationPolicy: "Never", answer: answer("content") },
      { name: "changing.x.io", reinvocationPolicy: "Never", answer: answer("changing", changing) },
    )
    await admission.mutate?.(write())
    expect(asked).toEqual(["needy", "content", "changing", "needy"])
  })

  it("refuse in their own words and with their own code", async () => {
    const status = { message: "no settings on Fridays", reason: "Forbidden", code: 403 }
    await register("mutating", { name: "one.x.io", answer: () => ({ allowed: false, status }) })
    await expect(admission.mutate?.(write())).rejects.toMatchObject({
      message: 'admission webhook "one.x.io" denied the request: no settings on Fridays',
      reason: "Forbidden",
      code: 403,
    })
  })

  it("are reached on this host when they are registered as a service that every host has for itself", async () => {
    const caBundle = Buffer.from(pki.authorityPem).toString("base64")
    const service = { namespace: "tools", name: "checker", port: 443, path: "/one.x.io" }
    await register("mutating", { name: "one.x.io", answer: () => label("one"), clientConfig: { service, caBundle } })
    await expect(admission.mutate?.(write())).rejects.toThrow('service "checker" not found')
    localServices.set("tools/checker", port)
    expect((await admission.mutate?.(write()))?.metadata.labels).toEqual({ one: "yes" })
  })

  it("fail the write when their patch makes no sense", async () => {
    await register("mutating", { name: "one.x.io", answer: () => patch({ op: "remove", path: "/nowhere/at/all" }) })
    await expect(admission.mutate?.(write())).rejects.toMatchObject({ reason: "InternalError" })
  })
})

describe("validating webhooks", () => {
  it("hear who writes what, and may warn", async () => {
    const questions: Question[] = []
    const warnings: string[] = []
    const answer: Answering = (question) => {
      questions.push(question)
      return { allowed: true, warnings: ["settings are out of fashion"] }
    }
    await register("validating", { name: "one.x.io", answer })
    await admission.validate?.(write({ operation: "UPDATE", warn: (text) => warnings.push(text) }))
    expect(questions).toMatchObject([{ object, operation: "UPDATE", userInfo: { username: "jo", groups: ["dev"] } }])
    expect(warnings).toEqual(["settings are out of fashion"])
  })

  it("refuse without a reason if they give none, and the first in order speaks for all", async () => {
    await register(
      "validating",
      { name: "one.x.io", answer: () => ({ allowed: false }) },
      { name: "two.x.io", answer: () => ({ allowed: false, status: { message: "no" } }) },
    )
    await expect(admission.validate?.(write())).rejects.toMatchObject({
      message: 'admission webhook "one.x.io" denied the request without explanation',
      code: 400,
    })
  })

  it("are asked over connections that stay open", async () => {
    await register("validating", { name: "one.x.io", answer: () => ({ allowed: true }) })
    for (let writes = 0; writes < 5; writes++) await admission.validate?.(write())
    expect(connections).toBe(1)
  })

  it("are asked once more when a connection that was kept is closed before the answer, and not when a new one is", async () => {
    let asked = 0
    let cut = [2]
    const answer = () => {
      if (cut.includes(++asked)) server.closeAllConnections()
      return { allowed: true }
    }
    await register("validating", { name: "one.x.io", answer })
    for (let writes = 0; writes < 2; writes++) await admission.validate?.(write())
    expect([asked, connections]).toEqual([3, 2])
    asked = 0
    cut = [1, 2]
    await expect(admission.validate?.(write())).rejects.toThrow('failed calling webhook "one.x.io"')
  })

  it("are reached through their service: its address, its name in the certificate", async () => {
    await put("core/services/tools/checker", { metadata: { name: "checker" }, spec: { clusterIP: "127.0.0.1" } })
    const service = { namespace: "tools", name: "checker", path: "/one.x.io", port }
    const clientConfig = { service, caBundle: Buffer.from(pki.authorityPem).toString("base64") }
    await register("validating", { name: "one.x.io", answer: () => ({ allowed: false }), clientConfig })
    await expect(admission.validate?.(write())).rejects.toThrow('"one.x.io" denied the request')
  })

  it("must allow dry runs to be asked in one", async () => {
    await register("validating", { name: "one.x.io", sideEffects: "Some", answer: () => ({ allowed: true }) })
    await expect(admission.validate?.(write({ dryRun: true }))).rejects.toThrow(
      'admission webhook "one.x.io" does not support dry run',
    )
    await admission.validate?.(write())
  })
})

describe("a webhook that does not answer", () => {
  const nowhere = { clientConfig: { url: "https://127.0.0.1:1/one.x.io" }, answer: () => ({}) }

  it("fails the write, saying which and why", async () => {
    await register("validating", { name: "one.x.io", ...nowhere })
    await expect(admission.validate?.(write())).rejects.toMatchObject({
      reason: "InternalError",
      message: expect.stringMatching(
        /^Internal error occurred: failed calling webhook "one\.x\.io": failed to call webhook: Post "https:\/\/127\.0\.0\.1:1\/one\.x\.io\?timeout=5s": .*ECONNREFUSED/,
      ),
    })
  })

  it("is passed over if its policy says so", async () => {
    await register("validating", { name: "one.x.io", failurePolicy: "Ignore", ...nowhere })
    await admission.validate?.(write())
  })

  describe("because its Service refuses the connection", () => {
    const later = createNetServer((socket) => socket.pipe(connect(port, "127.0.0.1")).pipe(socket))
    let sleeps: MockInstance<SimulatedClock["sleep"]>
    /** Resolves when the API server waits for the nth time before it asks anew. */
    const waits = (count: number) => expect.poll(() => sleeps.mock.calls).toHaveLength(count)

    async function behindService(more: object): Promise<void> {
      await once(later.listen(0, "127.0.0.1"), "listening")
      const away = (later.address() as AddressInfo).port
      await new Promise((resolve) => later.close(resolve))
      const service = { namespace: "tools", name: "checker", path: "/one.x.io", port: away }
      const clientConfig = { service, caBundle: Buffer.from(pki.authorityPem).toString("base64") }
      await put("core/services/tools/checker", { metadata: { name: "checker" }, spec: { clusterIP: "127.0.0.1" } })
      await register("validating", { name: "one.x.io", answer: () => ({ allowed: true }), clientConfig, ...more })
      sleeps = vi.spyOn(clock, "sleep")
      listens = () => once(later.listen(away, "127.0.0.1"), "listening")
    }
    let listens: () => Promise<unknown>
    afterEach(() => void later.close())

    it("is asked again for a moment: nodes learn late that its pod is ready, or gone", async () => {
      await behindService({})
      const judged = admission.validate?.(write())
      await Promise.race([waits(1), judged])
      await listens()
      await clock.advance(50)
      await judged
    })

    it("fails the write when that goes on", async () => {
      await behindService({})
      const refused = expect(admission.validate?.(write())).rejects.toThrow("ECONNREFUSED")
      for (const [index, gapMs] of [50, 100, 200, 400].entries()) {
        await waits(index + 1)
        await clock.advance(gapMs)
      }
      await refused
    })

    it("is not waited for if its policy is to do without it", async () => {
      await behindService({ failurePolicy: "Ignore" })
      await admission.validate?.(write())
      expect(sleeps).not.toHaveBeenCalled()
    })
  })

  it("is given no more than its time", async () => {
    const asked = Promise.withResolvers<void>()
    const answer: Answering = () => {
      asked.resolve()
      return new Promise(() => {})
    }
    await register("validating", { name: "one.x.io", answer })
    const refused = expect(admission.validate?.(write())).rejects.toThrow("context deadline exceeded")
    await asked.promise
    await clock.advance(5_000)
    await refused
  })

  it("or answers another question, has not answered", async () => {
    await register("validating", { name: "one.x.io", answer: () => ({ uid: "another", allowed: true }) })
    await expect(admission.validate?.(write())).rejects.toThrow("expected response.uid")
  })
})

describe("a webhook with conditions", () => {
  const asked: string[] = []
  const answer: Answering = ({ operation }) => {
    asked.push(operation)
    return { allowed: true }
  }
  const conditioned = (expression: string, more: object = {}): Promise<void> => {
    asked.length = 0
    const matchConditions = [{ name: "mine", expression }]
    return register("validating", { name: "one.x.io", answer, matchConditions, ...more })
  }

  it("is asked only where they hold: of the object, the request and what the user may", async () => {
    await conditioned("request.userInfo.username == 'jo' && object.metadata.name.startsWith('set')")
    await admission.validate?.(write())
    await admission.validate?.(write({ user: { name: "al", groups: [] } }))
    expect(asked).toEqual(["CREATE"])
    await conditioned("authorizer.group('').resource('configmaps').check('delete').allowed()")
    await admission.validate?.(write())
    expect(asked).toEqual([])
  })

  it("refuses the write when they cannot be evaluated, unless its policy is to do without", async () => {
    await conditioned("object.nothing.here")
    await expect(admission.validate?.(write())).rejects.toMatchObject({
      reason: "Forbidden",
      message: 'configmaps "settings" is forbidden: matchCondition "mine" resulted in error: no such key: nothing',
    })
    await conditioned("object.nothing.here", { failurePolicy: "Ignore" })
    await admission.validate?.(write())
    expect(asked).toEqual([])
  })
})
