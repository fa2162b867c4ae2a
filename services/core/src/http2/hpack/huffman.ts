import { CompressionError } from "./compression-error.ts"

/** Bits of each octet's code (RFC 7541, Appendix B). The code is canonical, so this is all of it. */
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26,
]
/** The code that ends a text, and is never sent. */
const endOfText = 256
const endOfTextLength = 30

/** Places in the code's tree where a symbol may still become any of several; as many as there are symbols, less one. */
const states = 256
/** Text is read by half octets: a table of 16 KiB stays in the fastest cache, and no code is so short that two end in one. */
const nibbles = 16
/** Of a step: where the tree is afterwards, the octet that ended, whether one ended, whether there is no such code. */
const octetShift = 8
const endedFlag = 1 << 16
const brokenFlag = 1 << 17

interface Decoding {
  readonly steps: Int32Array
  /** Whether a text may end there: nothing is left over but up to seven bits of the code that ends texts. */
  readonly mayEnd: Uint8Array
}

const { steps, mayEnd } = decodingOf(childrenOf(codeLengths))

/** Bytes that a coded text can become: no code is shorter than five bits. */
export function decodedBytesMax(bytes: number): number {
  return Math.floor((bytes * 8) / 5)
}

/** Decodes what lies from `start` to `end` into `target`, which has room for it; how many bytes it became. */
export function decodeHuffman(coded: Buffer, start: number, end: number, target: Buffer): number {
  let state = 0
  let size = 0
  for (let at = start; at < end; at++) {
    const byte = coded[at] as number
    const high = steps[state * nibbles + (byte >> 4)] as number
    if (high & endedFlag) target[size++] = high >> octetShift
    const low = steps[(high & 0xff) * nibbles + (byte & 0xf)] as number
    if (low & endedFlag) target[size++] = low >> octetShift
    if ((high | low) & brokenFlag) throw new CompressionError("a text in Huffman's code holds the code of no octet")
    state = low & 0xff
  }
  if (mayEnd[state] === 0) throw new CompressionError("a text in Huffman's code is padded wrongly")
  return size
}

/** Children of the tree's inner nodes, two for each: another inner node, or ~symbol. The root is 0. */
function childrenOf(lengths: readonly number[]): Int32Array {
  const symbols = [...lengths.entries(), [endOfText, endOfTextLength] as const]
  symbols.sort(([a, aLength], [b, bLength]) => aLength - bLength || a - b)
  const children = new Int32Array(states * 2)
  let nodes = 1
  let code = 0
  let codeLength = 0
  for (const [symbol, length] of symbols) {
    code <<= length - codeLength
    codeLength = length
    let node = 0
    for (let bit = length - 1; bit > 0; bit--) {
      const child = node * 2 + ((code >> bit) & 1)
      if (children[child] === 0) children[child] = nodes++
      node = children[child] as number
    }
    children[node * 2 + (code & 1)] = ~symbol
    code++
  }
  return children
}

function decodingOf(children: Int32Array): Decoding {
  const decoding = { steps: new Int32Array(states * nibbles), mayEnd: new Uint8Array(states) }
  for (let state = 0; state < states; state++) {
    for (let nibble = 0; nibble < nibbles; nibble++) {
      decoding.steps[state * nibbles + nibble] = stepOf(children, state, nibble)
    }
  }
  for (let depth = 0, state = 0; depth < 8; depth++) {
    decoding.mayEnd[state] = 1
    state = children[state * 2 + 1] as number
  }
  return decoding
}

function stepOf(children: Int32Array, state: number, nibble: number): number {
  let node = state
  let ended = 0
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[node * 2 + ((nibble >> bit) & 1)] as number
    if (child >= 0) {
      node = child
      continue
    }
    if (~child === endOfText) return brokenFlag
    ended = endedFlag | (~child << octetShift)
    node = 0
  }
  return ended | node
}
