/**
 * HTTP/2 for servers (RFC 9113 and 7541): the frames, streams, windows and limits of a connection whose socket somebody
 * else has accepted. A stream is a plain object with handlers, and what all streams say in one turn of the event loop
 * leaves in one write.
 *
 * Invariants: a client that reads slowly, sends nonsense or sends too much costs no more than `limits.ts` says; what is
 * wrong of a stream ends the stream, what is wrong of the connection ends the connection, with the code that RFC 9113
 * wants.
 *
 * Imports nothing of core. It pushes nothing, has no priorities, and does not tunnel.
 */
export { type Connection, type ConnectionOptions, serveConnection } from "./connection.ts"
export { type ErrorCode, errorCode } from "./error-code.ts"
export { type Limits, usualLimits } from "./limits.ts"
export type { HeaderList, ServerStream, StreamHandlers } from "./server-stream.ts"
export { type Behind, Stalls } from "./stalls.ts"
