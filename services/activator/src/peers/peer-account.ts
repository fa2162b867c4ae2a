interface Grant {
  readonly number: number
  readonly pod: string
}

/** What is open between this activator and one peer. Grants and wants belong to a connection and end with it. */
export class PeerAccount {
  isOpen = false
  /** Numbers of the last grant to and from the peer. */
  given = 0
  taken = 0
  /** Grants that the peer has not said to have seen. */
  #onTheirWay: Grant[] = []
  /** By revision: since when the peer's requests wait, on our clock, oldest first. */
  readonly #wants = new Map<string, number[]>()

  open(): void {
    this.close()
    this.isOpen = true
  }

  close(): void {
    this.isOpen = false
    this.given = 0
    this.taken = 0
    this.#onTheirWay = []
    this.#wants.clear()
  }

  grant(pod: string, revision: string): number {
    this.#onTheirWay.push({ number: ++this.given, pod })
    this.#wants.get(revision)?.shift()
    return this.given
  }

  /** How many grants of the pod the peer had not seen when it said `seen`. */
  unseen(pod: string, seen: number): number {
    this.#onTheirWay = this.#onTheirWay.filter(({ number }) => number > seen)
    return this.#onTheirWay.filter((grant) => grant.pod === pod).length
  }

  /** Replaces what the peer wants. What is on its way to it already serves the first of those. */
  want(revision: string, since: number[], seen: number, revisionOf: (pod: string) => string | undefined): void {
    this.#onTheirWay = this.#onTheirWay.filter(({ number }) => number > seen)
    const served = this.#onTheirWay.filter(({ pod }) => revisionOf(pod) === revision).length
    const left = since.slice(served)
    if (left.length === 0) this.#wants.delete(revision)
    else this.#wants.set(revision, left)
  }

  /** Since when the peer's oldest unserved request for the revision waits. */
  oldest(revision: string): number | undefined {
    return this.#wants.get(revision)?.[0]
  }

  /** It cannot use the revision's pods now: it says again what it wants when that has changed. */
  forgetWants(revision: string): void {
    this.#wants.delete(revision)
  }
}
