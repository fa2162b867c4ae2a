/** What stands in a line carries its own links, so that joining and leaving anywhere costs no allocation. */
export interface InLine<Item> {
  lineBefore: Item | undefined
  lineAfter: Item | undefined
  inLine: boolean
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

  /** For one that was already served once and came back: it has waited longest. */
  pushFront(item: Item): void {
    item.inLine = true
    item.lineBefore = undefined
    item.lineAfter = this.#head
    if (this.#head === undefined) this.#tail = item
    else this.#head.lineBefore = item
    this.#head = item
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
