import { documentation, systemNamespace } from "@wick/sdk/api/serving/config"
import { stringify } from "yaml"

const head = "# Made by scripts/codegen.ts from the settings in sdk/src/api/serving/config; change those.\n"

/** File name → text of every ConfigMap that operators set things in, as it is before they do. */
export function configMapFiles(): Map<string, string> {
  const files = documentation().map(({ name, labels, annotations, data }): [string, string] => {
    const metadata = { name, namespace: systemNamespace, labels, annotations }
    return [`${name}.yaml`, head + stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data }, { lineWidth: 0 })]
  })
  return new Map(files)
}
