/**
 * Protobuf's wire format: fields out of bytes and into them, and messages by tables of their fields. Which messages there
 * are is for others to say.
 *
 * Invariants: whatever bytes are given, reading ends with a value or a WireError and never past their end.
 */
export {
  bool,
  bytes,
  double,
  doubles,
  type Field,
  fixed64,
  fixed64s,
  key,
  keys,
  Message,
  message,
  messages,
  number,
  numbers,
  optional,
  type Read,
  text,
  texts,
  type Written,
} from "./message.ts"
export { WireError } from "./wire-error.ts"
export { WireReader } from "./wire-reader.ts"
export { WireWriter } from "./wire-writer.ts"
