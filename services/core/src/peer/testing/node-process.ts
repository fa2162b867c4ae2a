import { type NodeOptions, startNode } from "./cluster-node.ts"

/** A member in a process of its own, for who wants to kill it: told by its parent what to be, it says when it is there. */
process.once("message", (options) => {
  void startNode(options as NodeOptions).then(
    () => process.send?.("ready"),
    (error: Error) => {
      process.stderr.write(`${error.stack}\n`)
      process.exit(1)
    },
  )
})
process.once("disconnect", () => process.exit(0))
