import { join } from "node:path"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { memberName, openPeerDoor } from "#peer"
import type { Pki } from "#pki"
import { openStorage } from "#replication"
import type { Cluster, MemberStorage } from "#store"
import { readMembership } from "./membership/index.ts"

/** How this host takes part in a cluster of several. */
export interface PeerOptions {
  /** Where other members reach this one's store. */
  readonly host: string
  readonly port: number
  /** Where clients of the API reach this host, `https://host:port`. */
  readonly clientUrl: string
}

export interface MemberOptions {
  /** Home of the control plane. */
  readonly directory: string
  /** Name by which people know the member. */
  readonly name: string
  /** Absent: the store is this host's alone, and nobody can join. */
  readonly peer: PeerOptions | undefined
  readonly pki: Pki
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics?: Metrics | undefined
  readonly onFailure: (error: Error) => void
}

/** The number of who founds a cluster. */
const founder = 1

/** The store of this home: of a host alone, of the founder of a cluster, or of one that has joined. */
export async function openMember(options: MemberOptions): Promise<MemberStorage> {
  const { directory, name, peer, pki, clock, random, log, onFailure } = options
  const measured = options.metrics && { metrics: options.metrics }
  const store = join(directory, "store")
  const joined = await readMembership(directory)
  if (peer === undefined) {
    if (joined) throw new Error(`${directory} belongs to a cluster of several hosts: start it with --peer`)
    return openStorage({ directory: store, clock, log, ...measured, onFailure })
  }
  const id = joined?.id ?? founder
  const { host, port, clientUrl } = peer
  const tls = await pki.peer(memberName(id))
  const door = await openPeerDoor({ id, host, port, tls, clock, random, log, ...measured })
  try {
    const storage = await openStorage({
      directory: store,
      membership: {
        id,
        address: { name, peerUrls: [door.url], clientUrls: [clientUrl] },
        founders: joined ? [] : [founder],
        peers: new Map(joined?.peers ?? []),
        connect: door.connect,
      },
      clock,
      log,
      ...measured,
      onFailure,
    })
    await leaderOf(storage.cluster, log)
    return storage
  } catch (error) {
    await door.close()
    throw error
  }
}

/** Nothing can be read before a majority is there: after a night in which all were off, one is the first to come back. */
function leaderOf(cluster: Cluster, log: Log): Promise<void> {
  if (cluster.leader() !== 0) return Promise.resolve()
  log.info("waiting for a leader: more than half of the members have to run")
  return new Promise((resolve) => {
    const stop = cluster.onChange(() => {
      if (cluster.leader() === 0) return
      stop()
      resolve()
    })
  })
}
