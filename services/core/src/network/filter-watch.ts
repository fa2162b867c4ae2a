import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { inTheWay, listChains } from "./forward-pass.ts"

/** As often as kube-proxy looks. */
const lookMs = 30_000

export interface FilterWatchOptions {
  /** Our table, whose name our rules in other programs' chains have as their comment. */
  readonly table: string
  readonly clock: Clock
  readonly log: Log
  /** Makes our table anew, with all that is in it. */
  readonly restoreTable: () => Promise<void>
  /** Puts our rules at the head of chains that refuse pods, and tells which of them take none. */
  readonly letPass: () => Promise<readonly string[]>
  /** Those that took none when the watch began. */
  readonly closed: readonly string[]
}

/**
 * Looks after what is ours in the packet filter: a firewall that is loaded anew (`systemctl restart nftables`, `ufw reload`)
 * takes everybody's tables with it, or our rules out of its chains. Disposing waits for a look that is under way.
 */
export function watchFilter(options: FilterWatchOptions): AsyncDisposable {
  const { table, clock, log, restoreTable, letPass } = options
  let { closed } = options
  const stop = new AbortController()
  const look = async (): Promise<void> => {
    const chains = await listChains()
    if (!chains.some((chain) => chain.table === table)) {
      log.warn("another program has removed our table from the packet filter: it is made anew", { table })
      await restoreTable()
    }
    const lacking = await inTheWay(table, chains)
    if (lacking.every((chain) => closed.includes(chain)) || stop.signal.aborted) return
    log.warn("a firewall that refuses what it does not know has no rules for pods: they are added", { table })
    closed = await letPass()
  }
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(lookMs, stop.signal)
      await look().catch((error) => log.warn("the packet filter is not looked after", { error }))
    }
  }
  const running = run().catch(() => {})
  return {
    [Symbol.asyncDispose]: () => {
      stop.abort()
      return running
    },
  }
}
