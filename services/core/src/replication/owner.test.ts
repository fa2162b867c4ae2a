import { cp, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, expect, it } from "vitest"
import type { MemberStorage } from "#store"
import { openStorage } from "./open-storage.ts"
import { ForeignDirectoryError } from "./owner.ts"

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "wick-store-"))
})
afterEach(() => rm(home, { recursive: true }))

const start = (name: string, id = 1): Promise<MemberStorage> => {
  const connect = () => ({ send: () => {}, setPeers: () => {}, close: async () => {} }) as never
  const address = { name, peerUrls: [], clientUrls: [] }
  const membership = { id, address, founders: id === 1 ? [1] : [], peers: new Map(), connect }
  return openStorage({ directory: join(home, name), membership, clock: systemClock, log: silentLog })
}

it("a directory is one member's: another is refused, told whose it is and what to do", async () => {
  await (await start("one")).close()
  await (await start("one")).close()
  await cp(join(home, "one"), join(home, "copy"), { recursive: true })
  const refused = await start("copy", 2).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ForeignDirectoryError)
  expect(String(refused)).toContain("holds the store of member 1, and this is member 2")
  // It was let go of again, and is as it was.
  await (await start("copy", 1)).close()
})

it("a directory that does not say whose it is any more is not guessed at", async () => {
  await (await start("one")).close()
  await writeFile(join(home, "one", "member"), "")
  await expect(start("one")).rejects.toThrow("does not say whose store this is")
})
