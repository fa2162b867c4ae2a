import { createHash } from "node:crypto"
import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { type DigestOptions, resolveDigest } from "./digest.ts"

const digest = `sha256:${"a".repeat(64)}`
const found = (): Response => new Response(null, { headers: { "docker-content-digest": digest } })
const cut = (code: string): Error => new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) })

/** Resolves with what the registry answers, one answer a request; an Error is a connection that fails. */
async function resolve(image: string, answers: (Response | Error)[], over: Partial<DigestOptions> = {}) {
  const asked: string[] = []
  const fetcher = (async (url: URL, init: RequestInit = {}) => {
    asked.push(`${init.method} ${url}`)
    const answer = answers.shift()
    if (!answer) throw new Error(`nothing was expected to be asked: ${url}`)
    if (answer instanceof Error) throw answer
    return answer
  }) as typeof fetch
  const clock = new SimulatedClock(0)
  const given = { skip: ["kind.local"], plain: [], keychain: async () => [], timeoutMs: 10_000 }
  const signal = new AbortController().signal
  const result = resolveDigest(image, { ...given, fetch: fetcher, clock, signal, ...over })
  const settled = result.then(
    (resolved) => ({ resolved, asked, message: undefined }),
    (error: Error) => ({ resolved: undefined, asked, message: error.message }),
  )
  await clock.advance(10_000)
  return settled
}

describe("a tag", () => {
  it.each([
    ["r.test/app", "HEAD https://r.test/v2/app/manifests/latest", "r.test/app"],
    ["app", "HEAD https://index.docker.io/v2/library/app/manifests/latest", "index.docker.io/library/app"],
    ["docker.io/team/app:2", "HEAD https://index.docker.io/v2/team/app/manifests/2", "index.docker.io/team/app"],
    ["localhost:5000/app", "HEAD http://localhost:5000/v2/app/manifests/latest", "localhost:5000/app"],
    ["r.local/app", "HEAD http://r.local/v2/app/manifests/latest", "r.local/app"],
  ])("%s is asked for by %s", async (image, question, name) => {
    expect(await resolve(image, [found()])).toMatchObject({ resolved: `${name}@${digest}`, asked: [question] })
  })

  it("is not asked for where the image has a digest or its registry is skipped", async () => {
    for (const image of [`r.test/app@${digest}`, "kind.local/app"]) {
      expect(await resolve(image, [])).toMatchObject({ resolved: image, asked: [] })
    }
  })

  it("of a registry that is named as plain is asked for without TLS", async () => {
    const { asked } = await resolve("r.test:5000/app", [found()], { plain: ["r.test:5000"] })
    expect(asked).toEqual(["HEAD http://r.test:5000/v2/app/manifests/latest"])
  })

  it("of a registry on this machine is asked for by TLS, where plain HTTP is not spoken", async () => {
    for (const first of [cut("ECONNRESET"), new Response(null, { status: 400 })]) {
      const { resolved, asked } = await resolve("127.0.0.1:5000/app", [first, found()])
      expect(resolved).toBe(`127.0.0.1:5000/app@${digest}`)
      expect(asked.map((line) => line.split("://")[0])).toEqual(["HEAD http", "HEAD https"])
    }
  })

  it("is asked for again while the registry is busy or does not listen", async () => {
    const busy = new Response(null, { status: 503 })
    expect(await resolve("r.test/app", [busy, cut("ECONNREFUSED"), found()])).toMatchObject({
      resolved: `r.test/app@${digest}`,
    })
  })

  it("has the digest of its manifest's bytes where the registry names none", async () => {
    const sum = createHash("sha256").update("{}").digest("hex")
    const answers = [new Response(null), new Response("{}")]
    expect(await resolve("r.test/app", answers)).toMatchObject({ resolved: `r.test/app@sha256:${sum}` })
  })

  it.each([
    [new Response(null, { status: 404 }), "404 Not Found: the registry has no such image"],
    [cut("ENOTFOUND"), "ENOTFOUND"],
  ])("that cannot be had says why", async (answer, why) => {
    const { message } = await resolve("r.test/app", [answer])
    expect(message).toBe(`Unable to fetch image "r.test/app": HEAD https://r.test/v2/app/manifests/latest: ${why}`)
  })
})
