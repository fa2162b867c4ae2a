#!/usr/bin/env node
// The `wick` command. TypeScript runs as it is from Node 26 on; an older host Node hands over to the one that the
// project brings. So nothing may be named here that Node 20 has not: an import of it would fail before the first line runs.
import { spawn } from "node:child_process"
import * as modules from "node:module"
import { constants } from "node:os"

const nodeMin = 26
/** What a shell makes of the number of the signal by which a program ended. */
const signalled = 128

if (Number(process.versions.node.split(".")[0]) >= nodeMin) {
  modules.enableCompileCache()
  // What Node thinks of its own younger parts is nothing to whoever deploys a function.
  process.removeAllListeners("warning")
  await import("../src/cli/main.ts")
} else {
  process.exitCode = await handOver()
}

/** Runs this file by the project's Node in place of this one: its signals, its exit code. */
function handOver() {
  const node = ownNode()
  if (!node) {
    process.stderr.write(
      `error: wick needs Node ${nodeMin} or later; this is ${process.version}\n` +
        "try:   npm run setup (brings a Node of its own)\n",
    )
    return 1
  }
  const args = ["--disable-warning=ExperimentalWarning", import.meta.filename, ...process.argv.slice(2)]
  const child = spawn(node, args, { stdio: "inherit" })
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", (code, signal) => resolve(code ?? signalled + constants.signals[signal]))
  })
}

function ownNode() {
  try {
    return modules.createRequire(import.meta.url).resolve(`node-linux-${process.arch}/bin/node`)
  } catch {
    return undefined
  }
}
