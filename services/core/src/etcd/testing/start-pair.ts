import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { freePort } from "@wick/sdk/testing/free-ports"
import { type Credential, openPki, type Pki } from "#pki"
import { openStorage } from "#replication"
import { type EtcdServer, startEtcd } from "../index.ts"

/** One who answers etcd's clients: ours, or etcd itself. */
export interface Peer extends AsyncDisposable {
  readonly endpoint: string
  /** What etcdctl is told besides, to be let in. */
  readonly flags?: readonly string[]
}

/** The same, with its endpoint written as a URL. */
export function byUrl(peer: Peer): Peer {
  return { ...peer, endpoint: `${peer.flags === undefined ? "http" : "https"}://${peer.endpoint}` }
}

/** Our own on a store on disk. */
export async function startOurs(given: { readonly tls?: boolean } = {}): Promise<Peer> {
  const directory = await mkdtemp(join(tmpdir(), "wick-etcd-"))
  const secured = given.tls ? await makeFiles(join(directory, "tls")) : undefined
  const storage = await openStorage({ directory, clock: systemClock, log: silentLog })
  const server: EtcdServer = await startEtcd({
    storage,
    directory: join(directory, "snapshots"),
    host: "127.0.0.1",
    port: 0,
    tls: secured && { ...secured.pki, organizations: ["wick"] },
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  })
  return {
    endpoint: new URL(server.url).host,
    ...(secured && { flags: flagsOf(secured.client) }),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      await storage.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** Files of a server that believes only clients with certificates. */
interface ServerFiles {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

export interface SecurePeer extends Peer {
  /** What a client needs to be let in. */
  readonly files: ServerFiles
}

/** An authority, with certificates of it for a server and for a client. */
async function makeFiles(directory: string): Promise<{ pki: Pki; server: ServerFiles; client: ServerFiles }> {
  const names = { serverNames: ["127.0.0.1", "localhost"], clusterDomain: "cluster.local" }
  await mkdir(directory, { recursive: true })
  const pki = await openPki({ directory, ...names, clock: systemClock, log: silentLog })
  const client = await pki.issueClient("wick", ["wick"])
  const write = async (name: string, pem: string): Promise<string> => {
    const path = join(directory, name)
    await writeFile(path, pem)
    return path
  }
  const caFile = await write("authority.pem", pki.authorityPem)
  const pair = async (name: string, { certificatePem, privateKeyPem }: Credential): Promise<ServerFiles> => ({
    caFile,
    certFile: await write(`${name}.crt`, certificatePem),
    keyFile: await write(`${name}.key`, privateKeyPem),
  })
  return { pki, server: await pair("etcd", pki.serving), client: await pair("client", client) }
}

function flagsOf({ caFile, certFile, keyFile }: ServerFiles): string[] {
  return [`--cacert=${caFile}`, `--cert=${certFile}`, `--key=${keyFile}`]
}

/** etcd of this machine over mutual TLS, with an authority of its own. */
export async function startSecure(binary = "/usr/bin/etcd"): Promise<SecurePeer> {
  const directory = await mkdtemp(join(tmpdir(), "wick-etcd-tls-"))
  const { server, client } = await makeFiles(directory)
  const peer = await startTheirs(binary, undefined, server)
  return {
    endpoint: peer.endpoint,
    flags: flagsOf(client),
    files: client,
    [Symbol.asyncDispose]: async () => {
      await peer[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    },
  }
}

/** etcd of this machine, on a directory that is empty unless one is given. */
export async function startTheirs(binary = "/usr/bin/etcd", data?: string, tls?: ServerFiles): Promise<Peer> {
  const directory = data ?? (await mkdtemp(join(tmpdir(), "wick-etcd-peer-")))
  const [client, peer] = [await freePort(), await freePort()]
  const endpoint = `127.0.0.1:${client}`
  const urls = { client: `${tls ? "https" : "http"}://${endpoint}`, peer: `http://127.0.0.1:${peer}` }
  const flags = {
    "data-dir": directory,
    "listen-client-urls": urls.client,
    "advertise-client-urls": urls.client,
    "listen-peer-urls": urls.peer,
    ...(tls && {
      "cert-file": tls.certFile,
      "key-file": tls.keyFile,
      "trusted-ca-file": tls.caFile,
      "client-cert-auth": "true",
    }),
    ...(data === undefined && {
      "initial-advertise-peer-urls": urls.peer,
      "initial-cluster": `default=${urls.peer}`,
    }),
  }
  const child = spawn(
    binary,
    Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    { stdio: ["ignore", "ignore", "pipe"] },
  )
  await untilReady(child)
  return {
    endpoint,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit")
      child.kill("SIGKILL")
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function untilReady(child: ChildProcess): Promise<void> {
  let said = ""
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // What it says later is read too, and thrown away: it would stop when nobody reads.
  child.stderr?.on("data", (chunk: Buffer) => {
    if (said.length < saidMax) said += String(chunk)
    if (said.includes("ready to serve client requests")) resolve()
  })
  child.once("exit", () => reject(new Error(`etcd ended:\n${said}`)))
  return promise
}

const saidMax = 100_000

export interface Outcome {
  readonly code: number
  readonly output: string
}

const timeoutMs = 60_000

function reached({ endpoint, flags = [] }: Peer): string[] {
  return ["--endpoints", endpoint, ...flags]
}

/** etcdctl with these arguments; what it says on both streams. */
export function etcdctl(
  peer: Peer,
  args: readonly string[],
  input = "",
  binary = "/usr/bin/etcdctl",
): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, ETCDCTL_API: "3" }
    const given = [...reached(peer), ...args]
    const child = execFile(binary, given, { env, timeout: timeoutMs }, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error === null ? 0 : -1
      resolve({ code, output: masked(stdout + stderr, peer) })
    })
    child.stdin?.on("error", () => {}) // a command that ends without having read
    child.stdin?.end(input)
  })
}

/** Without what differs from one member and moment to another. */
function masked(text: string, { endpoint }: Peer): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith('{"level"'))
    .join("\n")
    .replaceAll(endpoint, "ENDPOINT")
    .replace(/"(cluster_id|member_id|raft_term)":\d+/g, '"$1":0')
    .replace(/^("(ClusterID|MemberID|RaftTerm)" :) \d+$/gm, "$1 0")
    .replace(/\b[0-9a-f]{12,16}\b/g, "ID")
    .replace(/took = [\d.]+[mµ]?s/g, "took = TIME")
}

