import { Deployment, openapiSchema, Pod } from "@wick/sdk/api"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { describe, expect, it } from "vitest"
import { fillMissingTexts, withMissingTexts } from "./missing-texts.ts"
import { builtinResource } from "./served-resource.ts"

const resourceOf = (kind: typeof Pod | typeof Deployment) => {
  const { schema, components } = openapiSchema(kind)
  return builtinResource(kind, schema, components)
}
const required = (field: string): FieldError => ({ type: "Required", field, detail: "" })
const pod = (): AnyObject => ({ apiVersion: "v1", kind: "Pod", metadata: {}, spec: { containers: [{ image: "a" }] } })
const name = "spec.containers[0].name"

describe("a required text that is absent", () => {
  it("is read as an empty one", () => {
    const object = pod()
    expect(fillMissingTexts(resourceOf(Pod), object, [required(name)])).toEqual([name])
    expect(object.spec).toEqual({ containers: [{ image: "a", name: "" }] })
  })

  it("is told together with everything else, and as nothing but absent", () => {
    const object = pod()
    fillMissingTexts(resourceOf(Pod), object, [required(name)])
    const other: FieldError = { type: "Invalid", field: "spec.hostname", value: "_", detail: "" }
    const doubled: FieldError = { type: "Invalid", field: name, value: "", detail: "must not be empty" }
    expect(withMissingTexts([name], object, [other, doubled])).toEqual([required(name), other])
  })

  it("is no mistake once somebody has filled it in", () => {
    const object = { ...pod(), spec: { containers: [{ name: "filled" }] } }
    expect(withMissingTexts([name], object, [])).toEqual([])
  })

  it("is not made up for what is no text", () => {
    const selector = required("spec.selector")
    const object = { apiVersion: "apps/v1", kind: "Deployment", metadata: {}, spec: {} }
    expect(fillMissingTexts(resourceOf(Deployment), object, [selector])).toBeUndefined()
    expect(object.spec).toEqual({})
  })
})
