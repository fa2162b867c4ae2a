import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Command } from "commander"
import { verifyChain } from "./audit-chain.ts"
import { CommandError, type Context } from "./context.ts"
import { homeDirectory } from "./home.ts"
import { withExamples } from "./target.ts"

export function command(context: Context): Command {
  const verify = new Command("verify")
    .description("check that no line of the log was changed or taken out")
    .argument("[file]", "the log to check (default: the one of this user's Wick and the older ones beside it)")
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .exitOverride()
    .action((file: string | undefined) => run(context, file))
  const examples = "wick audit verify\nwick audit verify /var/backups/audit.log"
  return withExamples(new Command("audit").addCommand(withExamples(verify, examples)), examples)
}

/** Older files are `audit.log.1` and on; the server keeps four. */
const olderFiles = 4

async function run(context: Context, file: string | undefined): Promise<void> {
  const log = join(homeDirectory(context.env), "audit", "audit.log")
  const parts = file === undefined ? await existing(log) : [{ path: file, text: await read(file) }]
  const verdict = verifyChain(parts.map(({ text }) => text).join(""))
  if (verdict.kind === "broken") {
    const { path, line } = place(parts, verdict.line)
    throw new CommandError(`the audit log is broken at ${path}, line ${line}: ${verdict.because}`)
  }
  context.out(`whole: ${verdict.lines} lines in ${parts.map(({ path }) => path).join(", ")}\n`)
}

interface Part {
  readonly path: string
  readonly text: string
}

/** All files of the log, the oldest first: their chain is one. */
async function existing(log: string): Promise<Part[]> {
  const parts: Part[] = []
  for (let age = olderFiles; age > 0; age -= 1) {
    const path = `${log}.${age}`
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error
    })
    if (text !== undefined) parts.push({ path, text })
  }
  return [...parts, { path: log, text: await read(log) }]
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${(error as Error).message}`)
  }
}

/** The line of all files together, as one of its own file. */
function place(parts: readonly Part[], line: number): { path: string; line: number } {
  let left = line
  for (const { path, text } of parts) {
    const count = text.split("\n").length - 1
    if (left <= count) return { path, line: left }
    left -= count
  }
  return { path: parts.at(-1)?.path ?? "", line: left }
}
