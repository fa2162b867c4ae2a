import type { Containerd, OwnClient } from "#containerd"
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
