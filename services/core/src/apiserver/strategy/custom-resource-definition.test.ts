import { crd } from "@wick/sdk/api"
import type { AnyObject } from "@wick/sdk/api/kind"
import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { Service } from "@wick/sdk/api/serving/service"
import { describe, expect, it } from "vitest"
import { customResourceDefinitions } from "./custom-resource-definition.ts"

interface Changed {
  group?: string
  names?: object
  versions?: object[]
  scope?: string
}

const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }
const definition = (name: string, spec: Changed = {}): AnyObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget" },
    versions: [version],
    ...spec,
  },
})
const says = (object: AnyObject, old?: AnyObject): string[] =>
  (customResourceDefinitions.validate?.(object, old) ?? []).map(describeFieldError)

describe("a definition of a custom resource", () => {
  it("of ours is good", () => expect(says(crd(Service) as unknown as AnyObject)).toEqual([]))

  it.each<{ name: string; object: AnyObject; mistakes: string[] }>([
    { name: "is good", object: definition("widgets.example.com"), mistakes: [] },
    {
      name: "is named by its plural and group",
      object: definition("widget.example.com"),
      mistakes: ['metadata.name: Invalid value: "widget.example.com": must be spec.names.plural+"."+spec.group'],
    },
    {
      name: "never stands in for a resource of the server",
      object: definition("roles.rbac.authorization.k8s.io", {
        group: "rbac.authorization.k8s.io",
        names: { plural: "roles", kind: "Role" },
      }),
      mistakes: ['spec.names.plural: Invalid value: "roles": is a resource of the server itself'],
    },
    {
      name: "stores one version",
      object: definition("widgets.example.com", { versions: [version, { ...version, name: "v2" }] }),
      mistakes: ['spec.versions: Invalid value: ["v1","v2"]: must have exactly one version marked as storage version'],
    },
    {
      name: "has a structural schema",
      object: definition("widgets.example.com", {
        versions: [{ ...version, schema: { openAPIV3Schema: { type: "object", properties: { spec: {} } } } }],
      }),
      mistakes: [
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields",
      ],
    },
    {
      name: "has a schema at all",
      object: definition("widgets.example.com", { versions: [{ ...version, schema: undefined }] }),
      mistakes: ["spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"],
    },
  ])("$name", ({ object, mistakes }) => expect(says(object)).toEqual(mistakes))

  it("keeps the names under which its objects are stored", () => {
    const old = definition("widgets.example.com")
    expect(says(definition("widgets.example.com", { scope: "Cluster" }), old)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
    ])
  })
})
