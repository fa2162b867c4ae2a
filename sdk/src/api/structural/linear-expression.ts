import { createRequire } from "node:module"
import type { RE2JS } from "re2js"

const require = createRequire(import.meta.url)
let library: { readonly RE2JS: typeof RE2JS } | undefined

/**
 * A regular expression of RE2, the syntax of Kubernetes' patterns: it is matched in linear time, so no pattern and no text
 * makes it run for ever. Throws what the library says of one that cannot be read. The library is loaded for the first:
 * most servers never need it.
 */
export function linearExpression(pattern: string): RE2JS {
  library ??= require("re2js") as { RE2JS: typeof RE2JS }
  return library.RE2JS.compile(pattern)
}
