import * as z from "zod"
import { required, text } from "../field.ts"
import { Quantity } from "../meta/quantity.ts"

/** `{"cpu": "12345678n", "memory": "1024Ki"}` */
export const Usage = z.record(text, Quantity)

/** What every measurement says of itself. */
export const measured = {
  timestamp: required(text, "End of the time in which it was measured."),
  window: required(text, "How long that time was."),
}
