import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { beforeEach, describe, expect, it } from "vitest"
import type { KmsStatus, Wrapped } from "./messages.ts"
import { KmsProvider } from "./provider.ts"
import type { KmsService } from "./service.ts"

const plain = Buffer.from("{}")
const minuteMs = 60_000

let clock: SimulatedClock
let status: KmsStatus | Error
let asked: number
let wrapped: Partial<Wrapped>
let provider: KmsProvider

beforeEach(async () => {
  clock = new SimulatedClock()
  status = { version: "v2", health: "ok", keyId: "k1" }
  asked = 0
  wrapped = {}
  const service: KmsService = {
    status: async () => {
      asked += 1
      if (status instanceof Error) throw status
      return status
    },
    encrypt: async (plaintext) => {
      const { keyId } = status as KmsStatus
      return { ciphertext: Buffer.from(plaintext).reverse(), keyId, annotations: {}, ...wrapped }
    },
    decrypt: async ({ ciphertext }) => Buffer.from(ciphertext).reverse(),
    close: () => undefined,
  }
  provider = new KmsProvider({ name: "p", service, clock, log: silentLog })
})

async function started(): Promise<void> {
  await provider.start()
  await provider.prepareSealing()
  provider.watch(() => undefined)
}
const seal = (): Uint8Array => provider.seal("/a", plain)

describe("a provider's word", () => {
  it("is asked for once a minute, and every ten seconds while it is not good", async () => {
    await started()
    await clock.advance(minuteMs - 1)
    expect(asked).toBe(1)
    status = new Error("gone")
    await clock.advance(1)
    expect([asked, provider.isWell]).toEqual([2, false])
    await clock.advance(minuteMs)
    expect(asked).toBe(8)
    status = { version: "v2", health: "ok", keyId: "k1" }
    await clock.advance(10_000)
    expect([asked, provider.isWell]).toEqual([9, true])
  })

  it("is good for writing for three minutes", async () => {
    await started()
    await clock.advance(minuteMs)
    const before = seal()
    status = new Error("gone")
    await clock.advance(3 * minuteMs)
    expect(seal).not.toThrow()
    await clock.advance(1)
    expect(seal).toThrow("has not been well for 3 minutes, so nothing can be written under its key: gone")
    expect(provider.open("/a", before)).toEqual(plain)
  })

  it("that its key is another does not let the old one be written under for long", async () => {
    await started()
    status = { version: "v2", health: "ok", keyId: "k2" }
    wrapped = { keyId: "k3" }
    await clock.advance(3 * minuteMs)
    expect(provider.isWell).toBe(false)
    expect(seal).not.toThrow()
    await clock.advance(1)
    expect(seal).toThrow("the provider's key has changed meanwhile")
  })

  it.each<[string, Partial<KmsStatus>, string]>([
    ["of another version", { version: "v1" }, 'unsupported version: expected one of v2, v2beta1, got "v1"'],
    ["that it is not well", { health: "sealed" }, 'says that it is not well: "sealed"'],
    ["without a key", { keyId: "" }, "key_id is empty"],
    ["of a key with a very long name", { keyId: "k".repeat(1025) }, "longer than 1024 bytes"],
  ])("%s is refused", async (_, change, because) => {
    status = { version: "v2", health: "ok", keyId: "k1", ...change }
    const starting = expect(provider.start()).rejects.toThrow(because)
    await clock.advance(minuteMs)
    await starting
  })

  it.each<[string, Partial<Wrapped>, string]>([
    ["nothing", { ciphertext: Buffer.alloc(0) }, "ciphertext is empty"],
    ["very much", { ciphertext: Buffer.alloc(1025) }, "1025 bytes, more than 1024"],
    ["words under no domain", { annotations: { a: Buffer.alloc(1) } }, "must be a fully qualified domain name"],
    ["very many words", { annotations: { "a.b": Buffer.alloc(32 * 1024) } }, "bytes, more than 32768"],
  ])("that wraps a seed as %s is refused", async (_, change, because) => {
    wrapped = change
    await provider.start()
    await expect(provider.prepareSealing()).rejects.toThrow(because)
  })
})
