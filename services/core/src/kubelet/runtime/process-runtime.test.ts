import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { afterAll, beforeAll, describe } from "vitest"
import { processRuntime } from "./process-runtime.ts"
import { runtimeContract } from "./runtime.contract.ts"
import type { Runtime } from "./runtime.ts"

describe("pods as plain processes", () => {
  let runtime: Runtime
  let directory: string
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "wick-process-"))
    runtime = await processRuntime({ directory, clock: systemClock })
  })
  afterAll(async () => {
    await runtime[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })
  runtimeContract(() => ({ runtime, image: "any", directory }))
})
