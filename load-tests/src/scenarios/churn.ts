import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Latency } from "../latency.ts"
import { deploy, namespace, type Platform, remove } from "../platform.ts"
import { report } from "../report.ts"

const deployments = 20
const writes = 200

/** ksvc applied → Ready with the image present, one by one and at once; and object created → watch event at another client. */
export async function churn(platform: Platform): Promise<void> {
  const ready = new Latency()
  await deploy(platform, "churn-first", { image: "still" })
  for (let round = 0; round < deployments; round++) {
    ready.record(await deploy(platform, `churn-${round}`, { image: "still" }))
    await remove(platform, `churn-${round}`)
  }
  const together = await appliedTogether(platform)
  await remove(platform, "churn-first")
  const watch = await watchLatency(platform)
  report("churn", [
    { name: "ksvc applied to Ready", figures: { ...ready.summary() } },
    { name: `${deployments} applied at once`, figures: { ...together.summary() } },
    { name: "create to watch event", figures: { ...watch.summary() } },
  ])
}

async function appliedTogether(platform: Platform): Promise<Latency> {
  const latency = new Latency()
  const names = Array.from({ length: deployments }, (_, at) => `together-${at}`)
  for (const ms of await Promise.all(names.map((name) => deploy(platform, name, { image: "still" }))))
    latency.record(ms)
  await Promise.all(names.map((name) => remove(platform, name)))
  return latency
}

async function watchLatency({ client }: Platform): Promise<Latency> {
  const latency = new Latency()
  const sentAt = new Map<string, number>()
  const ended = new AbortController()
  const { metadata } = await client.list(ConfigMap, { namespace, limit: 1 })
  const watching = (async () => {
    const options = { namespace, resourceVersion: metadata.resourceVersion ?? "", signal: ended.signal }
    for await (const event of client.watch(ConfigMap, options)) {
      const at = event.type === "ADDED" ? sentAt.get(event.object.metadata.name) : undefined
      if (at !== undefined) latency.record(performance.now() - at)
      if (latency.count === writes) return
    }
  })()
  for (let write = 0; write < writes; write++) {
    const name = `churn-${write}`
    sentAt.set(name, performance.now())
    await client.create(ConfigMap, { metadata: { name, namespace }, data: { write: String(write) } })
  }
  await watching
  ended.abort()
  await Promise.all([...sentAt.keys()].map((name) => client.delete(ConfigMap, { name, namespace })))
  return latency
}
