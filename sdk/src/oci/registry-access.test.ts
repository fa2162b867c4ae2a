import { describe, expect, it } from "vitest"
import type { RegistryCredentials } from "./pull-credentials.ts"
import { withRegistryAccess } from "./registry-access.ts"
import { parseChallenges } from "./registry-challenge.ts"

const manifest = "https://r.test/v2/team/app/manifests/latest"
const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`
const known = (over: Partial<RegistryCredentials> = {}) => ({ username: "u", password: "p", secret: "s", ...over })

type Answer = (url: URL, init: RequestInit, authorization: string | null) => Response

function registry(answer: Answer) {
  const asked: string[] = []
  const fetcher = (async (input: URL, init: RequestInit = {}) => {
    asked.push(`${init.method ?? "GET"} ${input}`)
    return answer(new URL(input), init, new Headers(init.headers).get("authorization"))
  }) as typeof fetch
  return { fetcher, asked }
}

const refusal = (challenge: string): Response =>
  new Response(null, { status: 401, statusText: "Unauthorized", headers: { "www-authenticate": challenge } })

const tokenAsking: Answer = (url, _, authorization) => {
  if (url.host === "auth.test") {
    return authorization === basic("u:p")
      ? Response.json({ token: "t" })
      : new Response(null, { status: 401, statusText: "Unauthorized" })
  }
  if (authorization === "Bearer t") return new Response("yes")
  return refusal('Bearer realm="https://auth.test/token",service="r.test",scope="repository:team/app:pull"')
}

describe("a registry that asks for a token", () => {
  it("is shown the one that its token server makes for the credentials", async () => {
    const { fetcher, asked } = registry(tokenAsking)
    const response = await withRegistryAccess(fetcher, async () => [known()])(manifest, { method: "HEAD" })
    expect(response.status).toBe(200)
    expect(asked).toEqual([
      `HEAD ${manifest}`,
      "GET https://auth.test/token?service=r.test&scope=repository%3Ateam%2Fapp%3Apull",
      `HEAD ${manifest}`,
    ])
  })

  it("is tried with each of the credentials, and the last refusal names its secret", async () => {
    const wrong = known({ password: "x", secret: "stale" })
    const { fetcher } = registry(tokenAsking)
    expect((await withRegistryAccess(fetcher, async () => [wrong, known()])(manifest)).status).toBe(200)
    await expect(withRegistryAccess(fetcher, async () => [wrong])(manifest)).rejects.toThrow(
      '401 Unauthorized: auth.test refused the credentials of the secret "stale"',
    )
  })

  it("gives strangers a token where images are public", async () => {
    const { fetcher } = registry((url, _, authorization) => {
      if (url.host === "auth.test") return Response.json({ access_token: "t" })
      return authorization === "Bearer t" ? new Response("yes") : refusal('Bearer realm="https://auth.test/token"')
    })
    expect((await withRegistryAccess(fetcher, async () => [])(manifest)).status).toBe(200)
  })

  it("is given an identity token by a form, not a password", async () => {
    let form = ""
    const { fetcher } = registry((url, init, authorization) => {
      if (url.host === "auth.test") form = `${init.method} ${init.body}`
      return tokenAsking(url, init, url.host === "auth.test" ? basic("u:p") : authorization)
    })
    await withRegistryAccess(fetcher, async () => [known({ identityToken: "id" })])(manifest)
    expect(form).toMatch(/^POST .*grant_type=refresh_token&refresh_token=id/)
  })

  it("never has our password sent without TLS to another", async () => {
    const { fetcher, asked } = registry(() => refusal('Bearer realm="http://auth.test/token"'))
    await expect(withRegistryAccess(fetcher, async () => [known()])(manifest)).rejects.toThrow("does not speak TLS")
    expect(asked).toEqual([`GET ${manifest}`])
  })
})

describe("a registry that asks for a password", () => {
  const passwordAsking: Answer = (_, _init, authorization) =>
    authorization === basic("u:p") ? new Response("yes") : refusal('Basic realm="r"')

  it("is shown it", async () => {
    const { fetcher } = registry(passwordAsking)
    expect((await withRegistryAccess(fetcher, async () => [known()])(manifest)).status).toBe(200)
  })

  it("and says that there is none for it", async () => {
    const { fetcher } = registry(passwordAsking)
    await expect(withRegistryAccess(fetcher, async () => [])(manifest)).rejects.toThrow("no imagePullSecret is for it")
  })
})

describe("a registry that hides what is private", () => {
  it("is asked at its front door what it wants, when there is something to show", async () => {
    const hiding: Answer = (url, _, authorization) => {
      if (authorization === basic("u:p")) return new Response("yes")
      return url.pathname === "/v2/" ? refusal('Basic realm="r"') : new Response(null, { status: 404 })
    }
    const { fetcher } = registry(hiding)
    expect((await withRegistryAccess(fetcher, async () => [known()])(manifest)).status).toBe(200)
    expect((await withRegistryAccess(fetcher, async () => [])(manifest)).status).toBe(404)
  })
})

it("a header may hold several challenges, with quotes and commas in their parameters", () => {
  expect(
    parseChallenges('Bearer realm="https://a/b",scope="x:y,z" , Basic Realm="say \\"hi\\"", charset=UTF-8'),
  ).toEqual([
    { scheme: "bearer", parameters: { realm: "https://a/b", scope: "x:y,z" } },
    { scheme: "basic", parameters: { realm: 'say "hi"', charset: "UTF-8" } },
  ])
})
