import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { namespaceVariables } from "./namespace-program.ts"
import { namespacePlugin, PluginDirectory } from "./plugin-directory.ts"

const directory = mkdtempSync(join(tmpdir(), "wick-namespaces-"))
const [network, uts, ipc, sharedMemory] = ["net", "uts", "ipc", "shm"].map((name) => join(directory, name)) as [
  string,
  string,
  string,
  string,
]
const all = {
  [namespaceVariables.network]: network,
  [namespaceVariables.uts]: uts,
  [namespaceVariables.ipc]: ipc,
  [namespaceVariables.sharedMemory]: sharedMemory,
}
const call = (verb: string, env: Record<string, string>) =>
  spawnSync(join(directory, "bin", namespacePlugin), [], { env: { CNI_COMMAND: verb, ...env }, encoding: "utf8" })
const inside = (...command: string[]): string =>
  execFileSync("nsenter", [`--net=${network}`, `--uts=${uts}`, `--ipc=${ipc}`, ...command], { encoding: "utf8" })
const mounts = (): string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(directory))

describe("the program that makes a pod's namespaces", () => {
  beforeAll(async () => {
    await PluginDirectory.make(join(directory, "bin"), [])
    for (const file of [network, uts, ipc]) writeFileSync(file, "")
    mkdirSync(sharedMemory)
  })
  afterAll(() => {
    call("DEL", all)
    rmSync(directory, { recursive: true, force: true })
  })

  it("leaves them on files, each of its own, with nothing in them but lo", () => {
    expect(call("ADD", all)).toMatchObject({ status: 0, stdout: "" })
    for (const kind of ["net", "uts", "ipc"]) {
      const entered = inside("readlink", `/proc/self/ns/${kind}`).trim()
      expect(entered).toBe(`${kind}:[${statSync(join(directory, kind)).ino}]`)
      expect(entered).not.toBe(readlinkSync(`/proc/self/ns/${kind}`))
    }
    expect(inside("ip", "-brief", "link")).toMatch(/^lo +UNKNOWN .*LOOPBACK,UP[^\n]*\n$/)
    const memory = mounts().find((line) => line.includes(sharedMemory))
    expect(memory).toMatch(/nosuid,nodev,noexec.* - tmpfs shm rw,.*size=65536k/)
    expect(statSync(sharedMemory).mode & 0o7777).toBe(0o1777)
  })

  it("takes them away, and does not mind what is gone", () => {
    expect(mounts()).toHaveLength(4)
    expect(call("DEL", all).status).toBe(0)
    expect(mounts()).toEqual([])
    expect(call("DEL", all).status).toBe(0)
  })

  it("makes those alone that it is told of", () => {
    const { [namespaceVariables.ipc]: _ipc, [namespaceVariables.sharedMemory]: _memory, ...without } = all
    expect(call("ADD", without).status).toBe(0)
    expect(mounts().map((line) => line.split(" ")[4])).toEqual([network, uts])
  })

  it("says what the kernel refuses", () => {
    const { status, stdout } = call("ADD", { [namespaceVariables.uts]: join(directory, "none") })
    expect(status).toBe(1)
    expect(JSON.parse(stdout).msg).toBe("mounting /proc/self/ns/uts: the kernel's error is 2")
  })
})
