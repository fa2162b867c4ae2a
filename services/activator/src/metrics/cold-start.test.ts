import { describe, expect, it } from "vitest"
import { type ColdMarks, coldPhases, phaseLengths } from "./cold-start.ts"

const all = { queued: 102, decided: 110, scheduled: 120, sandbox: 160, started: 180, first_probe: 190, first_byte: 200 }

describe("the phases of a start from zero", () => {
  it.each<{ name: string; marks: ColdMarks; lengths: Partial<Record<(typeof coldPhases)[number], number>> }>([
    {
      name: "are seven where everything was seen",
      marks: all,
      lengths: { queued: 2, decided: 8, scheduled: 10, sandbox: 40, started: 20, first_probe: 10, first_byte: 10 },
    },
    {
      name: "leave out what was not seen, and give its time to the next one",
      marks: { scheduled: 120, first_probe: 190, first_byte: 200 },
      lengths: { scheduled: 20, first_probe: 70, first_byte: 10 },
    },
    {
      name: "leave out what was told only after the fact",
      marks: { ...all, started: 195 },
      lengths: { queued: 2, decided: 8, scheduled: 10, sandbox: 40, first_probe: 30, first_byte: 10 },
    },
    {
      name: "leave out what was over before the request came",
      marks: { ...all, scheduled: 90, sandbox: 95 },
      lengths: { started: 80, first_probe: 10, first_byte: 10 },
    },
  ])("$name", ({ marks, lengths }) => expect(Object.fromEntries(phaseLengths(100, marks))).toEqual(lengths))

  it("are together as long as the whole, whichever marks there are and in whatever order they came", () => {
    for (let seed = 0; seed < 2 ** coldPhases.length; seed++) {
      const marks = Object.fromEntries(
        coldPhases
          .filter((phase, at) => phase === "first_byte" || (seed >> at) & 1)
          .map((phase, at) => [phase, phase === "first_byte" ? 1000 : 100 + ((seed * 37 + at * 61) % 900)]),
      )
      const lengths = phaseLengths(100, marks).map(([, ms]) => ms)
      expect(lengths.every((ms) => ms >= 0)).toBe(true)
      expect(lengths.reduce((sum, ms) => sum + ms, 0)).toBe(900)
    }
  })
})
