import { CompileError } from "./error.ts"
import type { Element, Entry, Expression, Field } from "./expression.ts"
import { expandCall } from "./macro.ts"
import { type Token, tokenize } from "./token.ts"

/** As in Kubernetes: longer or deeper expressions are refused before they cost anything. */
const lengthMaxCharacters = 100_000
const depthMax = 250

const reserved: ReadonlySet<string> = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(" "),
)
const levels: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["==", "!=", "<", "<=", ">", ">=", "in"],
  ["+", "-"],
  ["*", "/", "%"],
]

/** Throws CompileError. */
export function parse(source: string): Expression {
  if (source.length > lengthMaxCharacters) {
    throw new CompileError(
      "",
      0,
      `expression code point size exceeds limit: size: ${source.length}, limit ${lengthMaxCharacters}`,
    )
  }
  return new Parser(source).whole()
}

class Parser {
  readonly #source: string
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(source: string) {
    this.#source = source
    this.#tokens = tokenize(source)
  }

  whole(): Expression {
    const expression = this.#expression()
    const rest = this.#peek()
    if (rest.kind !== "end") this.#unexpected(rest, "<EOF>")
    return expression
  }

  #expression(): Expression {
    this.#depth += 1
    if (this.#depth > depthMax) this.#fail(this.#peek(), `expression recursion limit exceeded: ${depthMax}`)
    const condition = this.#binary(0)
    const token = this.#peek()
    this.#depth -= 1
    if (!this.#take("?")) return condition
    const yes = this.#nested(() => this.#binary(0))
    this.#expect(":")
    return { kind: "call", name: "_?_:_", method: false, parts: [condition, yes, this.#expression()], at: token.at }
  }

  #nested<Result>(read: () => Result): Result {
    this.#depth += 1
    if (this.#depth > depthMax) this.#fail(this.#peek(), `expression recursion limit exceeded: ${depthMax}`)
    const result = read()
    this.#depth -= 1
    return result
  }

  #binary(level: number): Expression {
    const operators = levels[level]
    if (operators === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    while (true) {
      const token = this.#peek()
      const text = token.kind === "sign" || (token.kind === "name" && !token.quoted) ? token.text : ""
      if (!operators.includes(text)) return left
      this.#next += 1
      const right = this.#binary(level + 1)
      const name = text === "in" ? "@in" : `_${text}_`
      left = { kind: "call", name, method: false, parts: [left, right], at: token.at }
    }
  }

  #unary(): Expression {
    const token = this.#peek()
    const text = token.kind === "sign" ? token.text : ""
    if (text !== "!" && text !== "-") return this.#member()
    this.#next += 1
    const next = this.#peek()
    // So that the smallest int can be written.
    if (text === "-" && next.kind === "literal" && (typeof next.value === "bigint" || typeof next.value === "number")) {
      this.#next += 1
      return this.#chain({ kind: "constant", value: -next.value, at: token.at })
    }
    return { kind: "call", name: `${text}_`, method: false, parts: [this.#nested(() => this.#unary())], at: token.at }
  }

  #member(): Expression {
    return this.#chain(this.#primary())
  }

  #chain(start: Expression): Expression {
    let operand = start
    for (let links = 0; ; links++) {
      // Every link is a level of the tree that is walked later.
      if (links > depthMax) this.#fail(this.#peek(), `expression recursion limit exceeded: ${depthMax}`)
      const { at } = this.#peek()
      if (this.#take(".")) operand = this.#afterDot(operand, at)
      else if (this.#take("[")) {
        const name = this.#take("?") ? "_[?_]" : "_[_]"
        operand = { kind: "call", name, method: false, parts: [operand, this.#expression()], at }
        this.#expect("]")
      } else return operand
    }
  }

  #afterDot(operand: Expression, at: number): Expression {
    const optional = this.#take("?")
    const token = this.#peek()
    if (token.kind !== "name") return this.#unexpected(token, "IDENTIFIER")
    this.#next += 1
    if (!optional && !token.quoted && this.#take("(")) {
      const args = this.#arguments()
      const expanded = expandCall(this.#source, token.text, operand, args, token.at)
      return expanded ?? { kind: "call", name: token.text, method: true, parts: [operand, ...args], at: token.at }
    }
    if (this.#sees("{")) {
      const type = qualifiedName({ kind: "select", operand, field: token.text, test: false, optional, at })
      if (type !== undefined) return this.#message(type, token.at)
    }
    return { kind: "select", operand, field: token.text, test: false, optional, at }
  }

  #primary(): Expression {
    const token = this.#peek()
    this.#next += 1
    const { at } = token
    if (token.kind === "literal") {
      if (token.value === 0x8000_0000_0000_0000n) this.#fail(token, "invalid int literal")
      return { kind: "constant", value: token.value, at }
    }
    if (token.kind === "name" && !token.quoted) return this.#named(token.text, at)
    if (token.kind === "sign") {
      if (token.text === "(") {
        const inner = this.#expression()
        this.#expect(")")
        return inner
      }
      if (token.text === "[") return { kind: "list", elements: this.#elements(), at }
      if (token.text === "{") return { kind: "map", entries: this.#entries(), at }
      if (token.text === ".") return this.#primary()
    }
    return this.#unexpected(token, "an expression")
  }

  #named(text: string, at: number): Expression {
    if (text === "true" || text === "false") return { kind: "constant", value: text === "true", at }
    if (text === "null") return { kind: "constant", value: null, at }
    if (text === "in") this.#fail({ at }, "Syntax error: mismatched input 'in'")
    if (reserved.has(text)) this.#fail({ at }, `reserved identifier: ${text}`)
    if (this.#take("(")) {
      const args = this.#arguments()
      const expanded = expandCall(this.#source, text, undefined, args, at)
      return expanded ?? { kind: "call", name: text, method: false, parts: args, at }
    }
    if (this.#sees("{")) return this.#message(text, at)
    return { kind: "name", name: text, at }
  }

  #arguments(): Expression[] {
    return this.#listed(")", () => this.#expression())
  }

  #elements(): Element[] {
    return this.#listed("]", () => ({ optional: this.#take("?"), value: this.#expression() }))
  }

  #entries(): Entry[] {
    return this.#listed("}", () => {
      const optional = this.#take("?")
      const key = this.#expression()
      this.#expect(":")
      return { optional, key, value: this.#expression() }
    })
  }

  #message(type: string, at: number): Expression {
    this.#expect("{")
    const fields = this.#listed("}", (): Field => {
      const optional = this.#take("?")
      const token = this.#peek()
      if (token.kind !== "name") return this.#unexpected(token, "IDENTIFIER")
      this.#next += 1
      this.#expect(":")
      return { optional, name: token.text, value: this.#expression() }
    })
    return { kind: "message", type, fields, at }
  }

  /** Things between commas up to the closing sign; a comma may stand at the end. */
  #listed<Item>(close: string, read: () => Item): Item[] {
    const items: Item[] = []
    while (!this.#take(close)) {
      items.push(read())
      if (!this.#sees(close)) this.#expect(",")
    }
    return items
  }

  #peek(): Token {
    // The last token is the end, and nothing reads beyond it.
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] as Token
  }

  #sees(text: string): boolean {
    const token = this.#peek()
    return token.kind === "sign" && token.text === text
  }

  #take(text: string): boolean {
    if (!this.#sees(text)) return false
    this.#next += 1
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#unexpected(this.#peek(), `'${text}'`)
  }

  #unexpected(token: Token, expected: string): never {
    const found = token.kind === "end" ? "<EOF>" : this.#source.slice(token.at, token.end)
    return this.#fail(token, `Syntax error: mismatched input '${found}' expecting ${expected}`)
  }

  #fail({ at }: { readonly at: number }, detail: string): never {
    throw new CompileError(this.#source, at, detail)
  }
}

/** `Object.spec.template` of the selections that spell it. */
export function qualifiedName(expression: Expression): string | undefined {
  if (expression.kind === "name") return expression.name
  if (expression.kind !== "select" || expression.optional || expression.test) return undefined
  const operand = qualifiedName(expression.operand)
  return operand === undefined ? undefined : `${operand}.${expression.field}`
}
