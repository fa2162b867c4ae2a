import { spawn } from "node:child_process"
import { mkdirSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Client } from "@wick/sdk/client"
import { run } from "../run.ts"
import { until } from "../until.ts"
import { ownApi } from "./own-api.ts"
import { SmallDisk } from "./small-disk.ts"
import type { Wire } from "./wire.ts"

const main = fileURLToPath(new URL("../../main.ts", import.meta.url))
const cli = fileURLToPath(new URL("../../../../../sdk/bin/wick.mjs", import.meta.url))
const compileCache = fileURLToPath(new URL("../../../../../node_modules/.cache/compile", import.meta.url))
const ask = fileURLToPath(new URL("./ask.ts", import.meta.url))
const startTimeoutMs = 90_000
const apiPort = 6443
const gatewayPort = 8080
const registry = "127.0.0.1:5000"

/** One control-plane host in a network namespace of its own. */
export class Host {
  readonly at: number
  readonly home: string
  readonly address: string
  /** Where the store is: a small disk of its own. */
  readonly disk: SmallDisk
  readonly #wire: Wire

  constructor(wire: Wire, at: number, home: string) {
    this.at = at
    this.home = home
    mkdirSync(join(home, "store"), { recursive: true, mode: 0o700 })
    this.disk = new SmallDisk(join(home, "store"))
    this.address = wire.address(at)
    this.#wire = wire
  }

  get name(): string {
    return `host${this.at}`
  }

  get api(): string {
    return `https://${this.address}:${apiPort}`
  }

  get gateway(): { host: string; port: number } {
    return { host: this.address, port: gatewayPort }
  }

  get kubeconfig(): string {
    return join(this.home, "kubeconfig")
  }

  /** Starts the control process, and resolves when it is ready; its output is kept in the home. */
  async start(flags: readonly string[] = []): Promise<void> {
    const { address, home, name } = this
    const given = ["up", "--home", home, "--node-name", name, "--registry", registry, "--metrics", "127.0.0.1:9090"]
    const own = [
      "--api",
      `${address}:${apiPort}`,
      "--peer",
      `${address}:2380`,
      "--gateway",
      `${address}:${gatewayPort}`,
    ]
    const node = [process.execPath, "--max-semi-space-size=2", main, ...given, ...own, ...flags]
    const output = openSync(join(home, "control.log"), "a")
    const [command, args] = this.#wire.inside(this.at, ...node)
    const env = { ...process.env, NODE_COMPILE_CACHE: compileCache, MALLOC_ARENA_MAX: "1" }
    const child = spawn(command, args, { stdio: ["ignore", output, output], detached: true, env })
    let ended: string | undefined
    child.once("exit", (code, signal) => {
      ended = String(signal ?? code)
    })
    child.unref()
    await until(
      `${name} to be ready`,
      async () => {
        if (ended !== undefined) throw new Error(`${name} ended at start: ${ended}\n${this.log()}`)
        return this.pid() === child.pid
      },
      startTimeoutMs,
    )
  }

  /** Of the control process, as it says itself. */
  pid(): number | undefined {
    try {
      return (JSON.parse(readFileSync(join(this.home, "wick.json"), "utf8")) as { pid: number }).pid
    } catch {
      return undefined
    }
  }

  signal(name: NodeJS.Signals): void {
    const pid = this.pid()
    if (pid === undefined) throw new Error(`${this.name} does not run`)
    process.kill(pid, name)
  }

  log(): string {
    return readFileSync(join(this.home, "control.log"), "utf8").slice(-4_000)
  }

  /** A client of this host's API alone, as its administrator. */
  client(): Promise<Client> {
    return ownApi(this.kubeconfig)
  }

  async wick(...args: string[]): Promise<string> {
    const [command, given] = this.#wire.inside(this.at, process.execPath, cli, ...args)
    const { code, stdout, stderr } = await run(command, given, { ...process.env, WICK_HOME: this.home, NO_COLOR: "1" })
    if (code !== 0) throw new Error(`wick ${args.join(" ")}: ${stderr}`)
    return stdout
  }

  /** kubectl with this host's kubeconfig. */
  async kubectl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run("kubectl", ["--kubeconfig", this.kubeconfig, ...args], process.env)
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`)
    return stdout
  }

  /** Runs a module of TypeScript in the host's network, and gives what it prints. */
  async module(path: string, ...args: string[]): Promise<string> {
    const [command, given] = this.#wire.inside(this.at, process.execPath, path, ...args)
    const { code, stdout, stderr } = await run(command, given, process.env)
    if (code !== 0) throw new Error(`${path}: ${stderr}`)
    return stdout
  }

  /** What this host's own API says that an object of `Marker` holds, asked on the host itself. */
  said(name: string, timeoutMs: number): Promise<string> {
    return this.module(ask, this.kubeconfig, name, String(timeoutMs))
  }
}
