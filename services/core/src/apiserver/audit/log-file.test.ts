import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type AuditLogFile, openAuditLogFile } from "./log-file.ts"

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-audit-"))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const open = (more: object = {}): Promise<AuditLogFile> => openAuditLogFile({ directory, log: silentLog, ...more })
const log = (age = 0): string => join(directory, age === 0 ? "audit.log" : `audit.log.${age}`)

/** The lines of all files, the oldest first; fails where one does not carry the hash of the line before it. */
async function chain(): Promise<Record<string, unknown>[]> {
  const texts = await Promise.all([4, 3, 2, 1, 0].map((age) => readFile(log(age), "utf8").catch(() => "")))
  const lines = texts.join("").trimEnd().split("\n")
  for (const [at, line] of lines.entries()) {
    const next = lines[at + 1]
    if (next) expect(JSON.parse(next).previous).toBe(createHash("sha256").update(line).digest("hex"))
  }
  return lines.map((line) => JSON.parse(line))
}

describe("the audit log's file", () => {
  it("is one chain over restarts and files, of which the oldest go", async () => {
    for (let round = 0; round < 8; round += 1) {
      await using file = await open({ fileBytesMax: 300 })
      file.write({ round, half: 1 })
      file.write({ round, half: 2 })
    }
    const lines = await chain()
    expect(lines.at(-1)).toMatchObject({ round: 7, half: 2 })
    expect(lines[0]).toMatchObject({ round: 3 })
  })

  it("goes on with its chain after a crash in the middle of a line", async () => {
    for (const torn of ['{"kind":"Ev', '{"at":9,"previous":"00"}']) {
      await using file = await open()
      file.write({ torn })
      await file[Symbol.asyncDispose]()
      await appendFile(log(), torn)
    }
    await using file = await open()
    file.write({ torn: "none" })
    await file[Symbol.asyncDispose]()
    expect((await chain()).map(({ torn }) => torn)).toHaveLength(3)
  })

  it("goes on with its chain after a crash between a new file and its first whole line", async () => {
    for (const begun of ["", '{"kind":"Ev']) {
      await using file = await open()
      file.write({ begun })
      await file[Symbol.asyncDispose]()
      await rename(log(1), log(2)).catch(() => undefined)
      await rename(log(), log(1))
      if (begun !== "") await writeFile(log(), begun)
    }
    await using file = await open()
    file.write({ last: true })
    await file[Symbol.asyncDispose]()
    expect(await chain()).toHaveLength(3)
  })

  it("goes on with its chain after kill -9, whatever was being written", async () => {
    const program = `
      import { openAuditLogFile } from ${JSON.stringify(join(import.meta.dirname, "log-file.ts"))}
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      const file = await openAuditLogFile({ directory: process.argv[1], log, fileBytesMax: 200_000 })
      process.stdout.write("ready")
      let at = 0
      const more = () => { for (let n = 0; n < 50; n += 1) file.write({ at: at++, text: "x".repeat(500) }); setImmediate(more) }
      more()`
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program, directory], {
        cwd: import.meta.dirname,
        stdio: ["ignore", "pipe", "inherit"],
      })
      const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)))
      await new Promise((resolve) => child.stdout.once("data", resolve))
      const begun = async (): Promise<boolean> => (await readFile(log(1), "utf8").catch(() => "")) !== ""
      await expect.poll(begun, { interval: 5 }).toBe(true)
      child.kill("SIGKILL")
      expect(await ended).toBe("SIGKILL")
    }
    await using file = await open()
    file.write({ last: true })
    await file[Symbol.asyncDispose]()
    const lines = await chain()
    // What was written at once before the first kill, and the last.
    expect(lines.length).toBeGreaterThan(50)
    expect(lines.at(-1)).toMatchObject({ last: true })
  })

  it("counts what it could not write, and holds nobody up", async () => {
    const told: number[] = []
    const file = await open({ onLost: (events: number) => told.push(events) })
    await rm(directory, { recursive: true })
    file.write({ a: 1 })
    await file[Symbol.asyncDispose]()
    expect([file.lost, told]).toEqual([1, [1]])
  })

  it("is written to once for events that come soon after one another", async () => {
    const told: number[] = []
    const file = await open({ onLost: (events: number) => told.push(events) })
    // What cannot be written is told write by write.
    await rm(directory, { recursive: true })
    for (let at = 0; at < 3; at += 1) {
      file.write({ at })
      await new Promise((resolve) => setImmediate(resolve))
    }
    await file[Symbol.asyncDispose]()
    expect(told).toEqual([3])
  })

  it("takes no more than it may hold while the disk is behind, and says so once", async () => {
    const said: string[] = []
    const noted = { ...silentLog, error: (message: string) => void said.push(message) }
    const file = await open({ log: noted })
    for (let at = 0; at < 10_020; at += 1) file.write({ at })
    expect(file.lost).toBe(20)
    const large = { text: "x".repeat(90_000) }
    await file[Symbol.asyncDispose]()
    for (let at = 0; at < 200; at += 1) file.write(large)
    expect(file.lost).toBe(20 + 200 - Math.floor((16 * 1024 * 1024) / JSON.stringify(large).length))
    await file[Symbol.asyncDispose]()
    expect(said).toHaveLength(2)
    expect((await chain()).at(-1)).toMatchObject(large)
  })

  it("leaves the bodies out of an event that is too large with them", async () => {
    await using file = await open()
    const event = { verb: "create", requestObject: { text: "x".repeat(110_000) }, annotations: { a: "b" } }
    file.write(event)
    file.write({ verb: "x".repeat(110_000) })
    await file[Symbol.asyncDispose]()
    const [line, ...more] = await chain()
    expect(line).toMatchObject({ verb: "create", annotations: { a: "b", "audit.k8s.io/truncated": "true" } })
    expect(line).not.toHaveProperty("requestObject")
    expect([more, file.lost]).toEqual([[], 1])
  })
})
