import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs"
import { networkInterfaces, tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { run } from "./testing/run.ts"
import { until } from "./testing/until.ts"
import { freePorts } from "./testing.ts"

const home = mkdtempSync(join(tmpdir(), "wick-failed-"))
const main = new URL("./main.ts", import.meta.url).pathname

/** Processes whose command line names the home. */
function processes(): string[] {
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && commandOf(entry).includes(home))
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
  } catch {
    return ""
  }
}

afterAll(() => {
  for (const pid of processes()) process.kill(Number(pid), "SIGKILL")
})

it("a start that cannot finish ends the containerd and the activator that it began, and takes its network down", async () => {
  const [api, gateway, registry] = await freePorts(3)
  const at = (port: number | undefined): string => `127.0.0.1:${port}`
  // The metrics' port is free when it is looked at, and the gateway's own when it is needed.
  const ports = ["--api", at(api), "--gateway", at(gateway), "--registry", at(registry), "--metrics", at(gateway)]
  const { code, stderr } = await run(process.execPath, [main, "up", "--home", home, ...ports], process.env)
  expect(code).toBe(1)
  expect(stderr).toContain(`error: ${at(gateway)} is in use by another program`)
  expect(stderr).toMatch(/ms +node\n/)
  expect(stderr).toMatch(/ms +serving\n/)
  expect(existsSync(join(home, "run", "activator-0.pid"))).toBe(false)
  const instance = createHash("sha256").update(home).digest("hex").slice(0, 6)
  expect(Object.keys(networkInterfaces()).filter((link) => link.includes(instance))).toEqual([])
  await until("no process of it is left", async () => processes().length === 0, 5_000)
})
