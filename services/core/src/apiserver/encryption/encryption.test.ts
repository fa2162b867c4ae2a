import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { createMemoryStorage, prefixEnd, type Storage } from "#store"
import { startTestApi } from "../testing/start.ts"
import { openEncryptedStorage } from "./index.ts"

const master = { name: "admin", groups: ["system:masters"] }
const password = "correct-horse-battery-staple"
const encoded = Buffer.from(password).toString("base64")
const secretKey = "/registry/core/secrets/default/one"

let directory: string
let disk: Storage

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-encryption-"))
  disk = createMemoryStorage({ clock: systemClock })
})
afterEach(async () => {
  await disk.close()
  await rm(directory, { recursive: true, force: true })
})

const open = async (more: { newKey?: boolean } = {}): Promise<Storage> => {
  const { storage } = await openEncryptedStorage(disk, { directory, clock: systemClock, log: silentLog, ...more })
  return storage
}

async function onDisk(key = secretKey): Promise<string> {
  const { kvs } = await disk.range({ key })
  return Buffer.from(kvs[0]?.value ?? []).toString("latin1")
}

async function put(storage: Storage, key: string, text: string): Promise<void> {
  await storage.txn({ compare: [], success: [{ kind: "put", key, value: Buffer.from(text) }], failure: [] })
}

async function read(storage: Storage, key = secretKey): Promise<string> {
  const { kvs } = await storage.range({ key })
  return Buffer.from(kvs[0]?.value ?? []).toString()
}

function keyNames(text: string): string[] {
  return [...text.matchAll(/"name": "([^"]+)"/g)].map(([, name = ""]) => name)
}

async function withApi<T>(
  use: (send: (method: string, path: string, body?: unknown) => Promise<string>) => Promise<T>,
) {
  await using api = await startTestApi({ storage: await open() })
  const { server } = api
  // Awaited, so that the server outlives its use.
  return await use(async (method, path, body) => {
    const headers = { "content-type": "application/json" }
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
    return (await server.handle(new Request(`https://wick${path}`, init), master)).text()
  })
}

