import { registerHooks } from "node:module"
import { ownModules } from "./own-modules.ts"

// Before anything else is imported: that is a thousand modules, and half the time of a start.
registerHooks({ resolve: ownModules(new URL("../../../", import.meta.url).href) })
await import("./control-process.ts")
