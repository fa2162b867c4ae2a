import { isStatus } from "@wick/sdk/api/meta/status-error"
import { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { attachmentName, type DriverVolume } from "@wick/sdk/volume-names"
import { VolumeProblem } from "../volume/payload.ts"

export interface AttachmentOptions {
  readonly client: Client
  readonly clock: Clock
  readonly nodeName: string
}

const askMsMin = 25
const askMsMax = 2_000
/** As long as the kubelet of Kubernetes waits for an attachment before it says so and begins anew. */
const attachMsMax = 120_000

/**
 * What the driver has to be told of a volume that was attached to this node. Waits until it is, asking ever more rarely:
 * the controllers ask for it, and the driver's attacher does it.
 */
export async function untilAttached(
  { client, clock, nodeName }: AttachmentOptions,
  volume: DriverVolume,
  signal: AbortSignal | undefined,
): Promise<Record<string, string>> {
  const name = attachmentName(volume, nodeName)
  const endMs = clock.monotonic() + attachMsMax
  for (let waitMs = askMsMin; ; waitMs = Math.min(askMsMax, waitMs * 2)) {
    const found = await find(client, name)
    const isGoing = found?.metadata.deletionTimestamp !== undefined
    if (found?.status?.attached && !isGoing) return found.status.attachmentMetadata ?? {}
    if (clock.monotonic() >= endMs) {
      const late = `timed out waiting for external-attacher of ${volume.driver} CSI driver to attach volume ${volume.volumeHandle}`
      throw new VolumeProblem(found?.status?.attachError?.message ?? late, "MountVolume.WaitForAttach")
    }
    await clock.sleep(waitMs, signal)
  }
}

async function find(client: Client, name: string): Promise<VolumeAttachment | undefined> {
  try {
    return await client.get(VolumeAttachment, { name })
  } catch (error) {
    // One that is not there is nobody's, and so it is not this node's.
    if (isStatus(error, "NotFound", "Forbidden")) return undefined
    throw error
  }
}
