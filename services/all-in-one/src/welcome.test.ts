import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { expect, it } from "vitest"
import { openHome } from "./home.ts"
import { readOptions } from "./options.ts"
import { summary } from "./welcome.ts"

it("what a started Wick says is reached as it is written, at an IPv6 address too", () => {
  using home = openHome(scratchDirectory("home"))
  const said = summary(readOptions(["--gateway", "[::1]:8080"], {}), home, false)
  expect(said).toContain("gateway      http://[::1]:8080\n")
})
