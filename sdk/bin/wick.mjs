#!/usr/bin/env node
// The `wick` command. TypeScript runs as it is from Node 26 on; an older host Node hands over to the one that the
// project brings.
import { spawnSync } from "node:child_process"
import { createRequire, enableCompileCache } from "node:module"

const nodeMin = 26

if (Number(process.versions.node.split(".")[0]) >= nodeMin) {
  enableCompileCache()
  await import("../src/cli/main.ts")
} else {
  process.exitCode = handOver()
}

function handOver() {
  const node = ownNode()
  if (!node) {
    process.stderr.write(`wick needs Node ${nodeMin} or later (this is ${process.version}); run: npm ci\n`)
    return 1
  }
  const { status, signal } = spawnSync(
    node,
    ["--disable-warning=ExperimentalWarning", import.meta.filename, ...process.argv.slice(2)],
    { stdio: "inherit" },
  )
  return signal ? 1 : (status ?? 1)
}

function ownNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-linux-${process.arch}/bin/node`)
  } catch {
    return undefined
  }
}
