import { RuntimeCallError } from "#containerd"
import { RuntimeError } from "./runtime.ts"

/** In containerd's words: a pod's RuntimeClass names what is not here. */
export function noHandler(handler: string): RuntimeError {
  return new RuntimeError("failed", `failed to get sandbox runtime: no runtime for "${handler}" is configured`)
}

/** What containerd refused, as the kubelet understands it; anything else as it is. */
export function asRuntimeError(error: unknown): unknown {
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

/** Undefined instead of a refusal: it is gone already, which was wanted. */
export function goneIsNone(error: unknown): undefined {
  if (error instanceof RuntimeError && error.kind === "not-found") return undefined
  throw error
}
