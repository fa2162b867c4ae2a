import { readdirSync } from "node:fs"
import { SimulatedClock } from "@wick/sdk/clock"
import { CommanderError } from "commander"
import { describe, expect, it } from "vitest"
import { CommandError, type Context } from "./context.ts"
import { commanderExitCode, createProgram } from "./program.ts"

interface Said {
  code: number
  out: string
  err: string
}

/** What the program says to `args`, without an API to talk to. */
async function say(...args: string[]): Promise<Said> {
  const said: Said = { code: 0, out: "", err: "" }
  const context: Context = {
    clock: new SimulatedClock(),
    env: { WICK_HOME: "/nowhere" },
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    interrupted: new AbortController().signal,
    connect: () => Promise.reject(new CommandError("no API to talk to", "wick up", 5)),
  }
  try {
    const program = await createProgram(context, args)
    await program.parseAsync(args, { from: "user" })
  } catch (error) {
    if (error instanceof CommanderError) said.code = commanderExitCode(error)
    else if (error instanceof CommandError) Object.assign(said, { code: error.exitCode, err: said.err + error.message })
    else throw error
  }
  return said
}

const verbs = (await say("completion", "words", "--", "")).out.trim().split("\n")

describe("help", () => {
  it("lists every verb that there is a file for", async () => {
    const files = readdirSync(import.meta.dirname)
    for (const verb of verbs) expect(files).toContain(`${verb}.ts`)
    const { out, code } = await say("--help")
    for (const verb of verbs) expect(out).toMatch(new RegExp(`^  ${verb} `, "m"))
    expect(out).toContain("Exit codes: 0 done · 1 failed · 2 wrong use")
    expect(code).toBe(0)
  })

  it.each(verbs)("of %s has examples that begin with its name", async (verb) => {
    const { out, code } = await say(verb, "--help")
    expect(out.slice(out.indexOf("Examples:"))).toContain(`wick ${verb}`)
    expect(code).toBe(0)
    expect((await say("help", verb)).out).toBe(out)
  })
})

describe("a default", () => {
  it.each([
    ["deploy", "2m"],
    ["invoke", "5m"],
    ["import", "5s"],
  ])("of a duration of %s is told as it would be written", async (verb, written) => {
    const { out } = await say(verb, "--help")
    expect(out.replace(/\s+/g, " ")).toContain(`(default: ${written})`)
    expect(out).not.toMatch(/default: \d{4}/)
  })
})

describe("a typing error", () => {
  it.each([
    ["a command", ["lisst"], "Did you mean list?"],
    ["a flag", ["list", "--selectr", "a=b"], "Did you mean --selector?"],
    ["a format", ["list", "-o", "jsn"], "Allowed choices are wide, json, yaml, name, url, jsonpath=PATH."],
    ["who is asked", ["deploy", "a", "--dry-run=maybe"], "Allowed choices are client, server."],
    ["who is told", ["apply", "a", "--dry-run=maybe"], "Allowed choices are client, server."],
    ["a pace", ["top", "--interval", "0"], "must be 500ms or more"],
    ["a path", ["list", "-o", "jsonpath={.items[0}"], "wanted ] at 9, found the end"],
    ["a missing name", ["describe"], "missing required argument 'name'"],
    ["a duration", ["deploy", "a", "--timeout", "soon"], "must be a duration such as 30s or 5m"],
    ["a number", ["logs", "a", "--tail", "few"], "must be a whole number"],
    ["a shell", ["completion", "tcsh"], "no completion for tcsh; there is: bash, zsh, fish, pwsh"],
  ])("in %s ends with code 2 and says what would be right", async (_, args, message) => {
    const { code, err, out } = await say(...args)
    expect({ code, out }).toEqual({ code: 2, out: "" })
    expect(err).toContain(message)
  })
})

describe("without a Wick", () => {
  it.each(["list", "revisions", "describe hello", "traffic hello", "logs hello", "invoke hello"])(
    "%s ends with code 5",
    async (line) => expect((await say(...line.split(" "))).code).toBe(5),
  )
})
