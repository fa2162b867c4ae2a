/** Beyond these a set finds one faster than a look at each. */
const fewMax = 8

/**
 * Uids of what belongs to an owner, by the owner's. Nearly every owner has one or a few, and there is an owner to every second
 * object: one stands for itself, a few in an array, and only many have a set.
 */
export class Dependents {
  readonly #byOwner = new Map<string, string | string[] | Set<string>>()

  /** Owners that have some. */
  get owners(): number {
    return this.#byOwner.size
  }

  of(owner: string): Iterable<string> {
    const known = this.#byOwner.get(owner)
    if (known === undefined) return []
    return typeof known === "string" ? [known] : known
  }

  link(owner: string, uid: string): void {
    const known = this.#byOwner.get(owner)
    if (known === undefined) this.#byOwner.set(owner, uid)
    else if (known instanceof Set) known.add(uid)
    else if (typeof known === "string") {
      if (known !== uid) this.#byOwner.set(owner, [known, uid])
    } else if (!known.includes(uid)) {
      this.#byOwner.set(owner, known.length < fewMax ? [...known, uid] : new Set(known).add(uid))
    }
  }

  unlink(owner: string, uid: string): void {
    const known = this.#byOwner.get(owner)
    if (known === uid) this.#byOwner.delete(owner)
    if (known === undefined || typeof known === "string") return
    if (known instanceof Set) known.delete(uid)
    else if (known.includes(uid)) known.splice(known.indexOf(uid), 1)
    if ((known instanceof Set ? known.size : known.length) === 0) this.#byOwner.delete(owner)
  }
}