/** Events that a watch of etcdctl prints as JSON, each with what differs between members left out, until there are enough. */
export async function watching(
  peer: Peer,
  args: readonly string[],
  enough: number,
  binary = "/usr/bin/etcdctl",
): Promise<unknown[]> {
  const child = spawn(binary, [...reached(peer), "watch", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const found: { readonly type?: number; readonly kv: object }[] = []
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { Events = [] } = JSON.parse(line) as { Events?: typeof found }
      found.push(...Events)
      if (found.length > enough) return found
    }
    return found
  } finally {
    child.kill("SIGKILL")
  }
}

/** The first lines that a command of etcdctl prints which does not end by itself. */
export async function printing(
  peer: Peer,
  args: readonly string[],
  lines: number,
  input = "",
  binary = "/usr/bin/etcdctl",
): Promise<string> {
  const child = spawn(binary, [...reached(peer), ...args], { stdio: ["pipe", "pipe", "inherit"] })
  child.stdin.write(input)
  const found: string[] = []
  try {
    for await (const line of createInterface({ input: child.stdout })) if (found.push(line) === lines) break
    return masked(found.join("\n"), peer)
  } finally {
    child.kill("SIGKILL")
  }
}

/** etcdctl copying keys from one to the other while this lives. */
export function mirroring(from: Peer, to: Peer, binary = "/usr/bin/etcdctl") {
  const child = spawn(binary, [...reached(from), "make-mirror", to.endpoint], { stdio: "ignore" })
  return {
    async until(condition: () => Promise<boolean>): Promise<void> {
      for (let attempt = 0; attempt < mirrorLooksMax; attempt++) if (await condition()) return
      throw new Error("nothing was mirrored")
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  }
}

/** Each look runs a process, so between two of them some ten milliseconds pass. */
const mirrorLooksMax = 300