describe("encryption at rest", () => {
  it("has no reader of what is sealed, which may need a key that is elsewhere, and one of all else", async () => {
    const storage = await open()
    await put(storage, "/registry/core/configmaps/default/open", "plain")
    const { kvs } = await storage.range({ key: "/registry/core/configmaps/default/open" })
    const read = storage.readerOf?.("/registry/core/configmaps/")
    expect(Buffer.from(read?.(kvs[0]?.key ?? "", kvs[0]?.modRevision ?? 0) ?? []).toString()).toBe("plain")
    expect(storage.readerOf?.("/registry/core/secrets/")).toBeUndefined()
  })

  it("leaves nothing of a secret readable in the store, and the API as it is", async () => {
    const path = "/api/v1/namespaces/default/secrets"
    await withApi(async (send) => {
      await send("POST", path, { metadata: { name: "one" }, stringData: { password } })
      await send("POST", "/api/v1/namespaces/default/configmaps", {
        metadata: { name: "open" },
        data: { a: "visible" },
      })
      expect(JSON.parse(await send("GET", `${path}/one`)).data).toEqual({ password: encoded })
    })
    const { kvs } = await disk.range({ key: "/registry/", end: prefixEnd("/registry/") })
    const raw = kvs.map(({ value }) => Buffer.from(value).toString("latin1")).join("\n")
    expect(raw).toContain("visible")
    expect(raw).not.toContain(encoded)
    expect(raw).not.toContain(password)
    await withApi(async (send) => {
      expect(JSON.parse(await send("GET", path)).items[0].data).toEqual({ password: encoded })
    })
  })

  it("tells watchers and transactions what was written, not what is stored", async () => {
    const storage = await open()
    const seen: string[] = []
    const told = new Promise<void>((resolve) => {
      storage.watch(
        { key: secretKey, previous: true },
        {
          onBatch: ({ events }) => {
            for (const event of events) {
              if (event.kind === "put") seen.push(Buffer.from(event.kv.value).toString())
              if (event.previous) seen.push(`before ${Buffer.from(event.previous.value).toString()}`)
            }
            if (seen.length >= 3) resolve()
          },
          onEnd: () => undefined,
        },
      )
    })
    await put(storage, secretKey, "{1}")
    await put(storage, secretKey, "{2}")
    await told
    expect(seen).toEqual(["{1}", "{2}", "before {1}"])
  })

  it("makes the key at the first start, for its owner only", async () => {
    await open()
    const { mode } = await stat(join(directory, "configuration.json"))
    expect(mode & 0o777).toBe(0o600)
  })

  it("encrypts at the start what was stored before there was encryption", async () => {
    await put(disk, secretKey, `{"a":"${password}"}`)
    const storage = await open()
    expect(await onDisk()).not.toContain(password)
    expect(await read(storage)).toBe(`{"a":"${password}"}`)
  })

  it("encrypts at the start all of many secrets, wherever they lie among the rest, and reads no other value", async () => {
    const secrets = Array.from({ length: 450 }, (_, at) => `/registry/core/secrets/default/s-${at}`)
    const others = ["/registry/core/configmaps/a/b", "/registry/core/services/a/b"]
    for (const key of [...secrets, ...others]) await put(disk, key, "{}")
    const range = vi.spyOn(disk, "range")
    await open()
    const results = await Promise.all(range.mock.results.map(({ value }) => value as ReturnType<Storage["range"]>))
    const withValues = results.filter((_, at) => !range.mock.calls[at]?.[0].keysOnly)
    const keysRead = withValues.flatMap(({ kvs }) => kvs.map(({ key }) => key))
    expect(keysRead.toSorted()).toEqual(secrets.toSorted())
    expect((await Promise.all(secrets.map((key) => onDisk(key)))).filter((text) => text === "{}")).toEqual([])
    expect(await Promise.all(others.map((key) => onDisk(key)))).toEqual(["{}", "{}"])
  })

  it("re-encrypts everything after a rotation, so that the old key may go", async () => {
    const file = join(directory, "configuration.json")
    await put(await open(), secretKey, "{1}")
    const [old = ""] = keyNames(await readFile(file, "utf8"))
    expect(await onDisk()).toContain(old)
    expect(await read(await open({ newKey: true }))).toBe("{1}")
    const [fresh = "", kept] = keyNames(await readFile(file, "utf8"))
    expect(kept).toBe(old)
    expect(await onDisk()).toContain(fresh)
    expect(await onDisk()).not.toContain(old)
    const parsed = JSON.parse(await readFile(file, "utf8"))
    parsed.resources[0].providers.splice(1, 1)
    await writeFile(file, JSON.stringify(parsed))
    expect(await read(await open())).toBe("{1}")
  })

  it("does not start with a key missing, and names it", async () => {
    const file = join(directory, "configuration.json")
    await put(await open(), secretKey, "{1}")
    const [name] = keyNames(await readFile(file, "utf8"))
    await rm(file)
    await expect(open()).rejects.toThrow(`unable to read ${secretKey}: it is sealed under encryption key "${name}"`)
  })

  it("refuses a value that was moved to another key, or damaged", async () => {
    const storage = await open()
    await put(storage, secretKey, "{1}")
    const { kvs } = await disk.range({ key: secretKey })
    const value = Buffer.from(kvs[0]?.value ?? [])
    const other = "/registry/core/secrets/default/two"
    await disk.txn({ compare: [], success: [{ kind: "put", key: other, value }], failure: [] })
    await expect(read(storage, other)).rejects.toThrow("was written for another key of the store")
    value[value.length - 1] = (value.at(-1) ?? 0) ^ 1
    await disk.txn({ compare: [], success: [{ kind: "put", key: secretKey, value }], failure: [] })
    await expect(read(storage)).rejects.toThrow("it is damaged")
  })

  it("stops encrypting where identity comes first, and says which provider it does not know", async () => {
    const file = join(directory, "configuration.json")
    await put(await open(), secretKey, "{1}")
    const parsed = JSON.parse(await readFile(file, "utf8"))
    parsed.resources[0].providers.reverse()
    await writeFile(file, JSON.stringify(parsed))
    await open()
    expect(await onDisk()).toBe("{1}")
    parsed.resources[0].providers = [{ secretbox: {} }]
    await writeFile(file, JSON.stringify(parsed))
    await expect(open()).rejects.toThrow(
      'resources[0].providers[0]: Unsupported value: "secretbox": supported values: "aesgcm" (with keys), "kms", "identity"',
    )
  })

  it("covers resources by group and by star", async () => {
    await open()
    const file = join(directory, "configuration.json")
    const parsed = JSON.parse(await readFile(file, "utf8"))
    parsed.resources[0].resources = ["configmaps", "*.apps"]
    await writeFile(file, JSON.stringify(parsed))
    const storage = await open()
    const keys = ["core/configmaps/a/b", "apps/deployments/a/b", "core/pods/a/b", "batch/jobs/a/b"]
    for (const key of keys) await put(storage, `/registry/${key}`, "{}")
    const plain = await Promise.all(keys.map(async (key) => (await onDisk(`/registry/${key}`)) === "{}"))
    expect(plain).toEqual([false, false, true, true])
  })
})
