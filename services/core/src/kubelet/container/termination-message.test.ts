import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { PodContainer } from "../pod/observed.ts"
import type { ContainerRecord } from "../runtime/runtime.ts"
import { terminationMessage } from "./termination-message.ts"

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-message-"))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const told = (file: string, policy = "File", exitCode = 1) =>
  terminationMessage(
    { terminationMessagePolicy: policy } as PodContainer,
    { exitCode, logPath: join(directory, "log") } as ContainerRecord,
    file,
  )

describe("a termination message", () => {
  it("is the end of what the container wrote", async () => {
    const file = join(directory, "message")
    await writeFile(file, `${"x".repeat(5_000)}end`)
    const message = (await told(file)) ?? ""
    expect([message.length, message.slice(-4)]).toEqual([4_096, "xend"])
  })

  it("is the end of the log where the container failed without a word, if its policy says so", async () => {
    await writeFile(join(directory, "log"), "2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:00Z stderr F two\n")
    const absent = join(directory, "absent")
    expect(await told(absent, "FallbackToLogsOnError")).toBe("one\ntwo")
    expect(await told(absent, "FallbackToLogsOnError", 0)).toBeUndefined()
    expect(await told(absent)).toBeUndefined()
  })

  it("says so where it cannot be read", async () => {
    expect(await told(directory)).toContain(`Error on reading termination log ${directory}: EISDIR`)
  })
})
