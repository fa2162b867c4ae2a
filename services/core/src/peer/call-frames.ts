import { ByteReader, ByteWriter, numberSizeMax } from "#store"
import { type FrameKind, frameHeadSize, sealFrame } from "./frame.ts"

/** A call, its answer or its failure: the number that joins them, then the bytes. */
export function callFrame(
  kind: FrameKind & ("call" | "answer" | "call-failed" | "call-refused"),
  id: number,
  body: Uint8Array,
): Buffer {
  const frame = Buffer.allocUnsafe(frameHeadSize + numberSizeMax + body.length)
  const writer = new ByteWriter(frame.subarray(frameHeadSize))
  writer.number(id)
  writer.rest(body)
  return sealFrame(frame.subarray(0, frameHeadSize + writer.size), kind)
}

export function readCall(payload: Buffer): { readonly id: number; readonly body: Uint8Array } {
  const reader = new ByteReader(payload)
  return { id: reader.number(), body: reader.rest() }
}
