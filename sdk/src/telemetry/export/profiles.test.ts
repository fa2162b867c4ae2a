import { expect, it } from "vitest"
import { systemClock } from "../../clock/index.ts"
import { startProfiles } from "./profiles.ts"

it("says where time goes and what is allocated over a span, and takes one profile at a time", async () => {
  await using profiles = await startProfiles({ host: "127.0.0.1", port: 0 }, systemClock)
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${profiles.place?.port}/debug/pprof/${path}`)
  const answers = await Promise.all([ask("profile?seconds=0.1"), ask("profile?seconds=0.1")])
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
  const taken = answers.find(({ status }) => status === 200)
  expect(await taken?.json()).toMatchObject({ nodes: expect.any(Array), startTime: expect.any(Number) })
  expect(await (await ask("heap?seconds=0.05")).json()).toMatchObject({ head: { callFrame: expect.any(Object) } })
  expect((await ask("heap?seconds=1e9")).status).toBe(400)
  expect((await ask("other")).status).toBe(404)
})
