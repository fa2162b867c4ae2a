import { type Frame, frameFlag, frameHeadSize, frameType } from "./client-frames.ts"
import { mendAuthority } from "./header-block.ts"

/** Bytes of one header block, beyond which it passes unseen: no server takes one that large. */
const blockSizeMax = 64 * 1024

/** Mends the header blocks of a connection's client, each when it is complete; all else passes. */
export class HeaderMender {
  /** Header blocks seen so far, and slashes that were in their authorities. */
  blocks = 0
  mended = 0
  #held: Frame[] = []
  #heldSize = 0

  /** What goes on now, in order. */
  take(frame: Frame): readonly Buffer[] {
    const continues = this.#held.length > 0
    if (frame.type !== (continues ? frameType.continuation : frameType.headers)) {
      return [...this.rest(), frame.bytes]
    }
    this.#held.push(frame)
    this.#heldSize += frame.bytes.length
    if ((frame.flags & frameFlag.endHeaders) !== 0) this.#mend()
    else if (this.#heldSize <= blockSizeMax) return []
    return this.rest()
  }

  /** Frames of a block that is not complete; they are forgotten here. */
  rest(): readonly Buffer[] {
    const held = this.#held.map(({ bytes }) => bytes)
    this.#held = []
    this.#heldSize = 0
    return held
  }

  #mend(): void {
    this.blocks++
    const fragments = this.#held.map(fragmentOf)
    const only = fragments.length === 1 ? fragments[0] : undefined
    const block = only ?? Buffer.concat(fragments)
    const mended = mendAuthority(block)
    this.mended += mended
    if (only !== undefined || mended === 0) return
    let at = 0
    for (const fragment of fragments) at += block.copy(fragment, 0, at)
  }
}

/** The part of a frame that belongs to the header block. */
function fragmentOf({ type, flags, bytes }: Frame): Buffer {
  if (type === frameType.continuation) return bytes.subarray(frameHeadSize)
  const isPadded = (flags & frameFlag.padded) !== 0
  const start = frameHeadSize + (isPadded ? 1 : 0) + ((flags & frameFlag.priority) !== 0 ? 5 : 0)
  return bytes.subarray(start, bytes.length - (isPadded ? (bytes[frameHeadSize] ?? 0) : 0))
}
