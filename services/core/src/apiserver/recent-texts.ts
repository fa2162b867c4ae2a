/** Texts that are remembered of each of two generations: what a few dozen objects that are made at a time have in common. */
const generationMax = 512
/** What is longer is rarely said twice. */
const charsMax = 128

/**
 * Equal texts, said by objects that come soon after each other, as one: those that are made together for one purpose name it, and
 * each other, in their labels.
 */
export class RecentTexts {
  #recent = new Map<string, string>()
  #older = new Map<string, string>()

  /** The text, as it was said first. */
  same(text: string): string {
    if (text.length > charsMax) return text
    const known = this.#recent.get(text)
    if (known !== undefined) return known
    const same = this.#older.get(text) ?? text
    if (this.#recent.size >= generationMax) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(same, same)
    return same
  }
}
