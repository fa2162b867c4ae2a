import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { DataByName } from "@wick/sdk/api/serving/config"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { ensureConfig } from "@wick/sdk/serving-config"

const gapMsMin = 100
const gapMsMax = 2_000
const gapGrowth = 1.5
/** Nodes that need longer than this to learn of a pod have another trouble, and ending is what tells of it. */
const waitMsMax = 120_000

/**
 * Makes the configuration maps that are missing. The API server asks our own webhook about them, and a cluster finds its
 * way to that only when a probe has found this pod ready and its nodes were told: until then such a write is refused, and
 * to end for it would take the pod away again just when it is found.
 */
export async function keepSettings(client: Client, initial: DataByName, clock: Clock, log: Log): Promise<void> {
  const beganMs = clock.monotonic()
  for (let gapMs = gapMsMin; ; gapMs = Math.min(gapMs * gapGrowth, gapMsMax)) {
    try {
      return await ensureConfig(client, initial)
    } catch (error) {
      if (!isStatus(error, "InternalError") || clock.monotonic() - beganMs >= waitMsMax) throw error
      if (gapMs === gapMsMin) log.info("waiting until the API server finds the webhooks", { error })
    }
    await clock.sleep(gapMs)
  }
}
