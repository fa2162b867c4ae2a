import { must } from "@wick/sdk/assert"
import { systemClock } from "@wick/sdk/clock"
import { putRequest } from "#etcd-wire"
import { startTheirs } from "../etcd/testing/start-pair.ts"
import { EtcdCaller } from "./testing/etcd-caller.ts"
import { ProcessCluster } from "./testing/process-cluster.ts"

/**
 * What members cost each other, each a process on this machine, asked over gRPC without TLS by clients that share it:
 * `node services/core/src/peer/cluster.bench.ts puts` puts of 256 bytes by 100 clients on one member, on three, and on etcd;
 * `node services/core/src/peer/cluster.bench.ts catch-up [MiB]` a member that joins a store of so much, and how long the
 * leader's clients wait meanwhile.
 */
const clients = 100
const measureMs = 5_000
const value = Buffer.alloc(256, 7)

const [what = "puts", size = "1024"] = process.argv.slice(2)
if (what === "puts") await comparePuts()
else await catchUp(Number(size))

async function comparePuts(): Promise<void> {
  for (const members of [1, 3]) {
    await using cluster = await ProcessCluster.found(members)
    const leader = await cluster.leader()
    say(`${members} of ours, at the leader`, await puts([cluster.clientUrl(leader)], clients, measureMs))
    if (members === 1) continue
    say(`${members} of ours, at all of them`, await puts(cluster.clientUrls, clients, measureMs))
  }
  await using theirs = await startTheirs()
  say("etcd, one member", await puts([`http://${theirs.endpoint}`], clients, measureMs))
}

async function catchUp(mebibytes: number): Promise<void> {
  await using cluster = await ProcessCluster.found(3)
  const leader = await cluster.leader()
  const url = cluster.clientUrl(leader)
  const filler = new EtcdCaller(url)
  for (let at = 0; at < mebibytes; at += 8) {
    const large = Array.from({ length: 8 }, (_, more) =>
      filler.call(
        "KV/Put",
        putRequest.encode({ key: `/large/${at + more}`, value: Buffer.alloc(1024 * 1024, at + more) }),
      ),
    )
    await Promise.all(large)
  }
  filler.close()
  await systemClock.sleep(8_000) // what is applied is saved
  say("before", await puts([url], 16, measureMs))
  await cluster.join(4)
  await cluster.add(4, leader)
  const startMs = performance.now()
  let isDone = false
  const caughtUp = cluster
    .start(4)
    .then(() => cluster.caughtUp(4, leader))
    .then(() => {
      isDone = true
    })
  const during = await puts([url], 16, () => isDone)
  await caughtUp
  const seconds = (performance.now() - startMs) / 1000
  say("during", during)
  process.stdout.write(`${mebibytes} MiB were caught up on in ${seconds.toFixed(1)} s\n`)
  say("after", await puts([url], 16, measureMs))
}

interface Figures {
  readonly rate: number
  readonly p50: number
  readonly p99: number
}

/** Closed loops, each over a connection of its own. */
async function puts(urls: readonly string[], count: number, end: number | (() => boolean)): Promise<Figures> {
  const callers = Array.from({ length: count }, (_, at) => new EtcdCaller(must(urls[at % urls.length], "there is one")))
  const latencies: number[] = []
  const startMs = performance.now()
  const isOver = typeof end === "number" ? () => performance.now() - startMs > end : end
  let next = 0
  const loop = async (caller: EtcdCaller): Promise<void> => {
    while (!isOver()) {
      const askedMs = performance.now()
      await caller.call("KV/Put", putRequest.encode({ key: `/bench/${next++ % 10_000}`, value }))
      latencies.push(performance.now() - askedMs)
    }
  }
  await Promise.all(callers.map(loop))
  const seconds = (performance.now() - startMs) / 1000
  for (const caller of callers) caller.close()
  latencies.sort((a, b) => a - b)
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0
  return { rate: latencies.length / seconds, p50: at(0.5), p99: at(0.99) }
}

function say(name: string, { rate, p50, p99 }: Figures): void {
  process.stdout.write(
    `${name.padEnd(26)} ${Math.round(rate)} puts/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms\n`,
  )
}
