import type { Clock } from "@wick/sdk/clock"

/** A start that is under way is given this long to come through: then everything it began can be ended in its order. */
const graceMs = 10_000

/**
 * What a start resolves with; undefined when an end was asked for and the start did not come through soon after. It may be
 * waiting for what does not come, for members of the store that are away: nobody who asks for an end should have to
 * wait for them too.
 */
export async function startUnlessEnded<Started>(
  starting: Promise<Started>,
  asked: Promise<void>,
  clock: Clock,
): Promise<Started | undefined> {
  const over = new AbortController()
  const given = asked
    .then(() => clock.sleep(graceMs, over.signal))
    .then(
      () => undefined,
      () => undefined,
    )
  try {
    return await Promise.race([starting, given])
  } finally {
    over.abort()
  }
}
