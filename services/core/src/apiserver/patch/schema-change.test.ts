import type { AnyObject } from "@wick/sdk/api/kind"
import type { JsonSchema } from "@wick/sdk/api/structural"
import { expect, it } from "vitest"
import type { Ownable } from "./managed-fields.ts"
import { objectPlace } from "./schema-walk.ts"
import { applyServerSide } from "./server-side-apply.ts"

const keyed = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"] }
const items = { type: "object", properties: { id: { type: "string" }, size: { type: "integer" } } }

function kindOf(list: Partial<JsonSchema>, map: Partial<JsonSchema>): Ownable {
  const properties = {
    parts: { type: "array", items, ...list },
    words: { type: "object", additionalProperties: { type: "string" }, ...map },
  }
  const schema = { type: "object", properties: { spec: { type: "object", properties } } }
  return { at: objectPlace(schema, {}), custom: true, status: false }
}

const applied = (spec: object): AnyObject => ({ apiVersion: "a.test/v1", kind: "Thing", metadata: { name: "t" }, spec })
const by = (manager: string) => ({
  manager,
  force: false,
  apiVersion: "a.test/v1",
  time: "2026-01-01T00:00:00Z",
  subresource: "",
})

it("who owned parts of what is now one whole owns the whole, and is asked before it is changed", () => {
  const apart = kindOf(keyed, {})
  const whole = kindOf({ "x-kubernetes-list-type": "atomic" }, { "x-kubernetes-map-type": "atomic" })
  const live = applyServerSide(
    undefined,
    applied({ parts: [{ id: "a", size: 1 }], words: { x: "1" } }),
    apart,
    by("one"),
  )
  const same = applyServerSide(live, applied({ parts: [{ id: "a", size: 1 }] }), whole, by("two"))
  expect(same.metadata.managedFields?.map(({ fieldsV1 }) => fieldsV1)).toEqual([
    { "f:spec": { "f:parts": {}, "f:words": {} } },
    { "f:spec": { "f:parts": {} } },
  ])
  expect(() => applyServerSide(live, applied({ parts: [{ id: "b" }], words: { y: "1" } }), whole, by("two"))).toThrow(
    'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.parts\n- .spec.words',
  )
})
