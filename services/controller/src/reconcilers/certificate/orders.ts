import type { Clock } from "@wick/sdk/clock"
import type { Issuance, Issuer, Order } from "./issuer.ts"

/** An order that was refused, and until when it rests. */
interface Pause {
  readonly order: string
  readonly issuance: Issuance
  readonly untilMs: number
}

/** Orders that are on their way, so that issuers are asked no more often than they say and are told when it is over. */
export class Orders {
  readonly #clock: Clock
  readonly #pauses = new Map<string, Pause>()
  readonly #open = new Map<string, { readonly uid: string; readonly issuer: Issuer }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `key` is the Certificate's. What was refused rests for its pause, unless it is another order by now. */
  async ask(key: string, order: Order, issuer: Issuer, identity: string, signal: AbortSignal): Promise<Issuance> {
    // Of a Certificate that was deleted and made again nobody may have seen that it was gone.
    if (this.#open.get(key)?.uid !== order.uid) this.close(key)
    this.#open.set(key, { uid: order.uid, issuer })
    const text = JSON.stringify([order, identity])
    const pause = this.#pauses.get(order.uid)
    if (pause?.order === text && this.#clock.now() < pause.untilMs) return pause.issuance
    this.#pauses.delete(order.uid)
    const issuance = await issuer.issue(order, signal)
    if (issuance.kind === "refused") {
      this.#pauses.set(order.uid, { order: text, issuance, untilMs: this.#clock.now() + issuance.againMs })
    }
    return issuance
  }

  /** The Certificate has what it asked for, or is gone. */
  close(key: string): void {
    const known = this.#open.get(key)
    if (!known) return
    this.#open.delete(key)
    this.#pauses.delete(known.uid)
    known.issuer.forget(known.uid)
  }
}
