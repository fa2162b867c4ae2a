import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Pod } from "@wick/sdk/api/core/pod"
import type { Client } from "@wick/sdk/client"
import { until } from "../until.ts"
import type { Host } from "./host.ts"
import { callFunction, FunctionProbe, missing, removeAll, Writer } from "./probe.ts"
import type { ThreeHosts } from "./three-hosts.ts"

/** What befalls the leader. */
export type Blow = "killed" | "cut off" | "hears nothing" | "is not heard" | "frozen" | "disk full"
export const blows: readonly Blow[] = ["killed", "cut off", "hears nothing", "is not heard", "frozen", "disk full"]

export interface Round {
  readonly blow: Blow
  /**
   * From the blow to the first write that was acknowledged after it; of a full disk, which only a later write meets, the
   * longest time without an acknowledgement.
   */
  readonly writeMs: number
  /** From the blow to the first answer of a function of which nothing ran. */
  readonly coldMs: number
  readonly acknowledged: number
  /** Acknowledged writes that a host does not know afterwards. */
  readonly lost: readonly string[]
  /** What the host that was struck said of an object that the others had changed meanwhile; `none` when it said nothing. */
  readonly said: string
  /** Of the function that runs, at a gateway that lives. */
  readonly calls: { readonly answered: number; readonly failed: number; readonly gapMsMax: number }
}

const giveUpMs = 20_000
/** A host that is cut off may look for its leader for so long. */
const askMs = 4_000
/** Writes go on for so long before the blow. */
const warmUpMs = 300
/** Bytes of a write to a disk that is full: the log goes on in what it has reserved, which is some megabytes. */
const largeSize = 200_000

/** One blow to the leader of three, while a function is called by a host that lives, and what became of it all. */
export async function strike(cluster: ThreeHosts, blow: Blow, warm: string, cold: string): Promise<Round> {
  const leader = await leaderWithout(cluster, warm)
  const [one, two] = cluster.others(leader) as [Host, Host]
  const clients = await Promise.all([one, two].map((host) => host.client()))
  await atZero(clients[0] as Client, cold)
  const probe = new FunctionProbe(one, warm)
  const tag = `write-${Math.floor(performance.now())}`
  const writers = clients.map((client, at) => new Writer(client, `${tag}-${at}`, blow === "disk full" ? largeSize : 0))
  const [writing] = clients as [Client, Client]
  const metadata = { name: tag, namespace: "default" }
  await writing.create(ConfigMap, { metadata, data: { value: "before" } })
  await new Promise((resolve) => setTimeout(resolve, warmUpMs))
  const heal = hit(cluster, leader, blow)
  const hitMs = performance.now()
  if (blow === "disk full") await moved(cluster, leader, one)
  // What went on at that size would fill the disks of the others too: they keep all that was written for minutes.
  for (const writer of writers) writer.size = 0
  const atMs = performance.now()
  const calling = coldAnswer(two, cold, atMs)
  const firsts = await Promise.all(writers.map((writer) => writer.firstAfter(atMs + 50, atMs + giveUpMs)))
  await until(
    "a change",
    () =>
      change(writing, tag).then(
        () => true,
        () => false,
      ),
    giveUpMs,
  )
  const early = blow === "killed" || blow === "frozen" ? undefined : await leader.said(tag, askMs)
  const coldMs = await calling
  await Promise.all(writers.map((writer) => writer.stop()))
  const { answered, failed, gapMsMax } = await probe.stop()
  const [late] = await Promise.all([blow === "frozen" ? leader.said(tag, askMs) : undefined, heal()])
  await cluster.settled()
  const writes = writers.flatMap(({ acknowledged }) => acknowledged)
  const all = await Promise.all(cluster.hosts.map((host) => host.client()))
  await Promise.all(all.map((client, at) => until(`host ${at + 1} to answer`, () => answers(client), giveUpMs)))
  const lost = (await Promise.all(all.map((client) => missing(client, writes)))).flat()
  await removeAll(
    all[0] as Client,
    writes.map(({ name }) => name),
  )
  const calls = { answered, failed, gapMsMax }
  return {
    blow,
    writeMs: blow === "disk full" ? longestGap(writers, hitMs) : Math.min(...firsts) - atMs,
    coldMs,
    acknowledged: writes.length,
    lost,
    said: early ?? late ?? "none",
    calls,
  }
}

