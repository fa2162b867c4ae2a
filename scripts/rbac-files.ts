import { servingNamespace, servingRoles, servingServices } from "@wick/sdk/api/serving/roles"
import { stringify } from "yaml"

const head = "# Made by scripts/codegen.ts from sdk/src/api/serving/roles.ts; change that.\n"

/** Text of rbac.yaml: the account of each service, what it may do, and what users of a namespace may do with functions. */
export function rbacFile(): string {
  const accounts = servingServices.map((name) => ({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace: servingNamespace },
  }))
  const objects = [...accounts, ...servingRoles()]
  return (
    head + objects.map((object) => stringify(object, { lineWidth: 120, aliasDuplicateObjects: false })).join("---\n")
  )
}
