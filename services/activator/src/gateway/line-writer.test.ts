import { Writable } from "node:stream"
import { expect, it } from "vitest"
import { until } from "../testing/stage.ts"
import { LineWriter } from "./line-writer.ts"

it("writes the lines of one turn at once", async () => {
  const written: string[] = []
  const out = new Writable({
    write: (chunk, _encoding, done) => {
      written.push(String(chunk))
      done()
    },
  })
  const writer = new LineWriter(out)
  writer.write("one")
  writer.write("two")
  await until(() => written.length > 0)
  expect(written).toEqual(["one\ntwo\n"])
})

it("drops lines rather than memory while nobody reads, and says how many when somebody does", async () => {
  const done: (() => void)[] = []
  let written = ""
  const out = new Writable({
    write: (chunk, _encoding, next) => {
      written += chunk
      done.push(next)
    },
  })
  const writer = new LineWriter(out)
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  for (const line of ["x".repeat(17 * 1024 * 1024), "lost", "lost too"]) {
    writer.write(line)
    await turn()
  }
  done.shift()?.()
  writer.write("heard")
  await until(() => written.includes("heard"))
  expect(written).not.toContain("lost")
  expect(written).toContain('"lines":2')
})
