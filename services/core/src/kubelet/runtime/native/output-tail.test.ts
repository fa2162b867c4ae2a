import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { OutputTail } from "./output-tail.ts"

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "wick-output-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** A reader of the test's one output, with what it was given; of which it leaves lines that have not ended for later. */
function read(spent: (until: number) => void = () => {}) {
  const path = join(directory, "stdout")
  if (!existsSync(path)) writeFileSync(path, "")
  const progressPath = `${path}.progress`
  let text = ""
  const take = (chunk: Buffer): number => {
    text += chunk
    return text.length - 1 - text.lastIndexOf("\n")
  }
  const tail = new OutputTail({ path, progressPath, take, spent })
  return { tail, path, progressPath, text: () => text }
}

describe("what a container says", () => {
  it("is read as it comes, and to the end when it has ended, when its files go", async () => {
    const { tail, path, progressPath, text } = read()
    appendFileSync(path, "one\n")
    await expect.poll(text).toBe("one\n")
    appendFileSync(path, "two\n")
    await expect.poll(text).toBe("one\ntwo\n")
    appendFileSync(path, "three")
    tail.finish()
    expect(text()).toBe("one\ntwo\nthree")
    tail.remove()
    expect([path, progressPath].filter(existsSync)).toEqual([])
  })

  it("waits for the next reader, who begins with the line that had not ended", () => {
    writeFileSync(join(directory, "stdout"), "one\ntw")
    const first = read()
    expect(first.text()).toBe("one\ntw")
    first.tail.stop()
    appendFileSync(first.path, "o\nthree\n")
    const second = read()
    second.tail.remove()
    expect(second.text()).toBe("two\nthree\n")
  })

  it("is read again where the reader was killed before it had written down how far it was", () => {
    writeFileSync(join(directory, "stdout"), "one\ntwo\n")
    const first = read()
    first.tail.stop()
    writeFileSync(first.progressPath, Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]))
    const second = read()
    second.tail.remove()
    expect(second.text()).toBe("two\n")
  })

  it("is read on where nothing can be noted of it, as on a full disk", async () => {
    const path = join(directory, "stdout")
    writeFileSync(path, Buffer.alloc(5 * 1024 * 1024))
    let [bytes, spent] = [0, 0]
    const take = (chunk: Buffer): number => {
      bytes += chunk.length
      return 0
    }
    const progressPath = join(directory, "none", "progress")
    const tail = new OutputTail({ path, progressPath, take, spent: () => spent++ })
    appendFileSync(path, "more")
    await expect.poll(() => bytes).toBe(5 * 1024 * 1024 + 4)
    // Whoever reads next begins at the beginning.
    expect(spent).toBe(0)
    tail.remove()
  })

  it("is told as spent in pieces of four mebibytes, however long it is", async () => {
    const line = `${"x".repeat(1023)}\n`
    writeFileSync(join(directory, "stdout"), line.repeat(10 * 1024))
    const spent: number[] = []
    const { tail, path, text } = read((until) => spent.push(until))
    await expect.poll(() => text().length).toBe(statSync(path).size)
    expect(spent).toEqual([4, 8].map((mebibytes) => mebibytes * 1024 * 1024))
    tail.remove()
  })
})
