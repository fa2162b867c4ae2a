/**
 * Drains that are waited for at once from one address: more than the pods of any node. Kubelets ask from their nodes'
 * addresses, so a stranger who holds connections open takes none of their seats.
 */
const seatsPerAddressMax = 1_000

/** Whether the address is this host's alone: the kubelet is there with the embedded orchestrator. */
export function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.|^::1$/.test(address)
}

/** How many drains each address waits for. */
export class HookSeats {
  readonly #taken = new Map<string, number>()

  /** Undefined: that address has as many as it may. */
  take(address: string): Disposable | undefined {
    const taken = this.#taken.get(address) ?? 0
    if (taken >= seatsPerAddressMax) return undefined
    this.#taken.set(address, taken + 1)
    return { [Symbol.dispose]: () => this.#giveBack(address) }
  }

  #giveBack(address: string): void {
    const left = (this.#taken.get(address) ?? 1) - 1
    if (left === 0) this.#taken.delete(address)
    else this.#taken.set(address, left)
  }
}
