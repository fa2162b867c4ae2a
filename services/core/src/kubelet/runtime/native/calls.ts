import type { Containerd, MountsResponse, OwnClient, PrepareSnapshotRequest } from "#containerd"
import { asRuntimeError } from "../refusal.ts"

export type OwnCall = OwnClient["call"]

/** Calls of containerd's own API whose refusals are the kubelet's. */
export function ownCalls({ own }: Pick<Containerd, "own">): OwnCall {
  return async (verb, request, options) => {
    try {
      return await own.call(verb, request, options)
    } catch (error) {
      throw asRuntimeError(error)
    }
  }
}

/** Makes a snapshot on the layers of an image. Those of one that was imported, nobody has laid on each other before. */
export async function snapshotOf(
  { own, onLayers }: Pick<Containerd, "own" | "onLayers">,
  imageId: string,
  verb: "snapshots.Prepare" | "snapshots.View",
  request: PrepareSnapshotRequest,
): Promise<MountsResponse> {
  try {
    return await onLayers(imageId, () => own.call(verb, request))
  } catch (error) {
    throw asRuntimeError(error)
  }
}
