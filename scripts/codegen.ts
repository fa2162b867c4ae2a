/**
 * Writes the files that are made from the kinds: `k8s/crds/<plural>.<group>.yaml`. A test checks that they are fresh.
 *
 *     node scripts/codegen.ts
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { crdFiles } from "./crd-files.ts"

const directory = new URL("../k8s/crds/", import.meta.url)
mkdirSync(directory, { recursive: true })
for (const [name, text] of crdFiles()) writeFileSync(new URL(name, directory), text)
