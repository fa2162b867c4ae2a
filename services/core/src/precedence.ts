import type { Clock } from "@wick/sdk/clock"
import { prefixEnd, type Storage } from "#store"

/** At a start calls of functions at zero go first, until this is over: then whoever looks at all there is may begin. */
export interface Precedence {
  readonly over: Promise<void>
}

const registry = "/registry/"
/** To look at so many takes less time than they would be kept waiting. A Service is about fifteen. */
const fewObjects = 2_000
/** What calls get that have waited for the start, once everything runs that they need. */
const callsMs = 1_000

/** `up` resolves when everything runs that a call needs. Undefined where there is so little to look at that nobody need wait. */
export async function callsFirst(
  storage: Pick<Storage, "range">,
  up: Promise<void> | undefined,
  clock: Clock,
): Promise<Precedence | undefined> {
  if (up === undefined) return undefined
  const { count } = await storage.range({ key: registry, end: prefixEnd(registry), countOnly: true })
  return count > fewObjects ? { over: up.then(() => clock.sleep(callsMs)) } : undefined
}
