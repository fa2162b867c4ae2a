import { expect, it } from "vitest"
import { unfetchablePorts } from "./unfetchable-ports.ts"

/** Of what fetch refuses none is higher. */
const portMax = 10_100
const unsent = { dispatch: (): never => expect.fail("sent") }

it("the ports that cannot be fetched from are those that fetch itself refuses", async () => {
  const refused: number[] = []
  for (let port = 1; port <= portMax; port++) {
    const error = await fetch(`http://127.0.0.1:${port}`, { dispatcher: unsent } as object).catch((error) => error)
    if (error.cause?.message === "bad port") refused.push(port)
  }
  expect(refused).toEqual([...unfetchablePorts])
})
