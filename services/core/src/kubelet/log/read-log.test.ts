import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type LogQuery, parseLogLine } from "./log-line.ts"
import { readLog } from "./read-log.ts"

const all: LogQuery = {
  follow: false,
  timestamps: false,
  tailLines: undefined,
  sinceMs: undefined,
  limitBytes: undefined,
  stream: "All",
}
const line = (second: number, text: string, stream = "stdout", tag = "F"): string =>
  `2026-01-31T12:00:0${second}.000000000Z ${stream} ${tag} ${text}\n`

describe("a container's log", () => {
  let directory: string
  let path: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "wick-log-"))
    path = join(directory, "0.log")
    writeFileSync(path, line(1, "one") + line(2, "two", "stderr") + line(3, "thr", "stdout", "P") + line(3, "ee"))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  async function read(query: Partial<LogQuery>, ended = Promise.resolve()): Promise<string> {
    const chunks: Buffer[] = []
    for await (const chunk of readLog(path, { ...all, ...query }, ended, new AbortController().signal))
      chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }

  it.each<[Partial<LogQuery>, string]>([
    [{}, "one\ntwo\nthree\n"],
    [{ tailLines: 0 }, ""],
    [{ tailLines: 3 }, "two\nthree\n"],
    [{ tailLines: 99 }, "one\ntwo\nthree\n"],
    [{ stream: "Stderr" }, "two\n"],
    [{ sinceMs: Date.parse("2026-01-31T12:00:02Z") }, "two\nthree\n"],
    [{ limitBytes: 5 }, "one\nt"],
    [{ tailLines: 1, timestamps: true }, "2026-01-31T12:00:03.000000000Z ee\n"],
  ])("asked for %j gives %j", async (query, expected) => {
    expect(await read(query)).toBe(expected)
  })

  it("is followed through a rotation to the container's end", async () => {
    const end = Promise.withResolvers<void>()
    const following = readLog(path, { ...all, follow: true }, end.promise, new AbortController().signal)
    // What has been read has been opened: from here on the name may lead elsewhere.
    const first = await following.next()
    appendFileSync(path, line(4, "four"))
    renameSync(path, `${path}.1`)
    writeFileSync(path, line(5, "five"))
    end.resolve()
    const chunks = [first.value as Buffer]
    for await (const chunk of following) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe("one\ntwo\nthree\nfour\nfive\n")
  })

  it("may hold what is no line", () => {
    expect(parseLogLine(Buffer.from("nonsense"))).toBeUndefined()
    expect(parseLogLine(Buffer.from("2026 stdout F"))?.text.length).toBe(0)
  })
})
