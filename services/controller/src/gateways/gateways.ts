import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import type { Acknowledgement } from "../reconcilers/ingress/decide.ts"

/** Those who serve Ingresses, as far as one has to know of them here. */
export interface Gateways {
  readonly synced: Promise<void>
  /** Called when there may be others than before; returns its undoing. */
  onChange(listener: () => void): () => void
  /** Whether all of them have the Ingress as it is. Waits a little for those that have not. */
  acknowledged(ingress: Ingress, signal: AbortSignal): Promise<Acknowledgement>
}
