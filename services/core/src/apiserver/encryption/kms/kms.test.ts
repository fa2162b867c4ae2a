import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Secret } from "@wick/sdk/api/core/secret"
import { type Clock, SimulatedClock, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createMemoryStorage, type Storage } from "#store"
import { startTestApi } from "../../testing/start.ts"
import { type EncryptedStorage, openEncryptedStorage } from "../index.ts"
import { type KmsServer, startKmsServer } from "./testing/kms-server.ts"

/** A provider on a socket of its own. Only time is played: calls have real deadlines. */
const secretKey = "/registry/core/secrets/default/one"
let running: AsyncDisposableStack
let directory: string
let disk: Storage
let kms: KmsServer
let clock: SimulatedClock

beforeEach(async () => {
  running = new AsyncDisposableStack()
  directory = await mkdtemp(join(tmpdir(), "wick-kms-"))
  running.defer(() => rm(directory, { recursive: true, force: true }))
  disk = createMemoryStorage({ clock: systemClock })
  running.defer(() => disk.close())
  kms = running.use(await startKmsServer(join(directory, "kms.sock")))
  clock = new SimulatedClock()
  await configure({ kms: provider() }, { identity: {} })
})
afterEach(() => running.disposeAsync())

function provider(more: object = {}): object {
  return { apiVersion: "v2", name: "vault", endpoint: kms.endpoint, timeout: "60s", ...more }
}

/** One whose silence is noticed soon. */
const hurried = (): object => provider({ timeout: "200ms" })

async function configure(...providers: object[]): Promise<void> {
  const configuration = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{ resources: ["secrets"], providers }],
  }
  await writeFile(join(directory, "configuration.json"), JSON.stringify(configuration), { mode: 0o600 })
}

/** Timers are the simulated clock's, deadlines of calls the real one's. */
const mixed = (): Clock => ({
  now: systemClock.now,
  monotonic: () => clock.monotonic(),
  sleep: (ms, signal) => clock.sleep(ms, signal),
  timer: (ms, callback) => clock.timer(ms, callback),
})

async function open(): Promise<EncryptedStorage> {
  const opened = await openEncryptedStorage(disk, { directory, clock: mixed(), log: silentLog })
  running.defer(() => opened.close())
  return opened
}

async function put({ storage }: EncryptedStorage, text: string, key = secretKey): Promise<void> {
  await storage.txn({ compare: [], success: [{ kind: "put", key, value: Buffer.from(text) }], failure: [] })
}
async function read({ storage }: EncryptedStorage, key = secretKey): Promise<string> {
  return Buffer.from((await storage.range({ key })).kvs[0]?.value ?? []).toString()
}
async function onDisk(key = secretKey): Promise<string> {
  return Buffer.from((await disk.range({ key })).kvs[0]?.value ?? []).toString("latin1")
}
const isWell = ({ healthChecks }: EncryptedStorage): boolean => healthChecks.every((check) => check.isWell())

/** Moves time on second by second, while what it starts on the socket goes its way, until something is so. */
async function pass(until: () => boolean | Promise<boolean>): Promise<void> {
  const look = async (): Promise<boolean> => {
    await clock.advance(1_000)
    return until()
  }
  await expect.poll(look, { interval: 5 }).toBe(true)
}

