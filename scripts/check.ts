import { spawnSync } from "node:child_process"
import { join } from "node:path"

/** Everything that a change must pass, the quickest first: format and lint, types, tidy, dead code, tests. */
const root = join(import.meta.dirname, "..")
const bin = (name: string): string => join(root, "node_modules", ".bin", name)

const steps: [title: string, command: string, args: string[]][] = [
  ["format and lint", bin("biome"), ["check", "."]],
  ["types", bin("tsc"), []],
  ["tidy", bin("vitest"), ["run", "--project", "unit", "tidy.test.ts"]],
  ["dead code", bin("knip"), ["--no-config-hints"]],
  ["tests", process.execPath, [join(root, "scripts", "test.ts")]],
]

for (const [title, command, args] of steps) {
  process.stderr.write(`${title}\n`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" })
  if (status !== 0) {
    process.stderr.write(`failed: ${title}\n`)
    process.exit(status ?? 1)
  }
}
