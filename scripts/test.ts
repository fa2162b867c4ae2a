import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * Runs every test: first those that need nothing, then those that need the machine, then the whole platform. The last
 * line is `N passed, N failed`; a run in which no test ran has failed.
 */
const projects = ["unit", "machine", "e2e", "e2e-alone"]
const root = join(import.meta.dirname, "..")
const kubectlCache = "/var/cache/wick/kubectl/usr/bin"

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: { status: string; message?: string; name: string; assertionResults: unknown[] }[]
}

interface Totals {
  passed: number
  failed: number
}

const chosen = process.argv.slice(2)
const directory = mkdtempSync(join(tmpdir(), "wick-test-"))
const totals: Totals = { passed: 0, failed: 0 }
for (const project of chosen.length > 0 ? chosen : projects) add(await runProject(project))
rmSync(directory, { recursive: true, force: true })
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`)
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1

function add({ passed, failed }: Totals): void {
  totals.passed += passed
  totals.failed += failed
}

async function runProject(project: string): Promise<Totals> {
  const report = join(directory, `${project}.json`)
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs")
  const args = [vitest, "run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile=${report}`]
  const code = await run(process.execPath, args)
  if (!existsSync(report)) return { passed: 0, failed: 1 }
  const result = JSON.parse(readFileSync(report, "utf8")) as Report
  // A file that cannot even be loaded has no test that failed, and is a failure all the same.
  const broken = result.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  )
  const failed = result.numFailedTests + broken.length
  return { passed: result.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed }
}

function run(command: string, args: string[]): Promise<number> {
  const env = { ...process.env, PATH: `${process.env.PATH}:${kubectlCache}`, FORCE_COLOR: "0", NO_COLOR: "1" }
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env })
    child.once("error", reject)
    child.once("exit", (status) => resolve(status ?? 1))
  })
}
