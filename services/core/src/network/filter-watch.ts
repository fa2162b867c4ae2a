import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { listChains, mayPass } from "./forward-pass.ts"

/** As often as kube-proxy looks. */
const lookMs = 30_000

export interface FilterWatchOptions {
  /** Our table, whose name our rules in other programs' chains have as their comment. */
  readonly table: string
  readonly clock: Clock
  readonly log: Log
  /** Makes our table anew, with all that is in it. */
  readonly restoreTable: () => Promise<void>
  /** Puts our rules at the head of chains that drop. */
  readonly letPass: () => Promise<void>
}

/**
 * Looks after what is ours in the packet filter: a firewall that is loaded anew (`systemctl restart nftables`, `ufw reload`)
 * takes everybody's tables with it, or our rules out of its chains. Disposing waits for a look that is under way.
 */
export function watchFilter({ table, clock, log, restoreTable, letPass }: FilterWatchOptions): AsyncDisposable {
  const stop = new AbortController()
  const look = async (): Promise<void> => {
    const chains = await listChains()
    if (!chains.some((chain) => chain.table === table)) {
      log.warn("another program has removed our table from the packet filter: it is made anew", { table })
      await restoreTable()
    }
    if ((await mayPass(table, chains)) || stop.signal.aborted) return
    log.warn("a firewall that drops what it does not know has no rules for pods: they are added", { table })
    await letPass()
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
