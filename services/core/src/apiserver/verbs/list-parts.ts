/** A list of more bytes than this goes out in parts: no copy of the whole is made, and others are answered in between. */
export const wholeBytesMax = 1024 * 1024
/** Bytes of stored objects that are written at a time: about a millisecond of work as a table or in protobuf. */
const partBytes = 64 * 1024

const comma = Buffer.from(",")

/** An object as it is stored. Its bytes may have to be read first, so they are asked for when they are needed. */
export interface Stored {
  /** Of its bytes. */
  readonly size: number
  readonly bytes: Buffer
}

/** Bytes of items as they stand in a list, commas between them, with what stands around them: copied once. */
export function joinedItems(items: readonly Uint8Array[], around: { before?: string; after?: string } = {}): Buffer {
  const parts: Uint8Array[] = []
  if (around.before) parts.push(Buffer.from(around.before))
  for (const [at, item] of items.entries()) {
    if (at > 0) parts.push(comma)
    parts.push(item)
  }
  if (around.after) parts.push(Buffer.from(around.after))
  return Buffer.concat(parts)
}

export function sizeOf(stored: readonly Pick<Stored, "size">[]): number {
  let bytes = 0
  for (const { size } of stored) bytes += size
  return bytes
}

/** The stored objects in runs of about a part each, in order. */
export function* runsOf(stored: readonly Stored[]): Generator<readonly Buffer[]> {
  let from = 0
  let bytes = 0
  for (const [at, { size }] of stored.entries()) {
    bytes += size
    if (bytes < partBytes) continue
    yield stored.slice(from, at + 1).map((each) => each.bytes)
    from = at + 1
    bytes = 0
  }
  if (from < stored.length) yield stored.slice(from).map((each) => each.bytes)
}

/** A list as JSON, part by part: what stands before its items, the items as `render` writes a run of them, the end. */
export function* listParts(
  head: string,
  stored: readonly Stored[],
  render: (run: readonly Buffer[]) => Uint8Array,
): Generator<Uint8Array> {
  yield Buffer.from(head)
  let isFirst = true
  for (const run of runsOf(stored)) {
    const items = render(run)
    yield isFirst ? items : Buffer.concat([comma, items])
    isFirst = false
  }
  yield Buffer.from("]}")
}
