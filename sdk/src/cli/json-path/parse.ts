/** A step from values to values. */
export type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "each" }
  | { readonly kind: "deep" }
  | { readonly kind: "slice"; readonly from?: number; readonly to?: number; readonly by: number }
  | { readonly kind: "filter"; readonly left: Operand; readonly operator: string; readonly right?: Operand }
  | { readonly kind: "union"; readonly steps: readonly Step[] }

export type Operand =
  | { readonly kind: "literal"; readonly value: unknown }
  | { readonly kind: "path"; readonly path: Path }

export interface Path {
  /** Where it starts: the whole object, or what is looked at just now. */
  readonly from: "root" | "current"
  readonly steps: readonly Step[]
}

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "output"; readonly path: Path }
  | { readonly kind: "range"; readonly path: Path; readonly parts: readonly Part[] }

/** Kubectl's JSONPath template: text, and in braces a path, a quoted text, or `range PATH` to `end`. */
export function parseJsonPath(template: string): Part[] {
  const [outermost, ...open] = parseParts(template)
  if (open.length > 0) throw new RangeError(`{range} without {end} in ${template}`)
  return outermost?.parts ?? []
}

interface Level {
  readonly path?: Path
  readonly parts: Part[]
}

/** Levels that are still open at the end, outermost first. */
function parseParts(template: string): Level[] {
  const levels: [Level, ...Level[]] = [{ parts: [] }]
  const add = (part: Part): void => void levels.at(-1)?.parts.push(part)
  // A brace inside quotes closes nothing.
  const pieces = template.matchAll(/\{((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^{}"'])*)\}|([^{}]+)|([{}])/g)
  for (const [, inner, text, stray] of pieces) {
    if (stray) throw new RangeError(`a ${stray} without its counterpart in ${template}`)
    if (text !== undefined) add({ kind: "text", text })
    const said = inner?.trim() ?? ""
    if (inner === undefined) continue
    if (said === "end") {
      const closed = levels.length > 1 ? levels.pop() : undefined
      if (!closed?.path) throw new RangeError(`{end} without {range} in ${template}`)
      add({ kind: "range", path: closed.path, parts: closed.parts })
    } else if (/^range\s/.test(said)) levels.push({ path: wholePath(said.slice("range".length).trim()), parts: [] })
    else if (/^["']/.test(said)) add({ kind: "text", text: unquoted(said) })
    else add({ kind: "output", path: wholePath(said) })
  }
  return levels
}

function wholePath(text: string): Path {
  const reader = new PathReader(text)
  const path = reader.path()
  reader.end()
  return path
}

function unquoted(text: string): string {
  return JSON.parse(
    `"${text
      .slice(1, -1)
      .replace(/\\'/g, "'")
      .replace(/(?<!\\)"/g, '\\"')}"`,
  )
}

/** Reads a path from left to right. */
class PathReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  path(): Path {
    const from = this.#take(/@/y) ? "current" : "root"
    if (from === "root") this.#take(/\$/y)
    const steps: Step[] = []
    for (let step = this.#step(steps.length === 0); step; step = this.#step(false)) steps.push(step)
    return { from, steps }
  }

  end(): void {
    if (this.#at < this.#text.length) throw this.#mistake("nothing more")
  }

  #step(first: boolean): Step | undefined {
    if (this.#take(/\.\.(?=[\w*[])/y)) {
      this.#at -= /[\w*]/.test(this.#text[this.#at] ?? "") ? 1 : 0
      return { kind: "deep" }
    }
    if (this.#take(/\.?\*/y)) return { kind: "each" }
    const name = this.#take(first ? /\.?((?:\\.|[\w/-])+)/y : /\.((?:\\.|[\w/-])+)/y)
    if (name) return { kind: "field", name: (name[1] ?? "").replace(/\\(.)/g, "$1") }
    if (this.#take(/\.(?=$|\[)/y)) return this.#step(false)
    if (!this.#take(/\[/y)) return undefined
    const step = this.#bracket()
    if (!this.#take(/\s*\]/y)) throw this.#mistake("]")
    return step
  }

  #bracket(): Step {
    if (this.#take(/\s*\?\(/y)) return this.#filter()
    const steps = [this.#member()]
    while (this.#take(/\s*,/y)) steps.push(this.#member())
    const [only] = steps
    return only && steps.length === 1 ? only : { kind: "union", steps }
  }

  #member(): Step {
    this.#take(/\s+/y)
    if (this.#take(/\*/y)) return { kind: "each" }
    const quoted = this.#take(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/y)
    if (quoted) return { kind: "field", name: unquoted(quoted[0]) }
    const slice = this.#take(/(-?\d+)?(:)?(-?\d+)?(?::(\d+))?/y)
    const [whole, from, colon, to, by = "1"] = slice ?? []
    if (!whole) throw this.#mistake("an index, a quoted name, * or ?(…)")
    if (!colon)
      return { kind: "slice", from: Number(from), to: Number(from) === -1 ? Infinity : Number(from) + 1, by: 1 }
    return {
      kind: "slice",
      ...(from && { from: Number(from) }),
      ...(to && { to: Number(to) }),
      by: Math.max(1, Number(by)),
    }
  }

  #filter(): Step {
    const left = this.#operand()
    const operator = this.#take(/\s*(==|!=|<=|>=|<|>)/y)?.[1]
    const right = operator ? this.#operand() : undefined
    if (!this.#take(/\s*\)/y)) throw this.#mistake(")")
    return { kind: "filter", left, operator: operator ?? "exists", ...(right && { right }) }
  }

  #operand(): Operand {
    this.#take(/\s+/y)
    const quoted = this.#take(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/y)
    if (quoted) return { kind: "literal", value: unquoted(quoted[0]) }
    const plain = this.#take(/(?:true|false|null|-?\d+(?:\.\d+)?)(?![\w.])/y)
    if (plain) return { kind: "literal", value: JSON.parse(plain[0]) }
    return { kind: "path", path: this.path() }
  }

  /** What stands here, if it is that; and goes behind it. */
  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found) this.#at += found[0].length
    return found ?? undefined
  }

  #mistake(wanted: string): RangeError {
    const found = this.#text.slice(this.#at, this.#at + 1) || "the end"
    return new RangeError(`in ${this.#text}: wanted ${wanted} at ${this.#at + 1}, found ${found}`)
  }
}
