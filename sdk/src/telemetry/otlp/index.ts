/**
 * What the platform tells a collector: OTLP, over HTTP with protobuf or over gRPC. Signals encode their own messages with
 * the tables here; a channel brings them there, tries again what may succeed later, and gives up in a bounded time.
 *
 * To be loaded by whoever has something to send (`await import`), never at start.
 */
export { type Attributes, keyValue, keyValues, resource, scope } from "./attributes.ts"
export { type OtlpChannel, type OtlpOptions, type Outcome, openOtlp } from "./channel.ts"
export type { OtlpProtocol, OtlpSignal } from "./endpoint.ts"
