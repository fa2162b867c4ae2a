import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { verifyChain } from "./audit-chain.ts"

const lines: string[] = []
for (let at = 0; at < 4; at += 1) {
  const previous = createHash("sha256")
    .update(lines.at(-1) ?? "")
    .digest("hex")
  lines.push(JSON.stringify({ verb: "create", at, previous }))
}
const file = (changed: readonly string[]): string => `${changed.join("\n")}\n`

describe("the chain of an audit log", () => {
  it("is whole as it was written, also from the middle on", () => {
    expect(verifyChain(file(lines))).toEqual({ kind: "whole", lines: 4 })
    expect(verifyChain(file(lines.slice(2)))).toEqual({ kind: "whole", lines: 2 })
  })

  it("names the line after a changed one", () => {
    const changed = lines.map((line, at) => (at === 1 ? line.replace("create", "delete") : line))
    expect(verifyChain(file(changed))).toMatchObject({
      kind: "broken",
      line: 3,
      because: expect.stringContaining("the line before it was changed"),
    })
  })

  it("names the place of a missing line, and a torn one", () => {
    expect(verifyChain(file(lines.toSpliced(1, 1)))).toMatchObject({ kind: "broken", line: 2 })
    expect(verifyChain(file([...lines, '{"verb":']))).toMatchObject({ kind: "broken", line: 5 })
  })
})
