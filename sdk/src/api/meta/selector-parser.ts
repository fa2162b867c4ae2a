import type { LabelRequirement } from "./label-selector.ts"

/**
 * Reads selectors as a query says them: `app=web,tier in (a,b),!canary`. What it takes and what it says of the rest are
 * Kubernetes', to the letter: clients show it to their users.
 */
export function readSelector(selector: string): LabelRequirement[] {
  return new Reader(tokensOf(selector)).requirements()
}

type Kind = "end" | "word" | "in" | "notin" | "=" | "==" | "!=" | "!" | ">" | "<" | "(" | ")" | "," | "error"

interface Token {
  readonly kind: Kind
  readonly text: string
}

const space = new Set([" ", "\t", "\r", "\n"])
const symbols = "=!(),><"
const operators: readonly string[] = ["=", "==", "!=", "!", ">", "<", "(", ")", ","]
const keywords: readonly string[] = ["in", "notin"]
const end: Token = { kind: "end", text: "" }

function tokensOf(selector: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < selector.length; ) {
    const letter = selector[at] as string
    if (space.has(letter)) at += 1
    else {
      const token = symbols.includes(letter) ? symbolAt(selector, at) : wordAt(selector, at)
      tokens.push(token)
      at += token.kind === "error" ? selector.length : token.text.length
    }
  }
  return tokens
}

/** The longest operator that begins here. */
function symbolAt(selector: string, at: number): Token {
  const two = selector.slice(at, at + 2)
  const text = operators.includes(two) ? two : selector.slice(at, at + 1)
  if (operators.includes(text)) return { kind: text as Kind, text }
  return { kind: "error", text: `error expected: keyword found '${text}'` }
}

function wordAt(selector: string, at: number): Token {
  let to = at
  while (to < selector.length && !space.has(selector[to] as string) && !symbols.includes(selector[to] as string)) to++
  const text = selector.slice(at, to)
  return { kind: keywords.includes(text) ? (text as Kind) : "word", text }
}

const binary: Partial<Record<Kind, LabelRequirement["operator"]>> = {
  in: "In",
  notin: "NotIn",
  "=": "In",
  "==": "In",
  "!=": "NotIn",
  ">": "Gt",
  "<": "Lt",
}

class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  requirements(): LabelRequirement[] {
    const found: LabelRequirement[] = []
    if (this.#peek().kind === "end") return found
    if (!this.#begins()) throw unexpected(this.#peek(), "!, identifier, or 'end of string'")
    for (;;) {
      found.push(this.#requirement())
      const token = this.#next()
      if (token.kind === "end") return found
      if (token.kind !== ",") throw unexpected(token, "',' or 'end of string'")
      if (!this.#begins()) throw unexpected(this.#peek(), "identifier after ','")
    }
  }

  #begins(): boolean {
    const { kind } = this.#peek()
    return kind === "word" || kind === "!"
  }

  #requirement(): LabelRequirement {
    try {
      return this.#term()
    } catch (error) {
      if (error instanceof RangeError) throw new RangeError(`unable to parse requirement: ${error.message}`)
      throw error
    }
  }

  #term(): LabelRequirement {
    const isAbsent = this.#peek().kind === "!"
    if (isAbsent) this.#next()
    const key = this.#next()
    if (key.kind !== "word") throw unexpected(key, "identifier")
    const { kind } = this.#peek()
    if (isAbsent) return { key: key.text, operator: "DoesNotExist", values: [] }
    if (kind === "end" || kind === ",") return { key: key.text, operator: "Exists", values: [] }
    const sign = this.#tokens[this.#at++] ?? end
    const operator = binary[sign.kind]
    if (!operator) throw unexpected(sign, "in, notin, =, ==, !=, gt, lt")
    const values = sign.kind === "in" || sign.kind === "notin" ? this.#values() : [this.#value()]
    if (values.length === 0) throw invalid("values", [], "for 'in', 'notin' operators, values set can't be empty")
    if ((operator === "Gt" || operator === "Lt") && !/^[-+]?\d+$/.test(values[0] as string))
      throw invalid("values[0]", values[0], "for 'Gt', 'Lt' operators, the value must be an integer")
    return { key: key.text, operator, values }
  }

  #value(): string {
    const { kind } = this.#peek()
    if (kind === "end" || kind === ",") return ""
    const token = this.#next()
    if (token.kind !== "word") throw unexpected(token, "identifier")
    return token.text
  }

  /** `(a,b)`; nothing between two commas, or beside one, is the empty value. */
  #values(): string[] {
    const open = this.#next()
    if (open.kind !== "(") throw new RangeError(`found '${open.text}' expected: '('`)
    const first = this.#peek()
    if (first.kind === ")") {
      this.#next()
      return []
    }
    if (first.kind !== "word" && first.kind !== ",") throw unexpected(first, "',', ')' or identifier")
    const values = new Set<string>()
    for (;;) {
      values.add(this.#peek().kind === "word" ? this.#next().text : "")
      const token = this.#next()
      if (token.kind === ")") return [...values]
      if (token.kind !== ",") throw unexpected(token, values.has("") ? "',', or identifier" : "',' or ')'")
    }
  }

  /** Where a value or a key may stand, words that are operators elsewhere are words. */
  #peek(): Token {
    const token = this.#tokens[this.#at] ?? end
    return keywords.includes(token.text) ? { kind: "word", text: token.text } : token
  }

  #next(): Token {
    const token = this.#peek()
    this.#at += 1
    return token
  }
}

function unexpected({ text }: Token, expected: string): RangeError {
  return new RangeError(`found '${text}', expected: ${expected}`)
}

function invalid(field: string, value: unknown, detail: string): RangeError {
  return new RangeError(`${field}: Invalid value: ${JSON.stringify(value)}: ${detail}`)
}
