/**
 * etcd's v3 API on the wire, whichever end one is: tables of its messages' fields, gRPC's frames, and etcd's words for
 * what it refuses. Bytes in, values out; it opens no connection.
 *
 * Invariants: whatever bytes are given, decoding ends with a message or a WireError; what is not known is skipped.
 *
 * Imports nothing of core. May be imported by: etcd, etcd-client, backup.
 */

export { Message, type Read, WireError, type Written } from "@wick/sdk/protobuf"
export * from "./auth-messages.ts"
export * from "./concurrency-messages.ts"
export * from "./frame.ts"
export * from "./kv-messages.ts"
export * from "./lease-messages.ts"
export * from "./maintenance-messages.ts"
export * from "./refusals.ts"
export * from "./watch-messages.ts"
