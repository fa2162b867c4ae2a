import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Refusal } from "./refusal.mjs"

const nodeMin = 20

/** The Node that the project brings, for this processor. */
export function ownNode(root) {
  return join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node")
}

/** Installs npm dependencies when there are none, or when the lock file has changed since. */
export async function ensureDependencies(root, steps) {
  if (Number(process.versions.node.split(".")[0]) < nodeMin) {
    throw new Refusal(
      `Node ${nodeMin} or later is needed to set up; this is ${process.version}`,
      "install a newer Node",
    )
  }
  const stamp = join(root, "node_modules", ".cache", "wick-lock")
  const hash = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex")
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash && existsSync(ownNode(root))) return
  await steps.run("install npm dependencies", () => install(root))
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, hash)
}

function install(root) {
  // Not `npm ci`: it refuses a lock file that leaves out the optional packages of other platforms, as npm writes it.
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline"]
  const { status, stderr, error } = spawnSync("npm", args, { cwd: root, encoding: "utf8" })
  if (error) throw new Refusal(`cannot run npm: ${error.message}`, "install npm")
  if (status !== 0) {
    const reason =
      stderr.split("\n").find((line) => /npm (error|ERR!) (?!code)\S/.test(line)) ?? `npm install ended with ${status}`
    throw new Refusal(`cannot install npm dependencies: ${reason}`, "check the network, then start again")
  }
  if (!existsSync(ownNode(root))) {
    throw new Refusal(`npm installed no Node for ${process.arch}`, "npm install --include=optional")
  }
}
