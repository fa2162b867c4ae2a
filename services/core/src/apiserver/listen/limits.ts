/** What the listener allows before it says no. Each has its unit in its name. */
export interface Limits {
  /**
   * Largest body of a request: what kube-apiserver takes. The store's own limit on an object is lower; this one keeps
   * memory safe before anything is parsed.
   */
  readonly bodyBytesMax: number
  /** All bodies that are still coming in, together: nobody has been asked yet who sends them. */
  readonly bodiesBytesMax: number
  /** A body has to be there in this time after its headers: a megabit per second is enough for the largest. */
  readonly bodyMsMax: number
  /** A connection has to show a whole header in this time. */
  readonly headersMsMax: number
  /** How often Node looks for connections that are late. */
  readonly lateEveryMs: number
  /** Node's own for HTTP/1.1 is half of this, which long tokens of identity providers outgrow. */
  readonly headerBytesMax: number
  /** Beyond these a connection is closed as soon as it comes. */
  readonly connectionsMax: number
  /** Each watch of an informer is a stream, and one client may run some hundreds of them. */
  readonly streamsPerConnectionMax: number
  /** Longer than the 90 s after which client-go gives up an idle connection: the client closes, never the server first. */
  readonly idleMsMax: number
  /** A client that takes nothing of what waits for it for so long is cut off. */
  readonly stalledMsMax: number
}

export const usualLimits: Limits = {
  bodyBytesMax: 3 * 1024 * 1024,
  bodiesBytesMax: 256 * 1024 * 1024,
  bodyMsMax: 30_000,
  headersMsMax: 10_000,
  lateEveryMs: 10_000,
  headerBytesMax: 32 * 1024,
  connectionsMax: 20_000,
  streamsPerConnectionMax: 1_000,
  idleMsMax: 120_000,
  stalledMsMax: 60_000,
}
