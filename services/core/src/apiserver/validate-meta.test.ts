import { builtinKinds, describeFieldError, openapiSchema } from "@wick/sdk/api"
import { describe, expect, it } from "vitest"
import { builtinResource } from "./served-resource.ts"
import { validateMeta } from "./validate-meta.ts"

function mistakes(kind: string, metadata: object): string[] {
  const declared = builtinKinds.find((each) => each.kind === kind)
  if (!declared) throw new Error(`no kind ${kind}`)
  const { schema, components } = openapiSchema(declared)
  const object = { apiVersion: declared.apiVersion, kind, metadata: { name: "a", ...metadata } }
  return validateMeta(builtinResource(declared, schema, components), object).map(describeFieldError)
}

const owner = (name: string, more: object = {}) => ({ apiVersion: "v1", kind: "Pod", name, uid: name, ...more })

describe("metadata", () => {
  it("may name what it belongs to", () => {
    const metadata = {
      labels: { "example.com/app": "web", empty: "" },
      annotations: { "Example.com/Note": "any text" },
      ownerReferences: [owner("a", { controller: true }), owner("b")],
      finalizers: ["example.com/hold"],
    }
    expect(mistakes("Pod", metadata)).toEqual([])
  })

  it("of any shape is read without breaking", () => {
    const shapes = [null, 7, "x", {}, [], [null], [[]]]
    for (const wrong of shapes) {
      const all = { labels: wrong, annotations: wrong, ownerReferences: wrong, finalizers: wrong, name: wrong }
      expect(() => mistakes("Pod", all)).not.toThrow()
    }
  })

  it("has one controller, and owners that are named in full", () => {
    const owners = [owner("a", { controller: true, uid: "" }), owner("b", { controller: true })]
    const [uid, both] = mistakes("Pod", { ownerReferences: owners })
    expect(uid).toBe('metadata.ownerReferences[0].uid: Invalid value: "": must not be empty')
    expect(both).toMatch(
      /Only one reference can have Controller set to true. Found "true" in references for Pod\/a and Pod\/b$/,
    )
  })

  it.each([
    ["Pod", { name: "a".repeat(254) }, /^metadata.name: Invalid value: .*: must be no more than 253 characters$/],
    ["Namespace", { name: "a.b" }, /^metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label must consist/],
    ["Role", { name: "a/b" }, /^metadata.name: Invalid value: "a\/b": may not be '.' or '..' or contain '\/' or '%'$/],
    ["Pod", { labels: { a: "b c" } }, /^metadata.labels: Invalid value: "b c": a valid label must be an empty string/],
    [
      "Pod",
      { labels: { "A.b/c": "d" } },
      /^metadata.labels: Invalid value: "A.b\/c": prefix part a lowercase RFC 1123/,
    ],
    ["Pod", { labels: { ["k".repeat(64)]: "" } }, /: name part must be no more than 63 characters$/],
    ["Pod", { finalizers: ["a b"] }, /^metadata.finalizers: Invalid value: "a b": name part must consist/],
    [
      "Pod",
      { annotations: { a: "x".repeat(262_144) } },
      /^metadata.annotations: Too long: may not be more than 262144 bytes$/,
    ],
  ])("of a %s is judged: %j", (kind, metadata, message) => {
    const said = mistakes(kind, metadata)
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(message)
  })
})
