import { Deployment } from "@wick/sdk/api/apps/deployment"
import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { Lease } from "@wick/sdk/api/coordination/lease"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Pod } from "@wick/sdk/api/core/pod"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { compose, createClient } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers, fence, type Informers, type Mandate, type MandateState } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { startTestApi, type TestApi } from "./apiserver/testing/start.ts"
import { until } from "./controllers/testing/cluster.ts"
import { createNode, playKubelet } from "./controllers/testing/kubelet.ts"
import { electLoops } from "./elected-loops.ts"
import type { Precedence } from "./precedence.ts"

const namespace = "default"

class GivenMandate implements Mandate {
  state: MandateState = { kind: "none" }
  readonly #listeners = new Set<() => void>()
  set(state: MandateState): void {
    this.state = state
    for (const listener of [...this.#listeners]) listener()
  }
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** A host of the control plane, on an API that all of them share. */
class Host implements AsyncDisposable {
  readonly mandate = new GivenMandate()
  writes = 0
  readonly #loops: AsyncDisposable

  constructor(api: TestApi, identity: string, precedence?: Precedence) {
    this.#loops = electLoops({
      clientAs: (user, term) => {
        const fetch = api.server.fetchAs({ ...user, groups: ["system:masters"] })
        const counted: typeof fetch = (request) => {
          if (request.method !== "GET" && !request.url.includes("/leases")) this.writes++
          return fetch(request)
        }
        return createClient({ fetch: term ? compose(counted, fence(term)) : counted })
      },
      identity,
      mandate: this.mandate,
      precedence,
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#loops[Symbol.asyncDispose]())
  }
}

interface Story extends AsyncDisposable {
  readonly api: TestApi
  readonly hosts: readonly [Host, Host]
  readonly informers: Informers
}

async function start(): Promise<Story> {
  const stack = new AsyncDisposableStack()
  const api = stack.use(await startTestApi())
  for (const name of [namespace, "kube-system"])
    await api.client.create(Namespace, { metadata: { name } }).catch(() => {})
  await createNode(api.client, "node-1")
  const informers = stack.use(createInformers(api.client, systemClock, silentLog))
  stack.use(playKubelet({ client: api.client, informers, ready: true }))
  const hosts: [Host, Host] = [stack.use(new Host(api, "a")), stack.use(new Host(api, "b"))]
  return { api, hosts, informers, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const deploy = ({ client }: TestApi, name: string, replicas: number): Promise<Deployment> => {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "i" }] } }
  return client.create(Deployment, {
    metadata: { name, namespace },
    spec: { replicas, selector: { matchLabels: labels }, template },
  })
}
const holders = (leases: Lease[]): unknown[] =>
  leases.map(({ metadata, spec }) => `${metadata.name}: ${spec?.holderIdentity}`).sort()
const runningPods = (pods: Pod[]): Pod[] => pods.filter(({ spec, status }) => spec.nodeName && status?.podIP)

describe("controllers and scheduler of several hosts", () => {
  it("run on the host that has the mandate, under Kubernetes' names, and nothing is written by the others", async () => {
    await using story = await start()
    const { api, hosts, informers } = story
    hosts[1].mandate.set({ kind: "ours", term: 2 })
    await deploy(api, "web", 3)
    await until(informers(Pod), (pods) => runningPods(pods).length === 3)
    const leases = (await api.client.list(Lease, { namespace: "kube-system" })).items
    expect(holders(leases)).toEqual(["kube-controller-manager: b", "kube-scheduler: b"])
    expect(hosts[0].writes).toBe(0)
  })

  it("lose nothing and make nothing twice as they go back and forth, though the last one goes late", async () => {
    await using story = await start()
    const { api, hosts, informers } = story
    const names = Array.from({ length: 12 }, (_, at) => `web-${at}`)
    for (const [at, name] of names.entries()) {
      const next = hosts[at % 2] as Host
      const last = hosts[(at + 1) % 2] as Host
      // For a moment both believe that they lead, as when the last one was cut off.
      next.mandate.set({ kind: "ours", term: at + 1 })
      await deploy(api, name, 4)
      last.mandate.set({ kind: "none" })
    }
    await until(informers(Pod), (pods) => runningPods(pods).length === names.length * 4)
    await until(informers(Deployment), (all) => all.every(({ status }) => status?.availableReplicas === 4))
    const sets = (await api.client.list(ReplicaSet, { namespace })).items
    expect(sets.map(({ metadata }) => metadata.ownerReferences?.[0]?.name).sort()).toEqual([...names].sort())
    const pods = (await api.client.list(Pod, { namespace })).items
    for (const name of names) expect(pods.filter((pod) => pod.metadata.labels?.app === name)).toHaveLength(4)
  })

  it("stop writing when the mandate is gone, and hand their Leases back at a clean end", async () => {
    await using story = await start()
    const { api, hosts, informers } = story
    hosts[0].mandate.set({ kind: "ours", term: 1 })
    await deploy(api, "web", 1)
    await until(informers(Pod), (pods) => runningPods(pods).length === 1)
    await hosts[0][Symbol.asyncDispose]()
    const before = hosts[0].writes
    await deploy(api, "late", 1)
    hosts[1].mandate.set({ kind: "ours", term: 2 })
    await until(informers(Pod), (pods) => runningPods(pods).length === 2)
    expect(hosts[0].writes).toBe(before)
    const leases = (await api.client.list(Lease, { namespace: "kube-system" })).items
    expect(holders(leases)).toEqual(["kube-controller-manager: b", "kube-scheduler: b"])
  })

  it("make the pods that calls wait for at a start, and look after all else when those have gone first", async () => {
    await using story = await start()
    const { api, informers } = story
    const calls = Promise.withResolvers<void>()
    await using host = new Host(api, "c", { over: calls.promise })
    host.mandate.set({ kind: "alone" })
    await deploy(api, "web", 2)
    await until(informers(Pod), (pods) => runningPods(pods).length === 2)
    expect((await api.client.list(ServiceAccount, { namespace: "kube-system" })).items).toEqual([])
    calls.resolve()
    await until(informers(ServiceAccount), (all) => all.some(({ metadata }) => metadata.namespace === "kube-system"))
  })
})
