import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, expect, it } from "vitest"
import { OrphanShims } from "./orphan-shims.ts"

const socket = "/here/containerd.sock"
let proc: string
let ended: number[]
let clock: SimulatedClock
let shims: OrphanShims
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), "wick-proc-"))
  ended = []
  clock = new SimulatedClock(0)
  shims = new OrphanShims({ socket, clock, log: silentLog, proc, end: (pid) => ended.push(pid) })
})
afterEach(() => {
  shims[Symbol.dispose]()
  rmSync(proc, { recursive: true })
})

function runs(pid: number, { of = socket, in: bundle = "/run/bundle (deleted)", program = "containerd-shim-runc-v2" }) {
  const directory = join(proc, String(pid))
  mkdirSync(directory)
  writeFileSync(
    join(directory, "cmdline"),
    [`/usr/bin/${program}`, "-namespace", "k8s.io", "-address", of, ""].join("\0"),
  )
  symlinkSync(bundle, join(directory, "cwd"))
}

it("a shim whose bundle is gone at two looks is ended", async () => {
  runs(10, {})
  await shims.look()
  expect(ended).toEqual([])
  await shims.look()
  expect(ended).toEqual([10])
})

it("looks are taken again and again until nobody wants them", async () => {
  runs(10, {})
  const later = async (): Promise<number[]> => {
    await clock.advance(300_000)
    return ended
  }
  await expect.poll(later).toEqual([10])
  await expect.poll(later).toEqual([10, 10])
})

it("one that ends by itself between two looks is left alone, and so is another program that has its number then", async () => {
  runs(10, {})
  await shims.look()
  rmSync(join(proc, "10"), { recursive: true })
  runs(10, { program: "nginx" })
  await shims.look()
  expect(ended).toEqual([])
})

it("shims with a bundle, those of others, and other programs stay", async () => {
  runs(10, { in: "/run/bundle" })
  runs(11, { of: "/elsewhere/containerd.sock" })
  runs(12, { program: "sleep" })
  await shims.look()
  await shims.look()
  await shims.endAll()
  expect(ended).toEqual([])
})

it("when containerd has ended, all that are left are ended at once", async () => {
  runs(10, {})
  await shims.endAll()
  expect(ended).toEqual([10])
})
