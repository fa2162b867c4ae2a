import { CompileError } from "./error.ts"
import { readText } from "./text-literal.ts"
import { Uint } from "./value.ts"

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: "name"; readonly text: string; readonly quoted: boolean }
  | { readonly kind: "literal"; readonly value: bigint | number | string | Uint | Uint8Array }
  | { readonly kind: "sign"; readonly text: string }
  | { readonly kind: "end" }
)

const blank = /(?:\s|\/\/[^\n]*)*/y
const name = /[A-Za-z_][A-Za-z0-9_]*/y
const quotedName = /`([A-Za-z0-9_.\-/ ]+)`/y
const number =
  /0[xX]([0-9a-fA-F]+)([uU]?)|(\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)|(\d+)([uU]?)/y
const textStart = /([rR]?[bB]?|[bB][rR])("""|'''|"|')/y
const sign = /\|\||&&|==|!=|<=|>=|[-+*/%<>!?:.,()[\]{}]/y

/** The source in words. Throws CompileError. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (true) {
    at = match(blank, source, at)?.end ?? at
    if (at >= source.length) break
    const token = tokenAt(source, at)
    tokens.push(token)
    at = token.end
  }
  tokens.push({ kind: "end", at, end: at })
  return tokens
}

function tokenAt(source: string, at: number): Token {
  const text = match(textStart, source, at)
  if (text) {
    const [, prefix = "", quote = ""] = text.groups
    const { value, end } = readText(source, at, prefix.toLowerCase(), quote)
    return { kind: "literal", value, at, end }
  }
  const word = match(name, source, at)
  if (word) return { kind: "name", text: source.slice(at, word.end), quoted: false, at, end: word.end }
  const quoted = match(quotedName, source, at)
  if (quoted) return { kind: "name", text: quoted.groups[1] ?? "", quoted: true, at, end: quoted.end }
  const digits = match(number, source, at)
  // A digit after a field's dot cannot stand anywhere, so `.5` is always a number.
  if (digits) return { kind: "literal", value: numberOf(source, at, digits.groups), at, end: digits.end }
  const other = match(sign, source, at)
  if (other) return { kind: "sign", text: source.slice(at, other.end), at, end: other.end }
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0)
  throw new CompileError(source, at, `Syntax error: token recognition error at: '${character}'`)
}

function numberOf(source: string, at: number, groups: readonly (string | undefined)[]): bigint | number | Uint {
  const [, hex, hexUnsigned, real, decimal, unsigned] = groups
  if (real !== undefined) return Number(real)
  const value = BigInt(hex === undefined ? (decimal ?? "0") : `0x${hex}`)
  if (hexUnsigned || unsigned) {
    if (value > 0xffff_ffff_ffff_ffffn) throw new CompileError(source, at, "invalid uint literal")
    return new Uint(value)
  }
  // One more than fits: it may stand behind a minus, which the parser looks at.
  if (value > 0x8000_0000_0000_0000n) throw new CompileError(source, at, "invalid int literal")
  return value
}

interface Match {
  readonly end: number
  readonly groups: readonly (string | undefined)[]
}

function match(expression: RegExp, source: string, at: number): Match | undefined {
  expression.lastIndex = at
  const found = expression.exec(source)
  return found ? { end: expression.lastIndex, groups: found } : undefined
}
