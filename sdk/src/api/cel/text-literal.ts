import { CompileError } from "./error.ts"

const simple: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "?": "?",
  '"': '"',
  "'": "'",
  "`": "`",
}
const coded = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})/y

/** A text or bytes literal that begins at `at`. */
export function readText(
  source: string,
  at: number,
  prefix: string,
  quote: string,
): { value: string | Uint8Array; end: number } {
  const raw = prefix.includes("r")
  const asBytes = prefix.includes("b")
  const bytes: number[] = []
  let text = ""
  let index = at + prefix.length + quote.length
  while (!source.startsWith(quote, index)) {
    const character = source[index]
    if (character === undefined || (character === "\n" && quote.length === 1)) {
      throw new CompileError(source, at, `Syntax error: token recognition error at: '${source.slice(at, index)}'`)
    }
    if (character === "\\" && !raw) {
      const found = readEscape(source, index + 1)
      if (asBytes && found.byte !== undefined) bytes.push(found.byte)
      else if (asBytes) bytes.push(...new TextEncoder().encode(found.text))
      text += found.text
      index = found.end
    } else {
      const point = String.fromCodePoint(source.codePointAt(index) ?? 0)
      if (asBytes) bytes.push(...new TextEncoder().encode(point))
      text += point
      index += point.length
    }
  }
  return { value: asBytes ? Uint8Array.from(bytes) : text, end: index + quote.length }
}

function readEscape(source: string, at: number): { text: string; byte: number | undefined; end: number } {
  const character = source[at] ?? ""
  const plain = simple[character]
  if (plain !== undefined) return { text: plain, byte: undefined, end: at + 1 }
  coded.lastIndex = at
  const found = coded.exec(source)
  if (!found) throw new CompileError(source, at, `Syntax error: invalid escape sequence '\\${character}'`)
  const [, hex, short, long, octal] = found
  const code = octal === undefined ? Number.parseInt(hex ?? short ?? long ?? "0", 16) : Number.parseInt(octal, 8)
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    throw new CompileError(source, at, "Syntax error: invalid unicode code point")
  }
  const byte = hex === undefined && octal === undefined ? undefined : code & 0xff
  return { text: String.fromCodePoint(code), byte, end: coded.lastIndex }
}
