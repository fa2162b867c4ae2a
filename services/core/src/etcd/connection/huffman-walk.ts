/** Symbols of HPACK's Huffman code that have so many bits (RFC 7541, Appendix B); the code is canonical, so this is all of it. */
const symbolsOfLength: Readonly<Record<number, number>> = {
  5: 10,
  6: 26,
  7: 32,
  8: 6,
  10: 5,
  11: 3,
  12: 2,
  13: 6,
  14: 2,
  15: 3,
  19: 3,
  20: 8,
  21: 13,
  22: 26,
  23: 29,
  24: 12,
  25: 4,
  26: 15,
  27: 19,
  28: 29,
  30: 4,
}
const lengthMax = 30

/** First code of each length, and the one after its last. */
const codes: readonly { readonly first: number; readonly end: number }[] = canonicalCodes()

function canonicalCodes(): { first: number; end: number }[] {
  const found = [{ first: 0, end: 0 }]
  let next = 0
  for (let length = 1; length <= lengthMax; length++) {
    next *= 2
    const end = next + (symbolsOfLength[length] ?? 0)
    found.push({ first: next, end })
    next = end
  }
  return found
}

/** A symbol by its code. */
interface Symbol {
  readonly code: number
  readonly bits: number
}

/** Writes one symbol over each occurrence of another whose code is as long. How often; what is no code ends it. */
export function replaceSymbol(text: Buffer, from: Symbol, to: Symbol): number {
  let code = 0
  let bits = 0
  let replaced = 0
  for (let at = 0; at < text.length * 8; at++) {
    code = code * 2 + bitAt(text, at)
    bits++
    const known = codes[bits]
    if (known === undefined) return replaced
    if (code < known.first || code >= known.end) continue
    if (bits === from.bits && code === from.code) {
      writeBits(text, at + 1 - bits, to)
      replaced++
    }
    code = 0
    bits = 0
  }
  return replaced
}

function bitAt(text: Buffer, at: number): number {
  return ((text[at >> 3] ?? 0) >> (7 - (at & 7))) & 1
}

function writeBits(text: Buffer, start: number, { code, bits }: Symbol): void {
  for (let bit = 0; bit < bits; bit++) {
    const at = start + bit
    const mask = 0x80 >> (at & 7)
    const byte = text[at >> 3] ?? 0
    text[at >> 3] = (code >> (bits - 1 - bit)) & 1 ? byte | mask : byte & ~mask
  }
}
