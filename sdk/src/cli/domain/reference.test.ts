import { describe, expect, it } from "vitest"
import { readReference } from "./reference.ts"

describe("what a domain leads to", () => {
  it.each([
    ["hello", "Service", "hello", "shop"],
    ["ksvc:hello", "Service", "hello", "shop"],
    ["ksvc:hello:other", "Service", "hello", "other"],
    ["kroute:hello", "Route", "hello", "shop"],
  ])("%s is the %s %s of %s", (text, kind, name, namespace) => {
    expect(readReference(text, "shop")).toEqual({ apiVersion: "serving.knative.dev/v1", kind, name, namespace })
  })

  it.each(["", "broker:hello", "ksvc:", "ksvc:hello:", "ksvc:a:b:c"])("is never %j", (text) => {
    expect(() => readReference(text, "shop")).toThrow(`--ref ${text}: must be NAME, ksvc:NAME or kroute:NAME`)
  })
})