describe("a provider of keys", () => {
  it("is asked once for a seed, and then no more for reading and writing", async () => {
    const store = await open()
    for (let at = 0; at < 50; at += 1) await put(store, `{${at}}`, `${secretKey}-${at}`)
    expect(await read(store, `${secretKey}-7`)).toBe("{7}")
    expect(await onDisk(`${secretKey}-7`)).toMatch(/^k8s:enc:kms:v2:vault:/)
    expect(await onDisk(`${secretKey}-7`)).not.toContain("{7}")
    expect(kms.calls).toEqual({ Status: 1, Encrypt: 1, Decrypt: 0 })
  })

  it("is asked once for each seed after a start, which goes on with the one that it meets", async () => {
    const first = await open()
    for (let at = 0; at < 5; at += 1) await put(first, `{${at}}`, `${secretKey}-${at}`)
    first.close()
    const second = await open()
    await put(second, "{new}")
    expect(await read(second, `${secretKey}-4`)).toBe("{4}")
    expect(kms.calls).toEqual({ Status: 2, Encrypt: 1, Decrypt: 1 })
  })

  it("that is away takes nothing from reading; writing is refused with a reason until it is back", async () => {
    await configure({ kms: hurried() }, { identity: {} })
    // A call that is late itself is made again when some time has passed.
    let opened: EncryptedStorage | undefined
    void open().then((store) => {
      opened = store
    })
    await pass(() => opened !== undefined)
    const store = opened as unknown as EncryptedStorage
    await put(store, "{1}")
    kms.silent = true
    await pass(() => !isWell(store))
    await put(store, "{2}")
    let refusal: unknown
    await pass(() =>
      put(store, "{2}").then(
        () => false,
        (error: unknown) => {
          refusal = error
          return true
        },
      ),
    )
    expect(refusal).toMatchObject({
      code: 503,
      message: expect.stringMatching(/kms provider "vault" has not been well for 3 minutes.*DEADLINE_EXCEEDED/),
    })
    expect(await read(store)).toBe("{2}")
    kms.silent = false
    await pass(() => isWell(store))
    await put(store, "{3}")
    expect(await read(store)).toBe("{3}")
  })

  it("that rotates its key gets everything re-encrypted under the new one, without a restart", async () => {
    const store = await open()
    await put(store, "{1}")
    expect(await onDisk()).toContain("key-1")
    kms.rotate()
    await clock.advance(60_000)
    await expect.poll(() => onDisk()).toContain("key-2")
    expect(await read(store)).toBe("{1}")
    await put(store, "{2}")
    expect(await onDisk()).toContain("key-2")
    expect(kms.calls.Encrypt).toBe(2)
  })

  it("that rotated its key while the server was down gets the same at the next start", async () => {
    const first = await open()
    await put(first, "{1}")
    first.close()
    kms.rotate()
    const second = await open()
    expect(await onDisk()).toContain("key-2")
    expect(await read(second)).toBe("{1}")
  })

  it("takes the place of a local key, and gives it back", async () => {
    const aesgcm = { keys: [{ name: "local", secret: Buffer.alloc(32, 7).toString("base64") }] }
    await configure({ aesgcm })
    const local = await open()
    await put(local, "{1}")
    await configure({ kms: provider() }, { aesgcm })
    const kept = await open()
    expect(await onDisk()).toMatch(/^k8s:enc:kms:v2:vault:/)
    expect(await read(kept)).toBe("{1}")
    await configure({ aesgcm }, { kms: provider() })
    expect(await read(await open())).toBe("{1}")
    expect(await onDisk()).toMatch(/^wick:enc:aesgcm:v1:local:/)
  })

  it("opens no value that was moved to another key, or damaged", async () => {
    const store = await open()
    await put(store, "{1}")
    const value = Buffer.from((await disk.range({ key: secretKey })).kvs[0]?.value ?? [])
    const other = `${secretKey}-moved`
    await disk.txn({ compare: [], success: [{ kind: "put", key: other, value }], failure: [] })
    await expect(read(store, other)).rejects.toThrow("was written for another key of the store")
    await disk.txn({
      compare: [],
      success: [{ kind: "put", key: other, value: value.subarray(0, value.length - 9) }],
      failure: [],
    })
    await expect(read(store, other)).rejects.toThrow("damaged")
  })

  it("that never answers stops the start after half a minute, and is named", async () => {
    await configure({ kms: hurried() }, { identity: {} })
    kms.silent = true
    let refusal: unknown
    open().catch((error: unknown) => {
      refusal = error
    })
    await pass(() => refusal !== undefined)
    expect(String(refusal)).toMatch(/ConfigurationError: encryption at rest: kms provider "vault": .*DEADLINE_EXCEEDED/)
  })

  it.each<[object, string]>([
    [{ apiVersion: "v1" }, "unsupported apiVersion v1 for KMS provider, only v2 is supported"],
    [{ name: "" }, "kms.name: Required value"],
    [{ name: "a:b" }, "must not contain ':'"],
    [{ endpoint: "http://a" }, 'unsupported scheme "http" for KMS provider'],
    [{ timeout: "0s" }, 'timeout: Invalid value: "0s": timeout should be a positive value'],
    [{ cachesize: 9 }, "cachesize is not supported in v2"],
  ])("with %j is refused", async (more, message) => {
    await configure({ kms: provider(more) })
    await expect(open()).rejects.toThrow(message)
  })
})

describe("the API over a provider of keys", () => {
  it("is ready while the provider is well, answers reads when it is away, and writes with 503", async () => {
    const { storage, healthChecks } = await open()
    const master = { name: "admin", groups: ["system:masters"] }
    const { server, client } = running.use(await startTestApi({ storage, healthChecks }))
    const readyz = async () => (await server.handle(new Request("https://wick/readyz?verbose"), master)).text()
    await client.create(Secret, { metadata: { name: "a", namespace: "default" }, stringData: { key: "x" } })
    expect(await readyz()).toContain("[+]kms-providers ok")
    await kms[Symbol.asyncDispose]()
    const until = clock.monotonic() + 5 * 60_000
    await pass(() => healthChecks.every((check) => !check.isWell()) && clock.monotonic() > until)
    expect(await readyz()).toContain("[-]kms-providers failed")
    expect((await client.get(Secret, { name: "a", namespace: "default" })).data).toEqual({ key: "eA==" })
    const write = client.create(Secret, { metadata: { name: "b", namespace: "default" } })
    await expect(write).rejects.toMatchObject({ code: 503, reason: "ServiceUnavailable" })
  })
})