/** Resolves when a host says that another leads. */
async function moved(cluster: ThreeHosts, from: Host, asked: Host): Promise<void> {
  const leads = async (): Promise<boolean> => {
    const members = await cluster.members(asked).catch(() => [])
    return members.some(({ leader, name }) => leader && name !== from.name)
  }
  await until("another to lead", leads, giveUpMs)
}

/** Whether a host's own store has caught up with the others: it is asked for what nobody changes. */
async function answers(client: Client): Promise<boolean> {
  const asked = client.get(ConfigMap, { name: "kube-root-ca.crt", namespace: "default" })
  return asked.then(
    () => true,
    () => false,
  )
}

/** Between two writes that were acknowledged to anybody. */
function longestGap(writers: readonly Writer[], fromMs: number): number {
  const times = writers.flatMap(({ acknowledged }) => acknowledged.map(({ atMs }) => atMs)).sort((a, b) => a - b)
  const later = times.filter((atMs) => atMs > fromMs)
  return Math.max(...later.map((atMs, at) => atMs - (later[at - 1] ?? fromMs)))
}

/** By one host, after the blow. */
async function change(client: Client, name: string): Promise<void> {
  const patch = { type: "merge", body: { data: { value: "after" } } } as const
  await client.patch(ConfigMap, { name, namespace: "default" }, patch, { signal: AbortSignal.timeout(1_000) })
}

/** Who leads, on another host than the one on which the only pod of the function runs: that is not to be the loss. */
async function leaderWithout(cluster: ThreeHosts, name: string): Promise<Host> {
  const leader = await cluster.settled()
  const labelSelector = `serving.knative.dev/service=${name}`
  const { items } = await (await leader.client()).list(Pod, { namespace: "default", labelSelector })
  if (!items.some(({ spec }) => spec.nodeName === leader.name)) return leader
  const [heir] = cluster.others(leader) as [Host]
  await leader.wick("member", "lead", heir.name)
  return cluster.settled()
}

/** Gives what undoes it. */
function hit(cluster: ThreeHosts, leader: Host, blow: Blow): () => Promise<void> {
  const { wire } = cluster
  if (blow === "killed") {
    leader.signal("SIGKILL")
    return () => leader.start()
  }
  if (blow === "frozen") {
    leader.signal("SIGSTOP")
    return async () => leader.signal("SIGCONT")
  }
  if (blow === "disk full") {
    leader.disk.fill()
    return async () => leader.disk.free()
  }
  wire.cut(leader.at, blow === "cut off" ? "both" : blow === "hears nothing" ? "incoming" : "outgoing")
  return async () => wire.mend(leader.at)
}

/** When nothing is the matter: what a cold start takes on these hosts, by one that does not lead, beside the same writes. */
export async function ordinaryColdStart(cluster: ThreeHosts, cold: string): Promise<number> {
  const hosts = cluster.others(await cluster.settled()) as [Host, Host]
  const clients = (await Promise.all(hosts.map((host) => host.client()))) as [Client, Client]
  await atZero(clients[0], cold)
  const tag = `write-${Math.floor(performance.now())}`
  const writers = clients.map((client, at) => new Writer(client, `${tag}-${at}`))
  await new Promise((resolve) => setTimeout(resolve, warmUpMs))
  const tookMs = await coldAnswer(hosts[1], cold, performance.now())
  await Promise.all(writers.map((writer) => writer.stop()))
  const names = writers.flatMap(({ acknowledged }) => acknowledged.map(({ name }) => name))
  await removeAll(clients[0], names)
  return tookMs
}

async function coldAnswer(host: Host, name: string, atMs: number): Promise<number> {
  while (performance.now() - atMs < giveUpMs) {
    if ((await callFunction(host, name, giveUpMs)) === 200) return performance.now() - atMs
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return Number.POSITIVE_INFINITY
}

async function atZero(client: Client, name: string): Promise<void> {
  const labelSelector = `serving.knative.dev/service=${name}`
  const pods = async (): Promise<boolean> =>
    (await client.list(Pod, { namespace: "default", labelSelector })).items.length === 0
  await until(`no pod of ${name}`, pods, 90_000)
}
