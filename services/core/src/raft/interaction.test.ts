import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { play } from "./transcript.ts"

/**
 * What members say to each other, written down. After a change on purpose, `vitest -u` writes the transcripts anew;
 * their difference is what to review.
 */
describe("raft plays", () => {
  const directory = join(import.meta.dirname, "testdata")
  it.each(readdirSync(directory))("%s as it is written down", async (file) => {
    const path = join(directory, file)
    await expect(play(readFileSync(path, "utf8"))).toMatchFileSnapshot(path)
  })
})
