/** Name, value, name, value…, names in lower case; of a request as HTTP/2 brings them, pseudo-headers among them. */
type HeaderList = readonly string[]

/**
 * Headers as a list, read where they lie and written without a check of what the web calls a ByteString: a handler asks for
 * three or four of twenty, and an answer has five. They behave as the web's own, which cost more than the rest of a small
 * request.
 */
export class LightHeaders {
  #list: HeaderList
  /** The list is nobody else's. */
  #isOwn = false

  constructor(list: HeaderList) {
    this.#list = list
  }

  /** Headers of an answer. */
  static of(given: Headers | Readonly<Record<string, string>>): LightHeaders {
    const headers = new LightHeaders([])
    const fields = Symbol.iterator in given ? (given as Headers) : Object.entries(given)
    for (const [name, value] of fields) headers.append(name, value)
    return headers
  }

  get(name: string): string | null {
    const list = this.#list
    const wanted = name.toLowerCase()
    let value: string | null = null
    for (let at = 0; at < list.length; at += 2) {
      if (list[at] !== wanted || isPseudo(wanted)) continue
      value = value === null ? (list[at + 1] as string) : value + separatorOf(wanted) + list[at + 1]
    }
    return value
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  set(name: string, value: string): void {
    this.delete(name)
    this.append(name, value)
  }

  append(name: string, value: string): void {
    const text = `${value}`.trim()
    // Whoever could end a line could write the next header.
    if (!namePattern.test(name) || !valuePattern.test(text)) throw new TypeError(`no header: ${name}: ${text}`)
    this.#own().push(name.toLowerCase(), text)
  }

  delete(name: string): void {
    if (!this.has(name)) return
    const gone = name.toLowerCase()
    this.#list = this.#list.filter((_, at, list) => list[at - (at % 2)] !== gone)
    this.#isOwn = true
  }

  getSetCookie(): string[] {
    return this.#list.filter((_, at, list) => list[at - 1] === setCookie && at % 2 === 1)
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this) callback(value, name, this as unknown as Headers)
  }

  *keys(): Generator<string> {
    for (const [name] of this) yield name
  }

  *values(): Generator<string> {
    for (const [, value] of this) yield value
  }

  entries(): Generator<[string, string]> {
    return this[Symbol.iterator]()
  }

  *[Symbol.iterator](): Generator<[string, string]> {
    const names = new Set(this.#list.filter((name, at) => at % 2 === 0 && !isPseudo(name)))
    for (const name of [...names].sort()) {
      if (name === setCookie) for (const value of this.getSetCookie()) yield [name, value]
      else yield [name, this.get(name) as string]
    }
  }

  #own(): string[] {
    if (!this.#isOwn) this.#list = [...this.#list]
    this.#isOwn = true
    return this.#list as string[]
  }
}

const setCookie = "set-cookie"
const namePattern = /^[!#$%&'*+\-.^_`|~\w]+$/
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/
const colon = 0x3a

function isPseudo(name: string): boolean {
  return name.charCodeAt(0) === colon
}

/** As the web's own headers join what was sent in several fields. */
function separatorOf(name: string): string {
  return name === "cookie" ? "; " : ", "
}
