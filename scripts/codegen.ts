/**
 * Writes the files that are made from the kinds and settings: `k8s/crds/<plural>.<group>.yaml`,
 * `k8s/config-maps/config-<part>.yaml`, `k8s/rbac.yaml`. Tests check that they are fresh.
 *
 *     node scripts/codegen.ts
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { configMapFiles } from "./config-map-files.ts"
import { crdFiles } from "./crd-files.ts"
import { rbacFile } from "./rbac-files.ts"

const directories = { crds: crdFiles(), "config-maps": configMapFiles() }
for (const [directory, files] of Object.entries(directories)) {
  const home = new URL(`../k8s/${directory}/`, import.meta.url)
  mkdirSync(home, { recursive: true })
  for (const [name, text] of files) writeFileSync(new URL(name, home), text)
}
writeFileSync(new URL("../k8s/rbac.yaml", import.meta.url), rbacFile())
