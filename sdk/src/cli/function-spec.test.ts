import { describe, expect, it } from "vitest"
import { functionSpec } from "./function-spec.ts"

describe("the service that flags ask for", () => {
  it("needs an image the first time", () => {
    expect(() => functionSpec("hello", "default", {})).toThrow("which image should hello run?")
  })

  it("leaves alone what no flag mentions", () => {
    const before = functionSpec("hello", "default", { image: "a", env: ["K=V"], scale: "1..5" })
    const after = functionSpec("hello", "default", { image: "b" }, before)
    expect(after.spec?.template?.spec?.containers?.[0]).toMatchObject({ image: "b", env: [{ name: "K", value: "V" }] })
    expect(after.spec?.template?.metadata?.annotations).toEqual({
      "autoscaling.knative.dev/min-scale": "1",
      "autoscaling.knative.dev/max-scale": "5",
    })
  })

  it("gives the next revision a name of its own when one was chosen before", () => {
    const before = functionSpec("hello", "default", { image: "a", revisionName: "one" })
    expect(before.spec?.template?.metadata?.name).toBe("hello-one")
    const after = functionSpec("hello", "default", { image: "b" }, before)
    expect(after.spec?.template?.metadata?.name).toBeUndefined()
  })

  it.each([
    ["1..5", "1", "5"],
    ["1..", "1", undefined],
    ["..5", undefined, "5"],
    ["3", "3", "3"],
  ])("reads --scale %s as kn does", (scale, min, max) => {
    const { spec } = functionSpec("hello", "default", { image: "a", scale })
    const annotations = spec?.template?.metadata?.annotations ?? {}
    expect(annotations["autoscaling.knative.dev/min-scale"]).toBe(min)
    expect(annotations["autoscaling.knative.dev/max-scale"]).toBe(max)
  })

  it.each([
    [{ image: "a", scale: "many" }, "--scale many"],
    [{ image: "a", port: "http" }, "--port http"],
    [{ image: "a", env: ["K"] }, "--env K"],
  ])("says which flag is wrong: %o", (flags, message) => {
    expect(() => functionSpec("hello", "default", flags)).toThrow(message)
  })
})
