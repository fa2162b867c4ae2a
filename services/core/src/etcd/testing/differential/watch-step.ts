import type { Random } from "@wick/sdk/clock"
import { deleteRequest, putRequest, watchRequest, watchResponse } from "#etcd-wire"
import { fieldsOf, shown } from "./answer.ts"
import { someEnd, someKey, someRevision } from "./kv-steps.ts"
import type { RawClient } from "./raw-client.ts"
import { chance, of, type Step, type World } from "./step.ts"

const eventsField = 11
const lastValue = Buffer.from("told last")
/**
 * A watch from some revision on, through a put and a deletion that it is told of last: every event, in order. How many
 * of them come in one answer is for each side to choose.
 */
export function watchStep(random: Random, world: World): Step {
  const create = {
    key: someKey(random),
    rangeEnd: chance(random, 2) ? "\0" : someEnd(random),
    startRevision: Math.max(someRevision(random, world), 0),
    filters: chance(random, 3) ? [random.below(2)] : [],
    previous: chance(random, 2),
    watchId: of(random, [0, 0, 5, -1]),
    fragment: chance(random, 2),
    progressNotify: chance(random, 4),
  }
  return {
    told: `Watch/Watch ${JSON.stringify(create)}`,
    run: (client, user) => watch(client, user, create),
  }
}

interface Create {
  readonly key: string
  readonly filters: readonly number[]
}

async function watch(client: RawClient, user: string | undefined, create: Create) {
  const stream = client.stream("etcdserverpb.Watch/Watch", user)
  const answer: unknown[] = []
  // The first key that is watched: of none in particular, the first that there can be.
  const key = create.key === "" ? "\0" : create.key
  let left = 2 - create.filters.length
  try {
    stream.write(watchRequest.encode({ create }))
    for await (const bytes of stream) {
      const { watchId, created, canceled, events } = watchResponse.decode(bytes as Buffer)
      const fields = fieldsOf(bytes as Buffer).filter(({ field }) => field !== 1)
      const isNotice = !created && !canceled
      for (const { field, value } of fields) if (!isNotice || field === eventsField) answer.push(shown(field, value))
      if (canceled) break
      if (created) {
        const put = putRequest.encode({ key, value: lastValue })
        const written = [
          await client.call("etcdserverpb.KV/Put", put, user),
          await client.call("etcdserverpb.KV/DeleteRange", deleteRequest.encode({ key }), user),
        ]
        if (!written.every((each) => "bytes" in each)) return { answer }
      }
      left -= events.filter(({ kv, type }) => kv?.key === key && (type === 1 || lastValue.equals(kv.value))).length
      if (left <= 0) stream.write(watchRequest.encode({ cancel: { watchId } }))
    }
  } catch (error) {
    const { code, details } = error as { readonly code?: number; readonly details?: string }
    answer.push({ code, details })
  } finally {
    stream.cancel()
  }
  return { answer }
}
