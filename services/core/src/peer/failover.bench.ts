import { systemClock } from "@wick/sdk/clock"
import { putRequest, rangeRequest, rangeResponse } from "#etcd-wire"
import type { MemberId } from "#raft"
import { EtcdCaller } from "./testing/etcd-caller.ts"
import { ProcessCluster } from "./testing/process-cluster.ts"

/**
 * For how long nothing is written when the leader of three members is killed, and when it is frozen: from the signal until
 * the first write that was asked for after it is acknowledged by one of the others.
 * `node services/core/src/peer/failover.bench.ts [rounds]`
 */
const rounds = Number(process.argv[2] ?? 20)
const askEveryMs = 20
const key = (number: number): string => `/failover/${String(number).padStart(8, "0")}`

await using cluster = await ProcessCluster.found(3)
const acknowledged: number[] = []
let next = 0

for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
  const gaps: number[] = []
  for (let round = 0; round < rounds; round++) {
    const leader = await cluster.leader()
    await settle(leader)
    const startMs = performance.now()
    if (signal === "SIGKILL") await cluster.kill(leader)
    else cluster.signal(leader, signal)
    await firstWrite(cluster.ids.filter((id) => id !== leader))
    gaps.push(performance.now() - startMs)
    if (signal === "SIGKILL") await cluster.start(leader)
    else cluster.signal(leader, "SIGCONT")
  }
  gaps.sort((a, b) => a - b)
  const at = (share: number): string => `${Math.round(gaps[Math.ceil(gaps.length * share) - 1] ?? 0)} ms`
  process.stdout.write(
    `${signal}: writes resume after ${at(0.5)} (median), ${at(0.9)} (p90), ${at(1)} (max) of ${rounds}\n`,
  )
}
await cluster.leader()
const caller = new EtcdCaller(cluster.clientUrl(1))
let lost = 0
for (const number of acknowledged) {
  const { kvs } = rangeResponse.decode(await caller.call("KV/Range", rangeRequest.encode({ key: key(number) })))
  if (kvs.length === 0) lost++
}
caller.close()
process.stdout.write(`${acknowledged.length} writes were acknowledged, ${lost} of them are lost\n`)

/** Writes through every member until one moment before the fault. */
async function settle(leader: MemberId): Promise<void> {
  const callers = cluster.ids.map((id) => new EtcdCaller(cluster.clientUrl(id)))
  for (let at = 0; at < 30; at++) await write(callers[at % callers.length] ?? callers[0]).catch(() => undefined)
  for (const each of callers) each.close()
  await systemClock.sleep((leader * 37) % 100) // not always at the same moment of a heartbeat
}

async function firstWrite(among: readonly MemberId[]): Promise<void> {
  const callers = among.map((id) => new EtcdCaller(cluster.clientUrl(id)))
  let isDone = false
  const attempts: Promise<unknown>[] = []
  const first = Promise.withResolvers<void>()
  while (!isDone) {
    for (const each of callers) {
      const attempt = write(each).then(() => {
        isDone = true
        first.resolve()
      })
      attempts.push(attempt.catch(() => undefined))
    }
    await Promise.race([first.promise, systemClock.sleep(askEveryMs)])
  }
  await Promise.race([Promise.all(attempts), systemClock.sleep(2_000)])
  for (const each of callers) each.close()
}

async function write(through: EtcdCaller | undefined): Promise<void> {
  const number = next++
  await through?.call("KV/Put", putRequest.encode({ key: key(number), value: Buffer.alloc(256, 7) }))
  acknowledged.push(number)
}
