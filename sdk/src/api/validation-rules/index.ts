/**
 * x-kubernetes-validations: rules in CEL that a CustomResourceDefinition's schema puts on its objects. They are compiled
 * when a definition is judged and when it is served, and run on every write after the schema itself has found no fault.
 * Pure; imported only when a definition has rules.
 */
export { type CompiledRules, compileRules } from "./compile-rules.ts"
export { runRules } from "./run-rules.ts"
