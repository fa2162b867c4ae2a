import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const made: string[] = []

/** An empty directory, to be had from anywhere in a test file; it is removed when the file is through. */
export function scratchDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `wick-${name}-`))
  made.push(directory)
  return directory
}

export function removeScratch(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true })
}
