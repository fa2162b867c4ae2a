/** Objects nested deeper are refused elsewhere; here they only must not exhaust the stack. */
const depthMax = 200
/** As many as are told of: a body of nothing else must not be answered with a book. */
const duplicatesMax = 100

/** Paths of fields that an object of the text names twice (`spec.containers[0].image`): JSON.parse keeps the last. */
export function duplicateFields(json: string): string[] {
  const scanner = new Scanner(json)
  scanner.value("", 0)
  return scanner.duplicates
}

class Scanner {
  readonly duplicates: string[] = []
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Moves behind a value of text that is known to be JSON. */
  value(path: string, depth: number): void {
    if (depth > depthMax) {
      this.#at = this.#text.length
      return
    }
    const first = this.#peek()
    if (first === "{") this.#object(path, depth)
    else if (first === "[") this.#array(path, depth)
    else if (first === '"') this.#string()
    else while (this.#at < this.#text.length && !",]} \n\r\t".includes(this.#text[this.#at] ?? "")) this.#at++
  }

  #object(path: string, depth: number): void {
    const seen = new Set<string>()
    this.#at++
    while (this.#at < this.#text.length && this.#peek() !== "}") {
      if (this.#peek() === ",") this.#at++
      this.#peek()
      const key = JSON.parse(this.#string()) as string
      const inner = path === "" ? key : `${path}.${key}`
      if (seen.has(key) && this.duplicates.length < duplicatesMax) this.duplicates.push(inner)
      seen.add(key)
      this.#peek()
      this.#at++
      this.value(inner, depth + 1)
    }
    this.#at++
  }

  #array(path: string, depth: number): void {
    this.#at++
    for (let index = 0; this.#at < this.#text.length && this.#peek() !== "]"; index++) {
      if (this.#peek() === ",") this.#at++
      this.value(`${path}[${index}]`, depth + 1)
    }
    this.#at++
  }

  /** The next character that is no space. */
  #peek(): string | undefined {
    while (" \n\r\t".includes(this.#text[this.#at] ?? "x")) this.#at++
    return this.#text[this.#at]
  }

  #string(): string {
    const start = this.#at
    let end = this.#text.indexOf('"', start + 1)
    while (end !== -1 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1)
    this.#at = end === -1 ? this.#text.length : end + 1
    return this.#text.slice(start, this.#at)
  }

  #isEscaped(quote: number): boolean {
    let slashes = 0
    while (this.#text[quote - 1 - slashes] === "\\") slashes++
    return slashes % 2 === 1
  }
}
