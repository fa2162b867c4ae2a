import type { Random } from "@wick/sdk/clock"

/** Bytes that mean something to many formats: ends of ranges, signs, bits that say "more follows". */
const telling = [0, 1, 2, 0x7f, 0x80, 0x81, 0xfe, 0xff]
const changesMax = 6
const randomSizeMax = 300

/** Other bytes: most of them much like one of the samples, some at random. */
export function mutate(samples: readonly Buffer[], random: Random): Buffer {
  if (random.below(20) === 0) return randomBytes(random.below(randomSizeMax), random)
  let bytes: Buffer = Buffer.from(pick(samples, random))
  for (let left = 1 + random.below(changesMax); left > 0; left--) bytes = changed(bytes, samples, random)
  return bytes
}

/** The same bytes in pieces, as a network would bring them. */
export function pieces(bytes: Buffer, random: Random): Buffer[] {
  const cut: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(random.below(4) === 0 ? 3 : 64)
    cut.push(bytes.subarray(at, at + size))
    at += size
  }
  return cut
}

function changed(bytes: Buffer, samples: readonly Buffer[], random: Random): Buffer {
  const at = random.below(Math.max(bytes.length, 1))
  const rest = random.below(Math.max(bytes.length - at, 1))
  switch (random.below(9)) {
    case 0: // one bit
      if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      return bytes
    case 1:
      if (bytes.length > 0) bytes[at] = telling[random.below(telling.length)] ?? 0
      return bytes
    case 2: // a length or a count of 32 bits
      if (bytes.length >= at + 4) bytes.writeUInt32LE(telling[random.below(telling.length)] ?? 0, at)
      if (bytes.length >= at + 4 && random.below(2) === 0) bytes.fill(0xff, at, at + 4)
      return bytes
    case 3: // cut short
      return bytes.subarray(0, at)
    case 4: // something taken out
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + rest)])
    case 5: // something said twice
      return Buffer.concat([bytes.subarray(0, at + rest), bytes.subarray(at)])
    case 6: // something put in
      return Buffer.concat([bytes.subarray(0, at), randomBytes(random.below(12), random), bytes.subarray(at)])
    case 7: {
      // the beginning of one with the end of another
      const other = pick(samples, random)
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))])
    }
    default: // a number of seven bits a byte that is far too large
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + random.below(10), 0xff), bytes.subarray(at)])
  }
}

function randomBytes(size: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random.below(256)))
}

function pick(samples: readonly Buffer[], random: Random): Buffer {
  return samples[random.below(samples.length)] ?? Buffer.alloc(0)
}
