import { JoinError, joinCluster, type Membership, readMembership } from "@wick/core"
import { hostPort } from "@wick/sdk/host-port"
import type { Log } from "@wick/sdk/log"
import type { Home } from "./home.ts"
import type { Options } from "./options.ts"
import { Refusal } from "./refusal.ts"

/**
 * What this home is of a cluster of several hosts; undefined for one that founds its own, or is alone. A home that is to
 * join does so here, once: started again it is a member already.
 */
export async function membershipOf(options: Options, home: Home, log: Log): Promise<Membership | undefined> {
  check(options)
  const joined = await readMembership(home.directory)
  const { peer, join: url, token } = options
  if (joined !== undefined || url === undefined || peer === undefined) return joined
  if (token === undefined) throw new Refusal("--join needs a --token", "on a member: wick member invite", 2)
  const { directory } = home
  const peerUrl = `https://${hostPort(peer.host, peer.port)}`
  try {
    return await joinCluster({ url, token, name: options["node-name"], peerUrl, directory, log })
  } catch (error) {
    if (error instanceof JoinError)
      throw new Refusal(error.message, "on a member: wick member list, wick member invite")
    throw error
  }
}

/** Addresses that other hosts are to use must be ones that they can. */
function check({ peer, api, join }: Options): void {
  if (peer === undefined) {
    if (join === undefined) return
    throw new Refusal(
      "--join needs --peer: where the other members reach this one",
      "wick up --join … --peer ADDRESS:2380 --api ADDRESS:6443, with this host's own address",
      2,
    )
  }
  for (const [flag, { host }] of Object.entries({ peer, api })) {
    if (!/^127\.|^0\.0\.0\.0$|^localhost$|^\[?::1?\]?$/.test(host)) continue
    throw new Refusal(
      `--${flag} ${host}: other hosts cannot reach that`,
      `give this host's own address, for example --${flag} 192.168.1.7:${flag === "peer" ? 2380 : 6443}`,
      2,
    )
  }
}
