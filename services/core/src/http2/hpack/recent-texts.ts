import { decodedBytesMax, decodeHuffman } from "./huffman.ts"

const slots = 512
/** Longer texts are seldom sent twice the same. */
const codedBytesMax = 96
const huffmanFlag = 0x80
const fnvOffset = 0x811c9dc5
const fnvPrime = 0x01000193

/**
 * Makes strings of texts as they are sent, and remembers the last ones: clients send the same paths, numbers and names over
 * and over, and whoever gets the same string again finds it in his own maps by its address. A slot for each hash, the
 * newest text in it; 80 KiB for all connections together.
 */
export class RecentTexts {
  readonly #coded = new Uint8Array(slots * codedBytesMax)
  /** Bytes of the coded text, and whether it is in Huffman's code. 0: none. */
  readonly #kinds = new Uint8Array(slots)
  readonly #texts: string[] = new Array(slots).fill("")
  #scratch = Buffer.allocUnsafeSlow(1024)

  /** The text from `start` to `end`, remembered unless it is secret. */
  read(block: Buffer, start: number, end: number, huffman: boolean, secret: boolean): string {
    const bytes = end - start
    if (bytes === 0) return ""
    if (secret || bytes > codedBytesMax) return this.#decode(block, start, end, huffman)
    const kind = huffman ? bytes | huffmanFlag : bytes
    const slot = slotOf(block, start, end)
    if (this.#kinds[slot] === kind && this.#isAt(slot, block, start, bytes)) return this.#texts[slot] as string
    const text = this.#decode(block, start, end, huffman)
    block.copy(this.#coded, slot * codedBytesMax, start, end)
    this.#kinds[slot] = kind
    this.#texts[slot] = text
    return text
  }

  #isAt(slot: number, block: Buffer, start: number, bytes: number): boolean {
    const coded = this.#coded
    const offset = slot * codedBytesMax
    for (let at = 0; at < bytes; at++) if (coded[offset + at] !== block[start + at]) return false
    return true
  }

  #decode(block: Buffer, start: number, end: number, huffman: boolean): string {
    if (!huffman) return block.toString("latin1", start, end)
    const bytesMax = decodedBytesMax(end - start)
    const target = bytesMax <= this.#scratch.length ? this.#scratch : Buffer.allocUnsafe(bytesMax)
    return target.toString("latin1", 0, decodeHuffman(block, start, end, target))
  }
}

function slotOf(block: Buffer, start: number, end: number): number {
  let hash = fnvOffset
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (block[at] as number), fnvPrime)
  return (hash ^ (hash >>> 15)) & (slots - 1)
}
