import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { residentBytes } from "./resident-bytes.ts"

const source = (path: string): string => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)))

/** Reads what a process knows of itself when there is no descriptor left for it, and once there is. */
const program = `
import { closeSync, openSync } from "node:fs"
import { residentBytes } from ${source("resident-bytes.ts")}
import { processFamilies } from ${source("../telemetry/process-metrics.ts")}
const families = processFamilies()
const read = () => families.map(({ read }) => read())
read()
const open = []
try {
  for (;;) open.push(openSync("/dev/null"))
} catch {}
const none = { resident: residentBytes() ?? "unknown", unknown: read().filter(Number.isNaN).length }
for (const descriptor of open) closeSync(descriptor)
console.log(JSON.stringify({ none, some: { resident: typeof residentBytes(), unknown: read().filter(Number.isNaN).length } }))
`

describe("a process without a file descriptor to ask by", () => {
  it("does not know what memory it has, and goes on", async () => {
    const words = ['ulimit -n 64; exec "$0" --input-type=module --eval "$1"', process.execPath, program]
    const { stdout } = await promisify(execFile)("sh", ["-c", ...words])
    expect(JSON.parse(stdout)).toEqual({
      none: { resident: "unknown", unknown: 2 },
      some: { resident: "number", unknown: 0 },
    })
  })

  it("is not this one", () => {
    expect(residentBytes()).toBeGreaterThan(1024 * 1024)
  })
})
