import { join } from "node:path"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import type { MemberId } from "#raft"
import { openStorage } from "#replication"
import type { MemberStorage } from "#store"
import { type EtcdServer, startEtcd } from "../../etcd/index.ts"
import { openPeerDoor, type PeerTls } from "../index.ts"

/** One member of a cluster under test: all that its process needs to know. */
export interface NodeOptions {
  readonly id: MemberId
  readonly directory: string
  readonly tls: PeerTls
  /** 0: any that is free. */
  readonly peerPort: number
  /** Where the others are told to find it; its own address unless given. */
  readonly advertised?: string | undefined
  /** Of etcd's API; absent: it is not served. */
  readonly clientPort?: number | undefined
  /** Peer URLs of all, this one too. */
  readonly peers: readonly (readonly [MemberId, string])[]
  /** Empty: it joins. */
  readonly founders: readonly MemberId[]
}

export interface Node extends AsyncDisposable {
  /** Where it listens for peers. */
  readonly peerUrl: string
  readonly storage: MemberStorage
}

/** A real member: TLS, disk, clock. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { id, directory, tls, peerPort, advertised, clientPort, peers, founders } = options
  const common = { clock: systemClock, random: systemRandom, log: silentLog }
  const host = "127.0.0.1"
  const door = await openPeerDoor({ id, host, port: peerPort, tls, ...common })
  const storage = await openStorage({
    directory,
    ...common,
    membership: {
      id,
      address: { name: `m${id}`, peerUrls: [advertised ?? door.url], clientUrls: [] },
      founders,
      peers: new Map(peers),
      connect: door.connect,
    },
  })
  let server: EtcdServer | undefined
  if (clientPort !== undefined) {
    const at = { host, port: clientPort, directory: join(directory, "snapshots") }
    server = await startEtcd({ storage, ...at, ...common })
  }
  return {
    storage,
    peerUrl: door.url,
    [Symbol.asyncDispose]: async () => {
      await server?.[Symbol.asyncDispose]()
      await storage.close()
    },
  }
}
