import { equal, holds, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import { answered, ask, deploy, functionPatienceMs, services, urlOf } from "./functions.ts"

/** S70–S74, S101, S110: what a request may take, and what becomes of it when the function does not answer. */
export const limits: Statement = (it) => {
  it.withFunctions("S70: a request that takes longer than timeoutSeconds gets 504", async (world) => {
    const service = await deploy(world, "a", { spec: { timeoutSeconds: 1 } })
    const { status, text } = await ask(world, urlOf(service, "/sleep?ms=5000"))
    equal(status, 504)
    says(text, /request timeout/)
  })

  it.withFunctions("S70: an answer that has begun ends in order at timeoutSeconds, and says why", async (world) => {
    const service = await deploy(world, "a", { spec: { timeoutSeconds: 4 } })
    const { status, text } = await ask(world, urlOf(service, "/chunks?count=100&ms=100"))
    equal(status, 200)
    says(text, /^chunk 0\n.*request timeout$/s)
    holds(!text.includes("chunk 90"), "the end is not reached")
  })

  it.withFunctions("S71: the first byte may be limited alone", async (world) => {
    const service = await deploy(world, "a", { spec: { timeoutSeconds: 20, responseStartTimeoutSeconds: 1 } })
    equal((await ask(world, urlOf(service, "/sleep?ms=3000"))).status, 504)
    await answered(world, urlOf(service, "/chunks?count=4&ms=500"))
  })

  it.withFunctions("S72: a silence may be limited alone", async (world) => {
    const service = await deploy(world, "a", { spec: { timeoutSeconds: 20, idleTimeoutSeconds: 2 } })
    equal((await ask(world, urlOf(service, "/sleep?ms=5000"))).status, 504)
    await answered(world, urlOf(service, "/chunks?count=8&ms=300"))
  })

  it.withFunctions("S73: no pod has more requests at once than containerConcurrency", async (world) => {
    const service = await deploy(world, "a", { spec: { containerConcurrency: 2 } })
    const replies = await Promise.all(Array.from({ length: 8 }, () => ask(world, urlOf(service, "/sleep?ms=200"))))
    equal(
      replies.map(({ status }) => status),
      replies.map(() => 200),
    )
    holds(Math.max(...replies.map(({ body }) => body.most)) <= 2, "at most two at once")
  })

  it.withFunctions("S74: a request that is being answered outlives its Service", async (world) => {
    const service = await deploy(world, "a")
    const slow = ask(world, urlOf(service, "/chunks?count=20&ms=100"))
    await ask(world, urlOf(service))
    await world.wire("DELETE", world.path(services, "/a"))
    const { status, text } = await slow
    equal(status, 200)
    says(text, /chunk 19/)
  })

  it.withFunctions("S74: requests that are being answered outlive their pod", async (world) => {
    const service = await deploy(world, "a")
    const slow = Array.from({ length: 5 }, () => ask(world, urlOf(service, "/chunks?count=20&ms=200")))
    await ask(world, urlOf(service))
    const { body } = await world.wire("GET", world.path("pods"))
    for (const { metadata } of body.items) await world.wire("DELETE", world.path("pods", `/${metadata.name}`))
    for (const { status, text } of await Promise.all(slow)) {
      equal(status, 200)
      says(text, /chunk 19/)
    }
  })

  it.withFunctions("S101: a host that nobody has is 404", async (world) => {
    equal((await ask(world, `http://${world.unique("nobody")}.${world.namespace}.example.com/`)).status, 404)
  })

  it.withFunctions("S110: a function that dies under a request gives 502, and soon there is another", async (world) => {
    const service = await deploy(world, "a")
    const { status } = await ask(world, urlOf(service, "/exit?code=1"))
    equal(status, 502)
    await eventually(world.clock, () => answered(world, urlOf(service)), functionPatienceMs)
  })
}
