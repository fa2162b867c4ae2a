/**
 * Door for end-to-end tests: one Wick of its own, as a user would start it (a process of its own, a home in a temporary
 * directory, free ports), and what a test needs to deploy to it and to call functions. Only tests may come in.
 */

import { spawn } from "node:child_process"
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Client, connect } from "@wick/sdk/client"
import { smallHeap } from "@wick/sdk/small-heap"
import { freePorts } from "@wick/sdk/testing/free-ports"
import { type Answer, type CallOptions, call } from "./call.ts"
import { type Background, inBackground } from "./testing/background.ts"
import { type CommandResult, run } from "./testing/run.ts"

export interface TestPlatform extends AsyncDisposable {
  readonly home: string
  readonly client: Client
  readonly kubeconfig: string
  /** `127.0.0.1:PORT` of the image registry. */
  readonly registry: string
  readonly gatewayPort: number
  /** Of the gateway behind TLS. */
  readonly securePort: number
  readonly domain: string
  /** Sends a request to the gateway for the host of a function's URL. */
  call(host: string, options?: CallOptions): Promise<Answer>
  /** Runs the `wick` command against this platform. */
  wick(...args: string[]): Promise<CommandResult>
  kubectl(...args: string[]): Promise<CommandResult>
  /** Runs a command against this platform while the test goes on. */
  background(command: "wick" | "kubectl", ...args: string[]): Background
  /** Runs a script in bash, where `wick` is this platform's command. */
  bash(script: string): Promise<CommandResult>
  /** Pid of the control process. */
  pid(): number
  /** Starts the control process again after a test ended it. */
  restart(): Promise<void>
  /** Ends the control process as `wick down` does. */
  stop(): Promise<void>
}

const startTimeoutMs = 90_000
const stopTimeoutMs = 60_000
const main = fileURLToPath(new URL("./main.ts", import.meta.url))
const compileCache = fileURLToPath(new URL("../../../node_modules/.cache/compile", import.meta.url))
const cli = fileURLToPath(new URL("../../../sdk/bin/wick.mjs", import.meta.url))

/**
 * Starts a platform. `flags` are those of `wick up`, beside the ones that keep it apart from any other Wick; by `start` it
 * deploys its example, as `npm start` has it.
 */
export async function startTestPlatform(
  flags: readonly string[] = [],
  mode: "up" | "start" = "up",
): Promise<TestPlatform> {
  const home = mkdtempSync(join(tmpdir(), "wick-e2e-"))
  const [api, gateway, secure, registry, metrics] = await freePorts(5)
  const ports = { api, gateway, "gateway-https": secure, registry, metrics }
  const addresses = Object.entries(ports).flatMap(([flag, port]) => [`--${flag}`, `127.0.0.1:${port}`])
  const args = [main, mode, "--home", home, ...addresses, ...runtimeFlags(flags), ...flags]
  await start(home, args)
  const { client } = await connect({ kubeconfig: join(home, "kubeconfig"), env: {} })
  return platform(client, home, args, { gateway: gateway ?? 0, secure: secure ?? 0, registry: registry ?? 0 })
}

/** `WICK_TEST_RUNTIME=cri` runs what says nothing of a runtime on containers that CRI makes. */
function runtimeFlags(flags: readonly string[]): string[] {
  const { WICK_TEST_RUNTIME: runtime } = process.env
  return runtime === undefined || flags.some((flag) => flag.startsWith("--runtime")) ? [] : [`--runtime=${runtime}`]
}

function platform(
  client: Client,
  home: string,
  args: string[],
  ports: { readonly gateway: number; readonly secure: number; readonly registry: number },
): TestPlatform {
  const kubeconfig = join(home, "kubeconfig")
  const env = { ...process.env, WICK_HOME: home, KUBECONFIG: kubeconfig, NO_COLOR: "1" }
  const pid = (): number => (JSON.parse(readFileSync(join(home, "wick.json"), "utf8")) as { pid: number }).pid
  const stop = async (): Promise<void> => {
    const result = await run(process.execPath, [cli, "down", "--timeout", `${stopTimeoutMs / 1000}s`], env)
    if (result.code !== 0) throw new Error(`wick down failed: ${result.stderr}`)
  }
  return {
    home,
    client,
    kubeconfig,
    registry: `127.0.0.1:${ports.registry}`,
    gatewayPort: ports.gateway,
    securePort: ports.secure,
    domain: "wick.localhost",
    call: (host, options) => call(ports.gateway, host, options),
    wick: (...words) => run(process.execPath, [cli, ...words], env),
    kubectl: (...words) => run("kubectl", words, env),
    background: (command, ...words) =>
      command === "wick" ? inBackground(process.execPath, [cli, ...words], env) : inBackground("kubectl", words, env),
    bash: (script) => run("bash", ["-c", `wick() { "${process.execPath}" "${cli}" "$@"; }\n${script}`], env),
    pid,
    restart: () => start(home, args),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Starts the control process and resolves when it says that it is ready; its output is kept in the home. */
async function start(home: string, args: string[]): Promise<void> {
  const logPath = join(home, "control.log")
  const output = openSync(logPath, "a")
  const child = spawn(
    "/bin/sh",
    [
      // As on hosts that trust nobody: what functions are to read, they can read all the same.
      ...["-c", 'umask 077; exec "$0" "$@"', process.execPath],
      ...smallHeap.flags,
      ...args,
    ],
    {
      stdio: ["ignore", output, output, "ipc"],
      detached: true,
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    },
  )
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("not ready in time")), startTimeoutMs)
      child.once("message", () => {
        clearTimeout(timer)
        resolve()
      })
      child.once("exit", (code, signal) => reject(new Error(`ended at start: ${signal ?? code}`)))
    })
  } catch (error) {
    const log = readFileSync(logPath, "utf8").slice(-4_000)
    throw new Error(`Wick did not start: ${(error as Error).message}\n${log}`)
  }
  child.disconnect()
  child.unref()
}
