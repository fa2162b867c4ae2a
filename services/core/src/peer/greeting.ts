import type { MemberId } from "#raft"
import { ByteReader, ByteWriter, MalformedError, numberSizeMax } from "#store"

/** Raised with every change that an older member would misread. */
const version = 1

/**
 * What a connection is for. What must not wait has one of its own: behind a mebibyte of entries a heartbeat would come
 * late, and a follower would stand for election for nothing.
 * - `prompt`: heartbeats, votes, acknowledgements.
 * - `bulk`: entries, in their order; calls and their answers.
 * - `snapshot`: one state, then it is closed.
 */
export const lanes = ["prompt", "bulk", "snapshot"] as const
export type Lane = (typeof lanes)[number]

/** Says whom the connection is from and whom it is meant for: an address may have passed to another member. */
export interface Hello {
  readonly lane: Lane
  readonly from: MemberId
  readonly to: MemberId
}

export function encodeHello({ lane, from, to }: Hello): Buffer {
  const writer = new ByteWriter(Buffer.alloc(2 + 2 * numberSizeMax))
  writer.byte(version)
  writer.byte(lanes.indexOf(lane))
  writer.number(from)
  writer.number(to)
  return writer.finish()
}

export function decodeHello(bytes: Uint8Array): Hello {
  const reader = new ByteReader(bytes)
  const spoken = reader.byte()
  if (spoken !== version) throw new MalformedError(`speaks version ${spoken}, this member speaks ${version}`)
  const lane = lanes[reader.byte()]
  if (lane === undefined) throw new MalformedError("connection of an unknown purpose")
  const hello = { lane, from: reader.number(), to: reader.number() }
  reader.end()
  return hello
}
