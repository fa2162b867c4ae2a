/**
 * Protobuf's wire format: fields out of bytes and into them. Which fields a message has is for others to say.
 *
 * Invariants: whatever bytes are given, reading ends with a value or a WireError and never past their end.
 *
 * Imports nothing of core. May be imported by: apiserver (Kubernetes' messages), etcd-wire (etcd's).
 */
export { WireError } from "./wire-error.ts"
export { WireReader } from "./wire-reader.ts"
export { WireWriter } from "./wire-writer.ts"
