import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { networkInterfaces } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { freePorts } from "@wick/sdk/testing/free-ports"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { afterAll, expect, it } from "vitest"
import { run } from "./testing/run.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform } from "./testing.ts"

const home = scratchDirectory("failed")
const main = fileURLToPath(new URL("./main.ts", import.meta.url))

const at = (port: number | string | undefined): string => `127.0.0.1:${port}`

/** The same place by another name: flags that name one place are refused before anything is started. */
const otherwise = (port: number | string | undefined): string => `127.1:${port}`

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

it("a start that cannot finish ends the containerd and the activator that it began, and leaves nothing on the host", async () => {
  const [api, gateway, registry] = await freePorts(3)
  // The metrics' port is free when it is looked at, and the gateway's own when it is needed.
  const ports = [
    "--api",
    at(api),
    "--gateway",
    at(gateway),
    "--registry",
    at(registry),
    "--metrics",
    otherwise(gateway),
  ]
  const { code, stderr } = await run(process.execPath, [main, "up", "--home", home, ...ports], process.env)
  expect(code).toBe(1)
  expect(stderr).toContain(`error: ${at(gateway)} is in use by another program`)
  expect(stderr).toMatch(/ms +node\n/)
  expect(stderr).toMatch(/ms +serving\n/)
  expect(existsSync(join(home, "run", "activator-0.pid"))).toBe(false)
  const instance = createHash("sha256").update(home).digest("hex").slice(0, 6)
  expect(Object.keys(networkInterfaces()).filter((link) => link.includes(instance))).toEqual([])
  expect(readFileSync("/proc/mounts", "utf8")).not.toContain(`wick-${instance}`)
  expect(existsSync(`/run/wick-${instance}`)).toBe(false)
  await until("no process of it is left", async () => processes().length === 0)
})

it("a start that cannot finish leaves alone what ran before", async () => {
  await using wick = await startTestPlatform()
  const kept = ["run/activator-0.pid", "containerd/containerd.pid"].map((file) => join(wick.home, file))
  const before = kept.map((file) => readFileSync(file, "utf8"))
  const state = JSON.parse(readFileSync(join(wick.home, "wick.json"), "utf8")) as Record<string, string>
  const [api, registry] = [new URL(state.api ?? "").port, new URL(`http://${state.registry}`).port]
  const gateways = ["--gateway", at(wick.gatewayPort), "--gateway-https", at(wick.securePort)]
  const flags = ["--api", at(api), ...gateways, "--registry", at(registry), "--metrics", otherwise(api)]
  process.kill(wick.pid(), "SIGKILL")
  const { code, stderr } = await run(process.execPath, [main, "up", "--home", wick.home, ...flags], process.env)
  expect(code).toBe(1)
  expect(stderr).toContain(`error: ${at(api)} is in use by another program`)
  expect(kept.map((file) => readFileSync(file, "utf8"))).toEqual(before)
  for (const text of before) expect(existsSync(`/proc/${JSON.parse(text).pid}`)).toBe(true)
  await wick.restart()
  expect(kept.map((file) => readFileSync(file, "utf8"))).toEqual(before)
})
