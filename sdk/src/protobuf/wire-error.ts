/** Bytes that are no protobuf message of the kind expected, or a value that none can hold. */
export class WireError extends Error {
  override name = "WireError"
}
