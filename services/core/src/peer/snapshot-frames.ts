import { crc32 } from "node:zlib"
import { ByteReader, ByteWriter, MalformedError, numberSizeMax } from "#store"
import { type FrameKind, frameHeadSize, frameOf, sealFrame } from "./frame.ts"

/**
 * How a state travels, over a connection of its own:
 *
 *     sender                          receiver
 *     offer (transfer, message) ──▶
 *                               ◀──   resume (offset: all before it is here)
 *     chunk (offset, bytes) … ────▶         (the member takes it in from the first piece on)
 *                               ◀──   taken (offset), as pieces are handed on: the sender is no more than a window ahead
 *     whole (size) ───────────────▶
 *                               ◀──   done, once the member has taken it in · failed (why), at any time
 *
 * When the connection breaks, the same transfer is offered again and goes on from `resume`.
 */

/** A piece of the state and where it belongs. Its checksum counts the place in, so that no piece passes for another. */
export function chunkFrame(offset: number, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeadSize + 4 + numberSizeMax + bytes.length)
  const payload = frame.subarray(frameHeadSize)
  payload.writeUInt32LE(checksumOf(offset, bytes), 0)
  const writer = new ByteWriter(payload.subarray(4))
  writer.number(offset)
  writer.rest(bytes)
  return sealFrame(frame.subarray(0, frameHeadSize + 4 + writer.size), "chunk")
}

export function readChunk(payload: Buffer): { readonly offset: number; readonly bytes: Uint8Array } {
  if (payload.length < 5) throw new MalformedError("piece of a snapshot without its head")
  const crc = payload.readUInt32LE(0)
  const reader = new ByteReader(payload, 4)
  const offset = reader.number()
  const bytes = reader.rest()
  if (checksumOf(offset, bytes) !== crc) throw new MalformedError(`piece of a snapshot at ${offset} is damaged`)
  return { offset, bytes }
}

function checksumOf(offset: number, bytes: Uint8Array): number {
  return crc32(bytes, offset % 2 ** 32)
}

/** `transfer` is a number of the sender's choice for this one; then the message. */
export function offerFrame(transfer: number, message: Uint8Array): Buffer {
  const writer = new ByteWriter(Buffer.allocUnsafe(numberSizeMax + message.length))
  writer.number(transfer)
  writer.rest(message)
  return frameOf("offer", writer.finish())
}

export function readOffer(payload: Buffer): { readonly transfer: number; readonly message: Uint8Array } {
  const reader = new ByteReader(payload)
  return { transfer: reader.number(), message: reader.rest() }
}

/** A frame that is a number of bytes and nothing else. */
export function sizeFrame(kind: FrameKind & ("resume" | "taken" | "whole"), size: number): Buffer {
  const writer = new ByteWriter(Buffer.allocUnsafe(numberSizeMax))
  writer.number(size)
  return frameOf(kind, writer.finish())
}

export function readSize(payload: Buffer): number {
  const reader = new ByteReader(payload)
  const size = reader.number()
  reader.end()
  return size
}
