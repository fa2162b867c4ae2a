import { crd } from "@wick/sdk/api"
import type { AnyObject } from "@wick/sdk/api/kind"
import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { Service } from "@wick/sdk/api/serving/service"
import { describe, expect, it } from "vitest"
import { customResourceDefinitions } from "./custom-resource-definition.ts"

interface Changed {
  conversion?: object
  preserveUnknownFields?: boolean
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
    conversion: { strategy: "None" },
    versions: [version],
    ...spec,
  },
})
const having = (more: object): AnyObject => definition("widgets.example.com", { versions: [{ ...version, ...more }] })
const says = (object: AnyObject, old?: AnyObject): string[] =>
  (customResourceDefinitions.validate?.(object, old) ?? []).map(describeFieldError)

describe("a definition of a custom resource", () => {
  it("of ours is good", () => {
    const ours = crd(Service) as unknown as AnyObject
    const spec = { conversion: { strategy: "None" }, ...(ours.spec as object) }
    expect(says({ ...ours, spec })).toEqual([])
  })

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
      mistakes: [
        'spec.names.plural: Invalid value: "roles": is a resource of the server itself',
        'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ],
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
    {
      name: "has columns of known types",
      object: having({ additionalPrinterColumns: [{ name: "A", type: "text", format: "long", jsonPath: "spec" }] }),
      mistakes: [
        'spec.versions[0].additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
        'spec.versions[0].additionalPrinterColumns[0].format: Invalid value: "long": must be one of byte,date,date-time,double,float,int32,int64,password',
        'spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: "spec": must be a simple json path starting with .',
      ],
    },
    {
      name: "scales by fields of spec and status",
      object: having({
        subresources: {
          scale: {
            specReplicasPath: ".status.n",
            statusReplicasPath: ".spec.n",
            labelSelectorPath: ".metadata.labels",
          },
        },
      }),
      mistakes: [
        'spec.versions[0].subresources.scale.specReplicasPath: Invalid value: ".status.n": should be a json path under .spec',
        'spec.versions[0].subresources.scale.statusReplicasPath: Invalid value: ".spec.n": should be a json path under .status',
        'spec.versions[0].subresources.scale.labelSelectorPath: Invalid value: ".metadata.labels": should be a json path under either .spec or .status',
      ],
    },
    {
      name: "selects by scalar fields of its schema",
      object: having({
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { color: { type: "string" }, spec: { type: "object" } },
          },
        },
        selectableFields: [".color", ".color", ".spec", ".shape", ".metadata.name"].map((jsonPath) => ({ jsonPath })),
      }),
      mistakes: [
        'spec.versions[0].selectableFields[1].jsonPath: Duplicate value: ".color"',
        'spec.versions[0].selectableFields[2].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        'spec.versions[0].selectableFields[3].jsonPath: Invalid value: ".shape": is an invalid path: does not refer to a valid field',
        'spec.versions[0].selectableFields[4].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata',
      ],
    },
    {
      name: "says which webhook converts",
      object: definition("widgets.example.com", { conversion: { strategy: "Webhook" }, preserveUnknownFields: true }),
      mistakes: [
        "spec.preserveUnknownFields: Invalid value: true: must be false",
        "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        "spec.conversion.conversionReviewVersions: Required value",
      ],
    },
  ])("$name", ({ object, mistakes }) => expect(says(object)).toEqual(mistakes))

  it("keeps the names under which its objects are stored", () => {
    const old = definition("widgets.example.com")
    expect(says(definition("widgets.example.com", { scope: "Cluster" }), old)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
    ])
  })
})
