import { Command, Option } from "commander"
import { expect, it } from "vitest"
import { wantedWord } from "./completion-words.ts"

const verb = (): Command =>
  new Command("logs")
    .addOption(new Option("-o, --output <format>").choices(["json", "yaml"]))
    .option("-n, --namespace <name>")
    .option("--revision <name>")
    .option("-f, --follow")

it.each([
  ["a name, first", ["logs", ""], { kind: "functions" }],
  [
    "a name of the namespace that is named",
    ["logs", "-f", "-n", "demo", "he"],
    { kind: "functions", namespace: "demo" },
  ],
  ["a namespace of the other spelling", ["logs", "--namespace=demo", ""], { kind: "functions", namespace: "demo" }],
  ["nothing after the one name", ["logs", "hello", ""], { kind: "words", words: [] }],
  ["the choices of an option", ["logs", "hello", "-o", ""], { kind: "words", words: ["json", "yaml"] }],
  ["namespaces", ["logs", "-n", ""], { kind: "namespaces" }],
  ["revisions", ["logs", "hello", "-n", "demo", "--revision", ""], { kind: "revisions", namespace: "demo" }],
  ["flags", ["logs", "--f"], { kind: "words", words: ["--output", "--namespace", "--revision", "--follow", "--help"] }],
])("completes %s", (_, line, wanted) => {
  expect(wantedWord("logs", verb(), line)).toEqual(wanted)
})

it("completes the parts of a verb, and their flags", () => {
  const user = new Command("user")
  user.command("create").option("--group <group>")
  user.command("list")
  expect(wantedWord("user", user, ["user", ""])).toEqual({ kind: "words", words: ["create", "list"] })
  expect(wantedWord("user", user, ["user", "create", "--"])).toEqual({ kind: "words", words: ["--group", "--help"] })
  expect(wantedWord("user", user, ["user", "create", "ann", ""])).toEqual({ kind: "words", words: [] })
})

it("completes more names of what is to be deleted, and splits of traffic", () => {
  expect(wantedWord("delete", new Command("delete"), ["delete", "a", ""])).toEqual({ kind: "functions" })
  expect(wantedWord("traffic", new Command("traffic"), ["traffic", "a", ""])).toEqual({ kind: "splits" })
})

it.each([
  ["domain", "describe", [], "domains"],
  ["domain", "delete", ["a.example.com"], "domains"],
  ["revision", "delete", ["a"], "revisions"],
  ["route", "describe", [], "routes"],
  ["secret", "delete", [], "secrets"],
])("completes names of what %s %s is about", (verb, part, before, kind) => {
  const command = new Command(verb)
  command.command(part)
  expect(wantedWord(verb, command, [verb, part, ...before, ""])).toEqual({ kind })
})

it.each([
  ["--ref", "functions"],
  ["--tls", "secrets"],
  ["--tag", "splits"],
  ["--traffic", "splits"],
  ["--prune", "functions"],
])("completes what %s names", (flag, kind) => {
  const command = new Command("deploy").option(`${flag} <value>`)
  expect(wantedWord("deploy", command, ["deploy", "a", flag, ""])).toEqual({ kind })
})

it("offers no flag that help does not show", () => {
  const command = new Command("deploy")
    .addOption(new Option("--cmd <word>"))
    .addOption(new Option("--command").hideHelp())
  expect(wantedWord("deploy", command, ["deploy", "--"])).toEqual({ kind: "words", words: ["--cmd", "--help"] })
})
