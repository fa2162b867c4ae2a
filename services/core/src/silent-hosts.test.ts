import { Node } from "@wick/sdk/api/core/node"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { SilentHosts, silentTaint } from "./silent-hosts.ts"
import { startTestApi } from "./testing.ts"

it("does not tick before there is another host, and looks after those that come", async () => {
  const clock = new SimulatedClock()
  let told = (): void => {}
  let servers = [{ name: "a", ip: "10.0.0.1", port: 6443 }]
  const looked: string[] = []
  await using _hosts = await SilentHosts.start({
    client: undefined as never,
    servers: {
      list: () => servers,
      onChange: (listener) => {
        told = listener
        return () => {}
      },
    },
    ownName: "a",
    clock,
    log: silentLog,
    answers: async (url) => looked.push(url) > 0,
  })
  await clock.advance(60_000)
  expect(looked).toEqual([])
  servers = [...servers, { name: "b", ip: "10.0.0.2", port: 6443 }]
  told()
  await clock.advance(1_000)
  expect(looked).toEqual(["https://10.0.0.2:6443"])
})

it("keeps new pods off hosts that do not answer, at the first look already, and lets them back", async () => {
  await using stack = new AsyncDisposableStack()
  const { client } = stack.use(await startTestApi())
  const clock = new SimulatedClock()
  const taint = { key: "gpu", effect: "NoSchedule" } as const
  for (const name of ["a", "b", "c"]) await client.create(Node, { metadata: { name }, spec: { taints: [taint] } })
  const silent = new Set(["https://10.0.0.2:6443"])
  const servers = ["a", "b", "c"].map((name, at) => ({ name, ip: `10.0.0.${at + 1}`, port: 6443 }))
  const hosts = stack.use(
    await SilentHosts.start({
      client,
      servers: { list: () => servers, onChange: () => () => {} },
      ownName: "a",
      clock,
      log: silentLog,
      answers: async (url) => !silent.has(url),
    }),
  )
  const marked = async (): Promise<string[]> => {
    const { items } = await client.list(Node)
    expect(items.every(({ spec }) => spec?.taints?.some(({ key }) => key === "gpu"))).toBe(true)
    return items.flatMap(({ metadata, spec }) =>
      spec?.taints?.some(({ key }) => key === silentTaint.key) ? [metadata.name] : [],
    )
  }
  expect(await marked()).toEqual(["b"])
  silent.clear()
  silent.add("https://10.0.0.3:6443")
  await clock.advance(1_000)
  await expect.poll(marked).toEqual([])
  // Once may be chance.
  await clock.advance(1_000)
  await expect.poll(marked).toEqual(["c"])
  await hosts[Symbol.asyncDispose]()
  silent.clear()
  await clock.advance(10_000)
  expect(await marked()).toEqual(["c"])
})

it("ends its first look soon after the first answer: who is slower by far counts as silent, and is looked at again", async () => {
  await using stack = new AsyncDisposableStack()
  const { client } = stack.use(await startTestApi())
  const clock = new SimulatedClock()
  for (const name of ["a", "b", "c"]) await client.create(Node, { metadata: { name } })
  const servers = ["a", "b", "c"].map((name, at) => ({ name, ip: `10.0.0.${at + 1}`, port: 6443 }))
  const marked = async (): Promise<string[]> =>
    (await client.list(Node)).items.flatMap(({ metadata, spec }) => (spec?.taints?.length ? [metadata.name] : []))
  let slowMs = Number.POSITIVE_INFINITY
  const starting = SilentHosts.start({
    client,
    servers: { list: () => servers, onChange: () => () => {} },
    ownName: "a",
    clock,
    log: silentLog,
    answers: async (url, timeoutMs) => {
      const takesMs = url.includes("10.0.0.3") ? slowMs : 20
      await clock.sleep(Math.min(takesMs, timeoutMs))
      return takesMs <= timeoutMs
    },
  })
  await clock.advance(20)
  expect(await marked()).toEqual([])
  await clock.advance(60)
  stack.use(await starting)
  expect(await marked()).toEqual(["c"])
  slowMs = 100
  await clock.advance(1_100)
  await expect.poll(marked).toEqual([])
})
