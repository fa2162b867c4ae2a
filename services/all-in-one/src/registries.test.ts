import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { describe, expect, it } from "vitest"
import { readOptions } from "./options.ts"
import { registriesOf } from "./registries.ts"

const directory = scratchDirectory("registries")

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

describe("registries", () => {
  it("speak plain HTTP when they are named, however often the flag is given", () => {
    const options = readOptions(["--plain-registry", "a:5000,b.test", "--plain-registry", "c"], {})
    expect(registriesOf(options)).toEqual({ plain: ["a:5000", "b.test", "c"], authorityFiles: [] })
  })

  it("are vouched for by a file of authorities", () => {
    const path = file("ca.pem", "-----BEGIN CERTIFICATE-----\n")
    expect(registriesOf(readOptions(["--registry-ca", path], {})).authorityFiles).toEqual([path])
  })

  it("are refused with their flag when they are none", () => {
    expect(() => readOptions(["--plain-registry", "http://a"], {})).toThrow("--plain-registry http://a: must be HOST")
    const read = (path: string) => () => registriesOf(readOptions(["--registry-ca", path], {}))
    expect(read(file("key.pem", "-----BEGIN PRIVATE KEY-----"))).toThrow("must be a file of certificates in PEM")
    expect(read(join(directory, "none"))).toThrow("ENOENT")
  })
})
