import { documentation } from "@wick/sdk/api/serving/config"
import { expect, it } from "vitest"
import { review } from "../testing/review.ts"

const judged = (name: string, data: object, annotations: object = {}) =>
  review("/config-validation", "ConfigMap", { object: { metadata: { name, annotations }, data } })

it("a setting that cannot be read is refused with what is wrong with it", async () => {
  const { allowed, status } = await judged("config-autoscaler", { "stable-window": "1s", "max-scale": "many" })
  expect(allowed).toBe(false)
  expect(status?.message).toBe(
    'validation failed: failed to parse "max-scale": strconv.ParseInt: parsing "many": invalid syntax',
  )
})

it("a setting in the example instead of beside it is refused", async () => {
  const map = documentation().find(({ name }) => name === "config-gc")
  const edited = { _example: `${map?.data._example}\nmin-non-active-revisions: "1"` }
  expect((await judged("config-gc", map?.data ?? {}, map?.annotations)).allowed).toBe(true)
  expect((await judged("config-gc", edited, map?.annotations)).status?.message).toContain(
    'the update modifies a key in "_example" which is probably not what you want.',
  )
})

it("what can be read is taken, and so is every map that is not ours", async () => {
  expect((await judged("config-autoscaler", { "stable-window": "30s" })).allowed).toBe(true)
  expect((await judged("kube-root-ca.crt", { "ca.crt": "…" })).allowed).toBe(true)
})
