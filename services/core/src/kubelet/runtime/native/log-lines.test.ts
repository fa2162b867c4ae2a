import { describe, expect, it } from "vitest"
import { parseLogLine } from "../../log/log-line.ts"
import { LogLines } from "./log-lines.ts"

const now = Date.parse("2026-01-31T12:00:00.123Z")

function linesOf(chunks: readonly (string | Buffer)[]): { text: string; partial: boolean }[] {
  const lines = new LogLines("stdout")
  const parts = [...chunks.flatMap((chunk) => lines.take(Buffer.from(chunk), now)), ...lines.finish(now)]
  const written = Buffer.concat(parts).toString("latin1").split("\n").filter(Boolean)
  return written.map((line) => {
    const parsed = parseLogLine(Buffer.from(line, "latin1"))
    return { text: String(parsed?.text), partial: parsed?.partial ?? false }
  })
}

describe("what a container says", () => {
  it("is a line of the log when its line has ended, however it came", () => {
    expect(linesOf(["one\ntw", "o\n", "\nthree\n"])).toEqual(
      ["one", "two", "", "three"].map((text) => ({ text, partial: false })),
    )
  })

  it("is cut where a line is too long, and is part of one where it has no end", () => {
    const long = "x".repeat(20_000)
    const found = linesOf([long.slice(0, 10_000), `${long.slice(10_000)}\nrest`])
    expect(found.map(({ text, partial }) => [text.length, partial])).toEqual([
      [16_384, true],
      [3_616, false],
      [4, true],
    ])
  })

  it("is told with its time and stream", () => {
    const [head, text] = new LogLines("stderr").take(Buffer.from("oops\n"), now)
    expect(`${head}${text}`).toBe("2026-01-31T12:00:00.123000000Z stderr F oops")
  })
})
