/** Headers of a request as HTTP/2 brings them: name, value, name, value…, names in lower case, pseudo-headers among them. */
type HeaderList = readonly string[]

/**
 * A request's headers, read where they lie: a handler asks for three or four of twenty, and never changes any. Whatever else
 * can be done with headers is done with a copy of the web's own kind.
 */
export class LightHeaders {
  readonly #list: HeaderList
  #copy: Headers | undefined

  constructor(list: HeaderList) {
    this.#list = list
  }

  get(name: string): string | null {
    if (this.#copy) return this.#copy.get(name)
    const list = this.#list
    const wanted = name.toLowerCase()
    let value: string | null = null
    for (let at = 0; at < list.length; at += 2) {
      if (list[at] !== wanted || wanted.charCodeAt(0) === colon) continue
      value = value === null ? (list[at + 1] as string) : value + separatorOf(wanted) + list[at + 1]
    }
    return value
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  set(name: string, value: string): void {
    this.#whole.set(name, value)
  }

  append(name: string, value: string): void {
    this.#whole.append(name, value)
  }

  delete(name: string): void {
    this.#whole.delete(name)
  }

  getSetCookie(): string[] {
    return this.#whole.getSetCookie()
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void): void {
    this.#whole.forEach(callback)
  }

  keys(): ReturnType<Headers["keys"]> {
    return this.#whole.keys()
  }

  values(): ReturnType<Headers["keys"]> {
    return this.#whole.values()
  }

  entries(): ReturnType<Headers["entries"]> {
    return this.#whole.entries()
  }

  [Symbol.iterator](): ReturnType<Headers["entries"]> {
    return this.#whole.entries()
  }

  get #whole(): Headers {
    if (this.#copy) return this.#copy
    const copy = new Headers()
    for (let at = 0; at + 1 < this.#list.length; at += 2) {
      const name = this.#list[at] as string
      if (name.charCodeAt(0) !== colon) copy.append(name, this.#list[at + 1] as string)
    }
    this.#copy = copy
    return copy
  }
}

const colon = 0x3a

/** As the web's own headers join what was sent in several fields. */
function separatorOf(name: string): string {
  return name === "cookie" ? "; " : ", "
}
