import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { freePorts } from "@wick/sdk/testing/free-ports"
import { openPki } from "#pki"
import { memberName, type PeerTls } from "../peer/index.ts"
import { MemberProcess } from "./member-process.ts"

/** What a member's process has to know; a file of it is its argument. */
export interface MemberOptions {
  readonly directory: string
  /** Where etcd's clients are answered. */
  readonly clientPort: number
  /** Absent: it is alone. */
  readonly peers?: {
    readonly id: number
    readonly port: number
    readonly tls: PeerTls
    /** All members, this one too. */
    readonly urls: readonly (readonly [id: number, url: string])[]
  }
}

export interface Cluster {
  readonly members: readonly MemberProcess[]
  /** Where clients reach each. */
  readonly endpoints: readonly string[]
}

/** Members in a directory, each to be a process of its own, none of them started. */
export async function makeCluster(directory: string, count: number): Promise<Cluster> {
  await mkdir(directory, { recursive: true })
  const ids = Array.from({ length: count }, (_, at) => at + 1)
  const ports = await freePorts(2 * count)
  const portOf = (place: number): number => ports[place] ?? 0
  const urls = ids.map((id) => [id, `https://127.0.0.1:${portOf(count + id - 1)}`] as const)
  const members: MemberProcess[] = []
  for (const id of ids) {
    const own = { directory: join(directory, String(id)), clientPort: portOf(id - 1) }
    const port = portOf(count + id - 1)
    const peers = count === 1 ? {} : { peers: { id, port, tls: await credential(directory, id), urls } }
    const file = join(directory, `member-${id}.json`)
    await writeFile(file, JSON.stringify({ ...own, ...peers }), { mode: 0o600 })
    members.push(new MemberProcess(file))
  }
  return { members, endpoints: ids.map((id) => `http://127.0.0.1:${portOf(id - 1)}`) }
}

async function credential(directory: string, id: number): Promise<PeerTls> {
  const pki = { directory: join(directory, "pki"), serverNames: [], clusterDomain: "cluster.local" }
  return (await openPki({ ...pki, clock: systemClock, log: silentLog })).peer(memberName(id))
}
