import { crd } from "@wick/sdk/api/crd"
import { servingKinds } from "@wick/sdk/api/serving-kinds"
import { stringify } from "yaml"

const head = "# Made by scripts/codegen.ts from the schemas in sdk/src/api; change those.\n"

/** File name → text of every CustomResourceDefinition that Wick installs. */
export function crdFiles(): Map<string, string> {
  const files = servingKinds.map((kind): [string, string] => [
    `${kind.plural}.${kind.group}.yaml`,
    head + stringify(crd(kind), { lineWidth: 120, aliasDuplicateObjects: false }),
  ])
  return new Map(files)
}
