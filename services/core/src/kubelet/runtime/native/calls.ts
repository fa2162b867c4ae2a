import { type Containerd, type OwnClient, RuntimeCallError } from "#containerd"
import { RuntimeError } from "../runtime.ts"

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

/** Undefined instead of a refusal: it is gone already, which was wanted. */
export function goneIsNone(error: unknown): undefined {
  if (error instanceof RuntimeError && error.kind === "not-found") return undefined
  throw error
}

function asRuntimeError(error: unknown): unknown {
  if (!(error instanceof RuntimeCallError)) return error
  const kind = error.notFound
    ? "not-found"
    : error.unavailable
      ? "unavailable"
      : error.deadlineExceeded
        ? "timed-out"
        : "failed"
  return new RuntimeError(kind, error.details)
}
