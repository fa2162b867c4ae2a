import { cp, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createMemoryStorage, type MemberStorage, type Storage } from "#store"
import { keysInStore, openEncryptedStorage } from "./index.ts"

const key = "/registry/core/secrets/default/treasure"
const secret = new Uint8Array(32).fill(7)
let home: string
let store: MemberStorage

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "wick-keys-"))
  store = createMemoryStorage({ clock: systemClock })
  // One founds the cluster; the others are handed its keys as they join.
  await open("one")
  for (const host of ["two", "three"]) await cp(join(home, "one"), join(home, host), { recursive: true })
})
afterEach(async () => {
  await store.close()
  await rm(home, { recursive: true })
})

async function open(host: string, newKey = false, shared = secret): Promise<Storage> {
  const given = { directory: join(home, host), newKey, shared: keysInStore(store, shared) }
  return (await openEncryptedStorage(store, { ...given, clock: systemClock, log: silentLog })).storage
}
const put = (storage: Storage, text: string) =>
  storage.txn({ compare: [], success: [{ kind: "put", key, value: Buffer.from(text) }], failure: [] })
const read = async (storage: Storage): Promise<string> =>
  Buffer.from((await storage.range({ key })).kvs[0]?.value ?? []).toString()
/** By name: under which key the value lies in the store. */
const sealedUnder = async (): Promise<string | undefined> => {
  const { kvs } = await store.range({ key })
  return /aesgcm:v1:(key-\w+):/.exec(Buffer.from(kvs[0]?.value ?? []).toString("latin1"))?.[1]
}
const names = async (host: string): Promise<string[]> => {
  const text = await readFile(join(home, host, "configuration.json"), "utf8")
  return [...text.matchAll(/"name": "([^"]+)"/g)].map(([, name = ""]) => name)
}

describe("a new key of encryption, made on one of several hosts", () => {
  it("is known to hosts that run, which read what it has sealed and seal under it themselves", async () => {
    const two = await open("two")
    await put(two, "before")
    const [old] = await names("one")
    const one = await open("one", true)
    const [fresh] = await names("one")
    expect(fresh).not.toBe(old)
    expect(await sealedUnder()).toBe(fresh)
    expect(await read(two)).toBe("before")
    await put(two, "after")
    expect(await sealedUnder()).toBe(fresh)
    expect(await read(one)).toBe("after")
  })

  it("is known to a host that was away: it finds the key where it finds the value, and keeps it", async () => {
    await put(await open("one", true), "sealed meanwhile")
    expect(await read(await open("three"))).toBe("sealed meanwhile")
    expect(await names("three")).toEqual(await names("one"))
  })

  it("lies in the store sealed, for whoever is no host of this cluster", async () => {
    await put(await open("one", true), "x")
    const { value } = store.note("wick/encryption-keys")
    expect(Buffer.from(value).toString("latin1")).not.toContain("key-")
    expect(keysInStore(store, new Uint8Array(32).fill(8)).latest()).toEqual([])
    expect(keysInStore(store, secret).latest()).toHaveLength(1)
  })

  it("follows another that is made at the same time: both are known, the later seals", async () => {
    await Promise.all([open("one", true), open("two", true)])
    const keys = keysInStore(store, secret).latest()
    expect(keys).toHaveLength(2)
    await put(await open("three"), "x")
    expect(await sealedUnder()).toBe(keys[0]?.name)
  })
})
