/** CustomResourceDefinitions: what is served, pruned, defaulted, judged and converted by them. Part of the suite. */
import { topic } from "../topic.ts"
import { ruling } from "./rules.ts"
import { serving } from "./serving.ts"
import { shaping } from "./shaping.ts"
import { versioning } from "./versions.ts"

export const crd = topic("crd", serving, shaping, ruling, versioning)
