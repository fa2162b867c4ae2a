import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { storeOf } from "./store-flags.ts"

const own = import.meta.filename

describe("flags of the store", () => {
  it("are none: the store is our own", () => {
    expect(storeOf({}, silentLog)).toBeUndefined()
  })

  it("name the members of an etcd, the files that prove who is who, and what stands before every key", () => {
    const files = { "store-cafile": own, "store-certfile": own, "store-keyfile": own }
    const endpoints = "https://a:2379, https://10.0.0.2:2379/"
    expect(storeOf({ "store-endpoints": endpoints, ...files, "store-prefix": "/one" }, silentLog)).toEqual({
      endpoints: ["https://a:2379", "https://10.0.0.2:2379"],
      prefix: "/one",
      tls: { caFile: own, certFile: own, keyFile: own },
    })
  })

  it("warn of an etcd that is reached over a network without TLS, and of no other", () => {
    const warned: unknown[] = []
    const log = { ...silentLog, warn: (_: string, fields?: object) => void warned.push(fields) }
    storeOf({ "store-endpoints": "http://127.0.0.1:2379,http://localhost:1,http://[::1]:1,https://a:1" }, log)
    expect(warned).toEqual([])
    storeOf({ "store-endpoints": "https://a:1,http://10.0.0.1:2379" }, log)
    expect(warned).toMatchObject([{ endpoint: "http://10.0.0.1:2379" }])
  })

  it.each([
    [{ "store-endpoints": "a:2379" }, "--store-endpoints a:2379: must be https://HOST:PORT"],
    [{ "store-endpoints": "https://a:1/path" }, "--store-endpoints https://a:1/path: must be"],
    [{ "store-endpoints": "https://a:1", "store-cafile": "/none" }, "--store-cafile /none: ENOENT"],
    [{ "store-endpoints": "https://a:1", "store-certfile": own }, "--store-certfile and --store-keyfile go together"],
    [{ "store-cafile": own }, "--store-cafile says how an etcd is reached, and --store-endpoints names none"],
    [{ "store-endpoints": "https://a:1", "etcd-listen": {} }, "ask that etcd itself"],
    [{ "store-endpoints": "https://a:1", "backup-to": "file:///x" }, "back up that etcd"],
  ])("that cannot be meant are refused: %j", (flags, words) => {
    expect(() => storeOf(flags, silentLog)).toThrow(words)
  })
})
