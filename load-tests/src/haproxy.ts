import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "@wick/sdk/testing/free-ports"
import type { Peer } from "./peer.ts"

const startChecksMax = 100
const checkEveryMs = 20

/** HAProxy with one thread before one server: what a proxy of the field costs for the same work. */
export async function startHaproxy(server: string): Promise<Peer> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), "wick-haproxy-"))
  const path = join(directory, "haproxy.cfg")
  writeFileSync(path, config(port, server))
  const child = spawn("haproxy", ["-f", path, "-db"], { stdio: "ignore" })
  await answering(port)
  return {
    port,
    pids: child.pid === undefined ? [] : [child.pid],
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once("exit", resolve))
      child.kill("SIGTERM")
      await ended
      rmSync(directory, { recursive: true })
    },
  }
}

function config(port: number, server: string): string {
  return `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
listen peer
  bind 127.0.0.1:${port}
  server function ${server}
`
}

async function answering(port: number): Promise<void> {
  for (let check = 0; check < startChecksMax; check++) {
    const answered = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.ok,
      () => false,
    )
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, checkEveryMs))
  }
  throw new Error("HAProxy did not answer: apt-get install haproxy")
}
