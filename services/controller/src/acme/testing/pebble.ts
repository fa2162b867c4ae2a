import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePorts } from "@wick/sdk/testing/free-ports"
import { selfSigned } from "../../authority/x509.ts"
import { sendTrusting } from "../send.ts"
import { startDns } from "./dns.ts"

/** Let's Encrypt's authority for tests: looks at challenges at a port of ours, and refuses one good nonce in twenty. */
export interface Pebble extends AsyncDisposable {
  readonly directory: string
  /** Who vouches for its own server. */
  readonly authorityPem: string
  /** Takes it from the network, as when it is maintained. */
  kill(): Promise<void>
}

const dayMs = 86_400_000
const triesMax = 2_000

export async function startPebble(httpPort: number): Promise<Pebble> {
  await using undo = new AsyncDisposableStack()
  const home = mkdtempSync(join(tmpdir(), "wick-pebble-"))
  undo.defer(() => rmSync(home, { recursive: true, force: true }))
  const own = await selfSigned("pebble", { nowMs: Date.UTC(2026, 0, 1), lifetimeMs: 3650 * dayMs }, ["127.0.0.1"])
  writeFileSync(join(home, "cert.pem"), own.certificatePem)
  writeFileSync(join(home, "key.pem"), own.privateKeyPem)
  const [port, managementPort] = await freePorts(2)
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: join(home, "cert.pem"),
    privateKey: join(home, "key.pem"),
    httpPort,
    tlsPort: 1,
  }
  writeFileSync(join(home, "config.json"), JSON.stringify({ pebble }))
  const dns = undo.use(await startDns())
  const args = ["-config", join(home, "config.json"), "-dnsserver", `127.0.0.1:${dns.port}`, "-strict"]
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "5", PEBBLE_AUTHZREUSE: "0" }
  const child = spawn("pebble", args, { env, stdio: "ignore" })
  const kill = (): Promise<void> => ended(child)
  undo.defer(kill)
  const directory = `https://127.0.0.1:${port}/dir`
  await answering(directory, own.certificatePem)
  const running = undo.move()
  return {
    directory,
    authorityPem: own.certificatePem,
    kill,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function answering(url: string, authorityPem: string): Promise<void> {
  const send = sendTrusting(authorityPem)
  for (let tried = 1; ; tried++) {
    try {
      await send({ url, method: "GET" }, new AbortController().signal)
      return
    } catch (error) {
      if (tried === triesMax) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once("exit", () => resolve())
    child.kill("SIGKILL")
  })
}
