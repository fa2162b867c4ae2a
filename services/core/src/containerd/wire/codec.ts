import { assert } from "@wick/sdk/assert"
import protobuf from "protobufjs/light.js"
import descriptor from "./descriptor.json" with { type: "json" }

/** Turns one message type into bytes and back. */
export interface Codec<Message> {
  encode(message: Message): Buffer
  decode(bytes: Uint8Array): Message
}

const root = protobuf.Root.fromJSON(descriptor)
/** 64-bit numbers become doubles: enough for sizes, and for times to the microsecond. */
const conversion = { longs: Number, arrays: false, objects: false }

/** The codec of a message by its full name, such as `runtime.v1.VersionRequest`; compiled when first used. */
export function codec<Message extends object>(name: string): Codec<Message> {
  const type = root.lookupType(name)
  assert(type instanceof protobuf.Type, "every codec names a message of the descriptor")
  return {
    encode: (message) => type.encode(type.fromObject(message)).finish() as Buffer,
    decode: (bytes) => type.toObject(type.decode(bytes), conversion) as Message,
  }
}
