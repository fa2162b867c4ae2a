import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { expect, it } from "vitest"
import { NotLeaderError } from "#store"
import { startTestApi } from "./testing/start.ts"

const reference = { name: "a", namespace: "default" }

it("a read waits until its host is known to hold what was acknowledged elsewhere, and is refused when that cannot be known", async () => {
  await using api = await startTestApi()
  await api.client.create(ConfigMap, { metadata: reference, data: { value: "before" } })
  const known = Promise.withResolvers<void>()
  api.storage.confirmRead = () => known.promise
  const story: string[] = []
  const read = api.client.get(ConfigMap, reference).then(() => story.push("read"))
  const listed = api.client.list(ConfigMap, { namespace: "default" }).then(() => story.push("listed"))
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  story.push("known")
  known.resolve()
  await Promise.all([read, listed])
  expect(story[0]).toBe("known")
  expect(story).toHaveLength(3)
  api.storage.confirmRead = () => Promise.reject(new NotLeaderError("cut off"))
  await expect(api.client.get(ConfigMap, reference)).rejects.toMatchObject({ code: 503 })
  await expect(api.client.list(ConfigMap, { namespace: "default" })).rejects.toMatchObject({ code: 503 })
})
