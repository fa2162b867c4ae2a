import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { scratchDirectory } from "../testing/scratch.ts"
import type { Context } from "./context.ts"
import { command } from "./down.ts"

async function down(home: string): Promise<string> {
  const said: string[] = []
  const err = (text: string): void => void said.push(text)
  await command({ env: { WICK_HOME: home }, err } as unknown as Context).parseAsync([], { from: "user" })
  return said.join("")
}

it("a Wick that was killed is not taken for one that is down: what it began may go on", async () => {
  const home = scratchDirectory("down")
  expect(await down(home)).toBe(`no Wick runs from ${home}\n`)
  const { pid } = spawnSync("true")
  writeFileSync(join(home, "wick.json"), JSON.stringify({ pid }))
  await expect(down(home)).rejects.toMatchObject({
    message: expect.stringContaining("was killed"),
    next: expect.stringContaining("wick up"),
  })
})
