import { setTimeout as wait } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { scriptOf } from "./command-shell.ts"
import { HostCommandError, HostPrograms, hostCommand, hostProgram } from "./host-command.ts"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

describe("a program of the host", () => {
  it("is given its arguments, its input, its environment and its place as they are", async () => {
    const args = ["-c", `printf '%s|' "$@"; cat; pwd; echo "$WORDS"`, "sh", "it's", "$HOME `id`", "", "a\nb"]
    const given = { command: "sh", args, input: "one\n$two 'three'", env: { WORDS: "a 'b' $c" }, directory: "/usr/bin" }
    expect(await hostProgram(given)).toEqual({
      exitCode: 0,
      stdout: "it's|$HOME `id`||a\nb|one\n$two 'three'\n/usr/bin\na 'b' $c\n",
      stderr: "",
    })
  })

  it("sees nothing of our own environment but where programs are", async () => {
    const { stdout } = await hostProgram({ command: "env" })
    expect(stdout.split("\n").map((line) => line.split("=")[0])).not.toContain("HOME")
  })

  it("says how it ended, and on which output what", async () => {
    const args = ["-c", "echo out; echo err >&2; exit 3"]
    expect(await hostProgram({ command: "sh", args })).toEqual({ exitCode: 3, stdout: "out\n", stderr: "err\n" })
    await expect(hostCommand("sh", args)).rejects.toThrow("sh -c echo out; echo err >&2; exit 3: err")
  })

  it("may say nothing, and more than a pipe holds", async () => {
    expect(await hostCommand("true", [])).toBe("")
    const large = "0123456789abcde\n".repeat(20_000)
    expect(await hostCommand("cat", [], large)).toBe(`${large}\n`)
  })

  it("that is not installed is named", async () => {
    await expect(hostCommand("no-such-program", ["x"])).rejects.toThrow(
      new HostCommandError("no-such-program x: is not installed (npm run setup installs it)"),
    )
  })

  it("runs beside others, and waits for its turn when there are many", async () => {
    const all = Array.from({ length: 30 }, (_, index) => hostCommand("sh", ["-c", `sleep 0.01; echo ${index}`]))
    expect((await Promise.all(all)).map(Number)).toEqual(Array.from({ length: 30 }, (_, index) => index))
  })

  it("that takes too long is ended with all that it has started, and the next one runs", async () => {
    const programs = new HostPrograms(300)
    const slow = programs.run({ command: "sh", args: ["-c", "sleep 987 & echo $! >&2; wait"] })
    await expect(slow).rejects.toThrow("it did not end within 0.3 s")
    expect(await programs.run({ command: "echo", args: ["next"] })).toMatchObject({ stdout: "next\n" })
    await expect.poll(() => hostProgram({ command: "pgrep", args: ["-fx", "sleep 987"] })).toMatchObject({ stdout: "" })
  })

  it("leaves nothing in memory when it has ended, though its shell waits for the next", async () => {
    const programs = new HostPrograms()
    const speak = async (): Promise<number> => {
      for (let run = 0; run < 300; run++) await programs.run({ command: "true" })
      collect()
      return process.memoryUsage().heapUsed
    }
    await speak()
    const before = await speak()
    expect((await speak()) - before).toBeLessThan(200_000)
  })

  it("whose shell is killed fails, and the next one has another", async () => {
    const programs = new HostPrograms()
    await expect(programs.run({ command: "sh", args: ["-c", "kill -9 $PPID; sleep 0.1"] })).rejects.toThrow(
      "the shell that ran it has died",
    )
    await programs.run({ command: "sh", args: ["-c", "(sleep 0.05; kill -9 $PPID) &"] }).catch(() => undefined)
    await wait(0)
    expect(await programs.run({ command: "echo", args: ["next"] })).toMatchObject({ stdout: "next\n" })
  })
})

describe("what a shell is told", () => {
  it("is one program with all its words quoted", () => {
    const program = { command: "nft", args: ["-f", "-"], input: "add table ip x", env: {}, directory: undefined }
    expect(scriptOf(program).split("\n").slice(0, 3)).toEqual([
      "'nft' '-f' '-' <<'WICK_END_OF_INPUT'",
      "add table ip x",
      "WICK_END_OF_INPUT",
    ])
  })
})
