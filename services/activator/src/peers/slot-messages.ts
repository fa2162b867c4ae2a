/**
 * What activators tell each other about slots. A slot is the right to have one request in a pod; a pod has as many as its
 * containerConcurrency. Messages on one connection arrive in order or not at all.
 *
 * - `claim`: the sender owns these pods, as it sees the members, and asks what the receiver has in them. Sent anew
 *   whenever members change or a connection opens. `view` is all members as the
 *   sender sees them, `round` tells its claims apart.
 * - `held`: the answer, a state and not a change: from now on the sender uses these pods by the receiver's grants only,
 *   and has so many requests in them. `seen` is the last grant that had arrived.
 * - `want`: requests of the sender wait for a pod of the revision: how long ago the oldest came. Replaces the last one.
 * - `grant`: the receiver may have one more request in the pod. Numbered within the connection.
 * - `return`: a slot is free again, or (`declined`) was not taken.
 */
export type SlotMessage =
  | { readonly type: "claim"; readonly pods: readonly string[]; readonly round: number; readonly view: string }
  | {
      readonly type: "held"
      readonly pods: Readonly<Record<string, number>>
      readonly round: number
      readonly seen: number
    }
  | { readonly type: "want"; readonly revision: string; readonly agesMs: readonly number[]; readonly seen: number }
  | { readonly type: "grant"; readonly number: number; readonly pod: string }
  | { readonly type: "return"; readonly pod: string; readonly declined: boolean }

/** Of those who wait, so many are told of: more than can be served within the time that a message takes. */
export const wantMax = 16
