import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { identify } from "@wick/core/kept-process"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { expect, it } from "vitest"
import { openHome, ownerOf } from "./home.ts"
import { Refusal } from "./refusal.ts"

const directory = (): string => scratchDirectory("home")

it("gives a home to one process at a time", () => {
  const home = directory()
  writeFileSync(join(home, "wick.pid"), JSON.stringify(identify(process.ppid)))
  expect(() => openHome(home)).toThrow(Refusal)
})

it("takes over from a process that died without a word", () => {
  const home = directory()
  writeFileSync(join(home, "wick.pid"), JSON.stringify({ pid: process.ppid, startedAtTicks: "1" }))
  using taken = openHome(home)
  expect(ownerOf(taken.directory)?.pid).toBe(process.pid)
})

it("refuses a path that leaves no room for sockets, counted as the kernel does", () => {
  expect(() => openHome(`/tmp/${"ä".repeat(40)}`)).toThrow(
    "its path has 85 bytes, and the sockets in it leave room for 68",
  )
})

it("says so when a home cannot be made where it is wanted", () => {
  const file = join(directory(), "file")
  writeFileSync(file, "")
  expect(() => openHome(join(file, "home"))).toThrow(`--home ${file}/home: it cannot be made (ENOTDIR`)
})

it("is free again after it was given back", () => {
  const home = directory()
  openHome(home)[Symbol.dispose]()
  expect(ownerOf(home)).toBeUndefined()
})
