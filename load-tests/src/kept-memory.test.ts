import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { expect, it } from "vitest"
import { type KeptMemory, keptMemory, memoryOfEach } from "./kept-memory.ts"

const mebibyte = 1_024 ** 2

/** A program whose inspector would answer at that port. */
async function started(port: number, program: string): Promise<ChildProcess & Disposable> {
  const text = `${program}; console.log("ready"); setInterval(() => {}, 1_000)`
  const child = spawn(process.execPath, [`--inspect-port=${port}`, "-e", text])
  if (child.stdout) await once(child.stdout, "data")
  return Object.assign(child, { [Symbol.dispose]: () => child.kill("SIGKILL") })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

it("what a process keeps counts, in its heap and outside, and its garbage does not", async () => {
  const port = await freePort()
  const looked = ({ pid = 0 }: ChildProcess): Promise<KeptMemory> => keptMemory([pid], port)
  using plain = await started(port, "")
  const none = await looked(plain)
  using wasteful = await started(port, "globalThis.lost = Array.from({ length: 2e6 }, String); delete globalThis.lost")
  const lost = await looked(wasteful)
  expect((lost.liveBytes - none.liveBytes) / mebibyte).toBeLessThan(1)
  expect((lost.ownBytes - none.ownBytes) / mebibyte).toBeGreaterThan(10)
  using keeper = await started(
    port,
    "globalThis.kept = [new Float64Array(1e6), Array.from({ length: 1e6 }, () => ({}))]",
  )
  const kept = await looked(keeper)
  expect((kept.liveBytes - none.liveBytes) / mebibyte).toBeGreaterThan(8 + 8)
})

it("what each costs is what the second look found more, of memory that is kept and of all", () => {
  const first = { liveBytes: 10 * mebibyte, codeBytes: 0, ownBytes: 20 * mebibyte }
  const second = { liveBytes: 11 * mebibyte, codeBytes: mebibyte, ownBytes: 40 * mebibyte }
  expect(memoryOfEach(first, second, 100)).toEqual({ "live KiB each": 10, "own KiB each": 205 })
})
