import type { Random } from "@wick/sdk/clock"
import { comparable, revisionOf } from "./answer.ts"
import type { RawAnswer, RawClient } from "./raw-client.ts"

/** What steps are made from: where the history is. */
export interface World {
  revision: number
  /** Up to which history may be forgotten. */
  compacted: number
  /** Whether etcd is a 3.4, which answers some calls in a way of its own. */
  readonly is34: boolean
  /** Transactions within each other; none where users count, since etcd does not ask what they may do in inner ones. */
  readonly depth: number
  /** Leases that there are or may be. */
  readonly leases: readonly number[]
  /** The one alarm that is ever raised: two at a time etcd mixes up. */
  readonly alarm: number
}

/** Something that is asked of one who answers etcd's clients. */
export interface Step {
  readonly told: string
  /** Where users count, etcd takes it from anybody without a token, and we do not. */
  readonly openToAll?: boolean
  /** What is to be the same, whoever was asked; and the revision it told, if it did. */
  run(client: RawClient, user: string | undefined): Promise<Told>
}

export interface Told {
  readonly answer: unknown
  readonly revision?: number | undefined
}

export function openToAll(step: Step): Step {
  return { ...step, openToAll: true }
}

/** Once in so many times. */
export function chance(random: Random, times: number): boolean {
  return random.below(times) === 0
}

export function of<Each>(random: Random, choices: readonly Each[]): Each {
  return choices[random.below(choices.length)] as Each
}

/** One call; fields of the answer that `masked` names are only said to be there. */
export function unaryStep<Given extends object>(
  method: string,
  message: { encode(given: Given): Buffer },
  given: Given,
  masked: readonly number[] = [],
  also: (answer: RawAnswer) => unknown = () => undefined,
): Step {
  const path = `${method.includes(".") ? "" : "etcdserverpb."}${method}`
  const request = message.encode(given)
  return {
    told: `${method} ${JSON.stringify(given, brief)}`,
    run: async (client, user) => {
      const answer = await client.call(path, request, user)
      return { answer: [comparable(answer, masked), also(answer)], revision: revisionOf(answer) }
    },
  }
}

/** Bytes as text. */
function brief(_: string, value: unknown): unknown {
  const { type, data } = (value ?? {}) as { readonly type?: unknown; readonly data?: number[] }
  return type === "Buffer" && data !== undefined ? Buffer.from(data).toString("latin1") : value
}
