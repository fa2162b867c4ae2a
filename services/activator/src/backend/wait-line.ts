/** What stands in a line carries its own links, so that joining and leaving anywhere costs no allocation. */
export interface InLine<Item> {
  lineBefore: Item | undefined
  lineAfter: Item | undefined
  inLine: boolean
  /** When it came: whoever comes back into the line takes its place by this. */
  readonly startedMs: number
}

/** First come, first served; whoever loses patience leaves from the middle. Every operation is O(1). */
export class WaitLine<Item extends InLine<Item>> {
  #head: Item | undefined
  #tail: Item | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): Item | undefined {
    return this.#head
  }

  push(item: Item): void {
    item.inLine = true
    item.lineBefore = this.#tail
    item.lineAfter = undefined
    if (this.#tail === undefined) this.#head = item
    else this.#tail.lineAfter = item
    this.#tail = item
    this.#size++
  }

  /**
   * For one that was served already and came back. It is older than all but those that came back before it, so the walk
   * to its place is short.
   */
  rejoin(item: Item): void {
    let after = this.#head
    while (after !== undefined && after.startedMs < item.startedMs) after = after.lineAfter
    if (after === undefined) {
      this.push(item)
      return
    }
    const before = after.lineBefore
    item.inLine = true
    item.lineBefore = before
    item.lineAfter = after
    after.lineBefore = item
    if (before === undefined) this.#head = item
    else before.lineAfter = item
    this.#size++
  }

  shift(): Item | undefined {
    const item = this.#head
    if (item !== undefined) this.remove(item)
    return item
  }

  /** Does nothing when the item does not stand in line. */
  remove(item: Item): void {
    if (!item.inLine) return
    if (item.lineBefore === undefined) this.#head = item.lineAfter
    else item.lineBefore.lineAfter = item.lineAfter
    if (item.lineAfter === undefined) this.#tail = item.lineBefore
    else item.lineAfter.lineBefore = item.lineBefore
    item.lineBefore = undefined
    item.lineAfter = undefined
    item.inLine = false
    this.#size--
  }
}
